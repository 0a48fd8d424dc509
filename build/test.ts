import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../test/lab/command.ts';
import { checkRequirements } from '../test/lab/requirements.ts';
import { bundle } from './bundle.ts';
import { prepare, testPackages } from './prepare.ts';

/*
 * `npm test`: the packages of the machine, then the unit tests (style and golden files among them), some seeds of
 * the simulator, and, where this machine can have hosts, the tests on real hosts. With arguments: only the tests
 * whose file names contain one of them. The results stand in .cache/test/ as well, for machines to read.
 */
const root: string = join(import.meta.dirname, '..');
const results: string = join(root, '.cache/test');
const seeds = 200;

function runNode(argv: readonly string[]): boolean {
  const { status } = spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit' });
  return status === 0;
}

function vitest(project: string, filters: readonly string[]): boolean {
  return runNode([
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    `--project=${project}`,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(results, `${project}.json`)}`,
    ...filters,
  ]);
}

/** Why this machine cannot have the hosts that the tests need; undefined where it can. */
async function reasonAgainstHosts(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'they need root';
  try {
    await checkRequirements();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const kinds = ['--net', '--mount', '--pid', '--uts', '--ipc', '--fork'];
  const trial = await run(['unshare', ...kinds, 'true']);
  return trial.exitCode === 0
    ? undefined
    : `the kernel refuses namespaces (${trial.stderr.trim()})`;
}

async function main(filters: readonly string[]): Promise<number> {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const missing = prepare({ packages: testPackages });
  const failed: string[] = [];
  if (!vitest('unit', filters)) failed.push('unit tests');
  if (filters.length === 0) {
    console.log(`Simulator, ${seeds} seeds:`);
    if (!runNode(['src/sim/main.ts', '--seeds', String(seeds), '--jobs', '2']))
      failed.push('simulator');
  }
  const against = missing.length > 0 ? `missing: ${missing.join(' ')}` : await reasonAgainstHosts();
  if (against === undefined) {
    await bundle(); // Real hosts run what is shipped, so it must be of these sources.
    if (!vitest('lab', filters)) failed.push('tests on hosts');
  }
  if (against !== undefined) console.log(`Left out: the tests on real hosts (${against}).`);
  console.log(failed.length === 0 ? 'Passed.' : `Failed: ${failed.join(', ')}.`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
