import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Mutation, runSchedule } from './promise-schedule.ts';

describe('the promise of a majority', () => {
  it('comes only after the lease has ended by its holder’s own clock, in any schedule', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
        expect(runSchedule(seed, 'none')).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  const mutations: readonly (readonly [Mutation, number])[] = [
    ['promises-forgotten', 30],
    ['no-silence-after-start', 150],
    ['from-receipt', 60],
    ['ack-after-promise', 10],
    ['self-promise', 20],
    ['short-silence', 10],
  ];
  it.each(mutations)('the checker finds the bug %s within %i seeds', (mutation, seeds) => {
    let found: string | undefined;
    for (let seed = 1; seed <= seeds && found === undefined; seed += 1) {
      found = runSchedule(seed, mutation);
    }
    expect(found).toMatch(/majority had promised/);
  });
});
