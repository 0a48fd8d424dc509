// How often the scheduler decides as Pacemaker does, on Pacemaker's own cases.
//   npm run conformance -- [--json] [--diff] [--test NAME]... [--raise]
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root: string = join(import.meta.dirname, '../..');
const archive: string = join(import.meta.dirname, 'testdata/pacemaker-scheduler.tar.gz');
const floorFile: string = join(import.meta.dirname, 'floor.json');
const suite: string = join(root, '.cache/conformance/pacemaker-scheduler');
const verdicts = ['placement', 'plan', 'initial'] as const;

interface Score {
  readonly n: number;
  readonly placement: number;
  readonly plan: number;
  readonly initial: number;
  readonly error: number;
  readonly unsupported: number;
}

type Floor = Readonly<Record<(typeof verdicts)[number], number>>;

/** The cases, unpacked once for each version of the archive. */
function unpack(): void {
  const stamp = join(suite, 'stamp');
  const version = `${statSync(archive).size} ${statSync(archive).mtimeMs}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return;
  mkdirSync(suite, { recursive: true });
  execFileSync('tar', ['-xzf', archive, '-C', suite]);
  writeFileSync(stamp, version);
}

function score(options: readonly string[]): Score {
  const out = join(suite, 'score.json');
  const scorer = [join(suite, 'tools/score.mjs'), '--batch', '--jobs', '1', '--json', out];
  const program = [process.execPath, join(root, 'src/cli/main.ts')];
  const { status, stderr } = spawnSync(
    process.execPath,
    [...scorer, ...options, '--', ...program],
    { encoding: 'utf8', stdio: ['ignore', 2, 'pipe'] },
  );
  if (status !== 0) throw new Error(`the scorer failed: ${stderr}`);
  return (JSON.parse(readFileSync(out, 'utf8')) as { readonly total: Score }).total;
}

function main(argv: readonly string[]): number {
  const own = ['--json', '--raise'];
  const options = argv.filter((word) => !own.includes(word));
  unpack();
  const total = score(argv.includes('--diff') ? options : ['--quiet', ...options]);
  const floor = JSON.parse(readFileSync(floorFile, 'utf8')) as Floor;
  const isWhole = !argv.includes('--test') && !argv.includes('--group');
  const below = verdicts.filter((verdict) => isWhole && total[verdict] < floor[verdict]);
  const isMet = below.length === 0 && total.error === 0;
  if (argv.includes('--json'))
    console.log(JSON.stringify({ ...total, floor, isMet }, undefined, 2));
  else {
    for (const verdict of verdicts) {
      console.log(`${verdict}: ${total[verdict]} of ${total.n} (floor: ${floor[verdict]})`);
    }
    console.log(`errors: ${total.error}`);
  }
  for (const verdict of below) console.error(`${verdict}: fewer than the floor`);
  if (isMet && isWhole && argv.includes('--raise')) {
    const { placement, plan, initial } = total;
    writeFileSync(floorFile, `${JSON.stringify({ placement, plan, initial })}\n`);
  }
  return isMet ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
