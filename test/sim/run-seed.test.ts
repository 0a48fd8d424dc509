import { describe, expect, it } from 'vitest';
import { realMachines } from '../../src/sim/real-machines.ts';
import { type RunOptions, type RunResult, runSeed } from '../../src/sim/run-seed.ts';

function run(seed: number, more: Partial<RunOptions> = {}): RunResult {
  return runSeed({
    seed,
    nodes: undefined,
    profile: undefined,
    kinds: undefined,
    machines: realMachines,
    trace: undefined,
    freeze: false,
    ...more,
  });
}

describe('run of a seed', () => {
  it('is the same to the last event every time', { timeout: 60_000 }, () => {
    const first = run(7, { profile: 'storm' });
    expect(run(7, { profile: 'storm' })).toEqual(first);
    expect(run(8, { profile: 'storm' }).hash).not.toBe(first.hash);
  });

  it('is the same whether it is traced or not, and whether messages are immutable or not', {
    timeout: 60_000,
  }, () => {
    const lines: string[] = [];
    const plain = run(9, { profile: 'storm' });
    const traced = run(9, { profile: 'storm', trace: (line) => lines.push(line), freeze: true });
    expect(traced).toEqual(plain);
    expect(lines.some((line) => line.includes('everything is healed'))).toBe(true);
  });

  it('finds nothing in some storms, with losses and takeovers in them', { timeout: 60_000 }, () => {
    const results = [1, 2, 3, 4, 5, 6].map((seed) => run(seed, { profile: 'storm' }));
    expect(results.map((result) => result.failure)).toEqual(results.map(() => undefined));
    expect(results.reduce((sum, result) => sum + result.losses, 0)).toBeGreaterThan(3);
    expect(results.reduce((sum, result) => sum + result.takeovers, 0)).toBeGreaterThan(3);
    expect(results.reduce((sum, result) => sum + result.acknowledged, 0)).toBeGreaterThan(20);
  });

  it('finds nothing in calm runs', { timeout: 60_000 }, () => {
    for (const seed of [1, 2, 3, 4]) expect(run(seed, { profile: 'calm' }).failure).toBeUndefined();
  });

  it('measures how long services of lost nodes were away', { timeout: 60_000 }, () => {
    const results = [1, 2, 3, 4].map((seed) => run(seed, { profile: 'loss', nodes: 3 }));
    expect(results.map((result) => result.failure)).toEqual(results.map(() => undefined));
    expect(results.flatMap((result) => result.takeoverMs).length).toBeGreaterThan(1);
  });
});
