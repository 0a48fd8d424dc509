import { join } from 'node:path';
import { run } from '../lab/command.ts';
import { nodePath, projectRoot } from '../lab/project.ts';
import { measurement, type Target } from './measurement.ts';
import type { BenchOptions } from './options.ts';

const nodes = 5;
const seedsOfARun = 20;

/** How much virtual time the simulator does, and whether it finds anything. */
export async function simulator(options: BenchOptions): Promise<void> {
  const seeds = options.runs * seedsOfARun;
  options.progress(`${seeds} seeds with ${nodes} nodes`);
  const script = join(projectRoot, 'src/sim/main.ts');
  const argv = ['--seeds', String(seeds), '--nodes', String(nodes), '--jobs', '2', '--json'];
  const { stdout, stderr } = await run([nodePath, script, ...argv]);
  const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
    readonly failures: readonly unknown[];
    readonly speed: number;
    readonly seeds: number;
  };
  if (stderr !== '') options.progress(stderr.trim());
  const say = (metric: string, unit: string, value: number, target?: Target): void =>
    options.report(measurement({ name: 'simulator', metric, unit }, [value], target));
  say(`cluster-hours an hour, ${nodes} nodes`, 'h', summary.speed, { least: 200 });
  say('seeds', '', summary.seeds);
  say('seeds with a violation', '', summary.failures.length, { maxMost: 0 });
}
