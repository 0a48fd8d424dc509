/** `npm run bench -- NAME [--json] [--runs N]`: figures of a real cluster in the lab. */
import { parseArgs } from 'node:util';
import type { Measurement } from './measurement.ts';
import type { Bench, BenchOptions, Profile } from './options.ts';
import { headLine, measurementLine } from './table.ts';

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  failover: async () => (await import('./failover.ts')).failover,
  phases: async () => (await import('./phases.ts')).phasesOfFailover,
  saturation: async () => (await import('./saturation.ts')).saturation,
  footprint: async () => (await import('./footprint.ts')).footprint,
  commands: async () => (await import('./commands.ts')).commands,
  simulator: async () => (await import('./simulator.ts')).simulator,
};

const usage = `usage: npm run bench -- NAME [--json] [--runs N] [--profile default|fast] [--minutes N] [--only TEXT,TEXT]
names: ${Object.keys(benches).join(', ')}
`;

/** Exit codes as sysexits.h has them. */
const exitUsage = 64;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      runs: { type: 'string', default: '5' },
      minutes: { type: 'string', default: '10' },
      profile: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const bench = benches[positionals[0] ?? ''];
  const runs = Number(values.runs);
  const minutes = Number(values.minutes);
  if (bench === undefined || !(runs >= 1) || !(minutes > 0)) {
    process.stderr.write(usage);
    return exitUsage;
  }
  const { json, profile } = values;
  const only = values.only?.split(',') ?? [];
  const profiles: readonly Profile[] =
    profile === 'default' || profile === 'fast' ? [profile] : ['default', 'fast'];
  return await measure(await bench(), { runs, minutes, profiles, only }, json);
}

/** Ends with 1 where a figure was not reached. */
async function measure(
  bench: Bench,
  options: Omit<BenchOptions, 'progress' | 'report'>,
  json: boolean,
): Promise<number> {
  const all: Measurement[] = [];
  const report = (found: Measurement): void => {
    all.push(found);
    if (json) process.stdout.write(`${JSON.stringify(found)}\n`);
  };
  const progress = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  await bench({ ...options, report, progress });
  if (!json) process.stdout.write(`${[headLine(), ...all.map(measurementLine)].join('\n')}\n`);
  return all.every((found) => found.reached !== false) ? 0 : 1;
}

process.exitCode = await main();
