import { describe, expect, test } from 'vitest';
import { runChaos } from './chaos.ts';
import { mutations } from './mutations.ts';
import type { Mutation } from './test-node.ts';

/** More seeds by hand: HOLDFAST_RAFT_SEEDS=20000. */
const seeds = Number(process.env.HOLDFAST_RAFT_SEEDS ?? 400);
const mutationSeeds = 300;

/** The first seed whose run breaks a property of Raft. */
function firstFailure(limit: number, mutation?: Mutation): number | undefined {
  for (let seed = 1; seed <= limit; seed += 1) {
    try {
      runChaos(seed, mutation);
    } catch {
      return seed;
    }
  }
  return undefined;
}

describe('a cluster under faults', () => {
  test('keeps all properties of Raft and recovers, whatever the seed', { timeout: 120_000 }, () => {
    const marks = new Set<string>();
    let commands = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      try {
        const result = runChaos(seed);
        commands += result.commands;
        for (const mark of result.marks.keys()) marks.add(mark);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error}`, { cause: error });
      }
    }
    expect(commands).toBeGreaterThan(20 * seeds);
    const rare = [
      'entries-replaced',
      'configuration-undone',
      'snapshot-installed',
      'transfer-abandoned',
      'stalled',
      'stepped-down',
      'refused change-configuration: not-caught-up',
      'leadership-confirmed',
    ];
    expect(rare.filter((mark) => !marks.has(mark))).toEqual([]);
  });

  test('is the same run again with the same seed', () => {
    expect(runChaos(7)).toEqual(runChaos(7));
  });
});

describe('the randomized test finds a node that', () => {
  for (const mutation of mutations) {
    test(mutation.name, { timeout: 60_000 }, () => {
      expect(firstFailure(mutationSeeds, mutation)).toBeDefined();
    });
  }
});
