import { readOptions, type SimOptions, usage } from './options.ts';
import {
  commitName,
  exitCodes,
  failureLine,
  replayCommand,
  summarize,
  summaryText,
} from './report.ts';
import { runMany } from './run-many.ts';
import type { RunResult } from './run-seed.ts';

/** `npm run sim`: many seeds, one line for each that fails, figures at the end. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${usage}`);
    return exitCodes.usage;
  }
  if (options.bugs) {
    const { huntBugs } = await import('./bugs/hunt.ts');
    return huntBugs(options);
  }
  return runSeeds(options);
}

async function runSeeds(options: SimOptions): Promise<number> {
  const commit = commitName();
  const trace = options.trace ? (line: string): void => console.log(line) : undefined;
  const began = performance.now();
  const results = await runMany(options, trace, (result) => {
    if (result.failure === undefined) return false;
    const text = failureLine(result, replayCommand(result.seed, fixedOptions(options)), commit);
    if (options.json) console.error(text);
    else console.log(text);
    if (options.trace) console.log(result.failure.text);
    return options.stop;
  });
  const summary = summarize(results, (performance.now() - began) / 1000);
  const failures = results.filter((result) => result.failure !== undefined);
  if (options.json) console.log(JSON.stringify({ version: 1, commit, ...summary, failures }));
  else console.log(summaryText(summary));
  return exitCode(failures);
}

function fixedOptions(options: SimOptions): string[] {
  const fixed: string[] = [];
  if (options.nodes !== undefined) fixed.push(`--nodes ${options.nodes}`);
  if (options.kinds !== undefined) fixed.push(`--kinds '${options.kinds.join(',')}'`);
  if (options.profile !== undefined) fixed.push(`--profile ${options.profile}`);
  return fixed;
}

/** The gravest of what was found. */
function exitCode(failures: readonly RunResult[]): number {
  const kinds = new Set(failures.map((result) => result.failure?.kind));
  if (kinds.has('safety')) return exitCodes.safety;
  if (kinds.has('crash')) return exitCodes.crash;
  return kinds.has('liveness') ? exitCodes.liveness : exitCodes.ok;
}

process.exitCode = await main(process.argv.slice(2));
