import type { SimOptions } from '../options.ts';
import { realMachines } from '../real-machines.ts';
import { exitCodes } from '../report.ts';
import { type RunResult, runSeed } from '../run-seed.ts';
import type { Bug } from './bug.ts';
import { heartBugs } from './heart-bugs.ts';
import { leaseBugs } from './lease-bugs.ts';
import { lossBugs } from './loss-bugs.ts';
import { nodeBugs } from './node-bugs.ts';

/** Every deliberate bug. */
export const allBugs: readonly Bug[] = [...leaseBugs, ...heartBugs, ...lossBugs, ...nodeBugs];

/** Bugs that are found within so few seeds are hunted in every run of the tests. */
export const QUICK_SEEDS = 8;

export interface Catch {
  readonly bug: string;
  readonly rule: string;
  /** How many seeds it took; undefined: not found within the stated number. */
  readonly seeds: number | undefined;
  readonly seed: number | undefined;
  readonly seedsMax: number;
  /** What the checkers said. */
  readonly found: string | undefined;
}

/** Runs the bug under one seed after the other until a checker objects that is silent without the bug. */
export function huntBug(bug: Bug, firstSeed: number): Catch {
  const { name, rule, seedsMax } = bug;
  for (let seed = firstSeed; seed < firstSeed + seedsMax; seed += 1) {
    const { failure } = runWith(bug, seed);
    if (failure === undefined || runWith(undefined, seed, bug).failure !== undefined) continue;
    const found = `${failure.kind}/${failure.rule}: ${failure.text.split('\n')[0]}`;
    return { bug: name, rule, seeds: seed - firstSeed + 1, seed, seedsMax, found };
  }
  return { bug: name, rule, seeds: undefined, seed: undefined, seedsMax, found: undefined };
}

/** `npm run sim -- --bugs`: how many seeds each deliberate bug needs. */
export function huntBugs(options: SimOptions): number {
  const bugs = allBugs.filter((bug) => options.bug === undefined || bug.name === options.bug);
  if (bugs.length === 0) {
    console.error(`no bug ${options.bug}; there are: ${allBugs.map((bug) => bug.name).join(', ')}`);
    return exitCodes.usage;
  }
  const catches = bugs.map((bug) => {
    const caught = huntBug(bug, options.firstSeed);
    if (!options.json) console.log(catchText(caught, bug));
    return caught;
  });
  const missed = catches.filter((item) => item.seeds === undefined);
  if (options.json) console.log(JSON.stringify({ version: 1, bugs: catches }));
  else console.log(`${catches.length - missed.length} of ${catches.length} bugs found`);
  return missed.length === 0 ? exitCodes.ok : exitCodes.safety;
}

function runWith(bug: Bug | undefined, seed: number, like = bug): RunResult {
  const installed = bug?.install();
  try {
    return runSeed({
      seed,
      nodes: like?.nodes,
      profile: like?.profile,
      kinds: like?.kinds,
      machines: installed?.machines ?? realMachines,
      trace: undefined,
      freeze: false,
    });
  } finally {
    installed?.remove();
  }
}

function catchText({ bug, rule, seeds, seedsMax, found }: Catch, { what }: Bug): string {
  const result = seeds === undefined ? `NOT FOUND in ${seedsMax} seeds` : `${seeds} of ${seedsMax}`;
  return `${bug} (${rule}): ${result}\n    ${what}\n    ${found ?? ''}`;
}
