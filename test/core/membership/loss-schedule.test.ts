import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LossMutation, runLossSchedule } from './loss-schedule.ts';

describe('the loss of a member', () => {
  it('is complete only when nothing of its incarnation can run, in any schedule', () => {
    let takeovers = 0;
    let releases = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
        const outcome = runLossSchedule(seed, 'none');
        takeovers += outcome.takeovers;
        releases += outcome.releases;
        expect(outcome.problem).toBeUndefined();
      }),
      { numRuns: 60 },
    );
    // The schedules are not idle.
    expect(takeovers).toBeGreaterThan(60);
    expect(releases).toBeGreaterThan(60);
  }, 60_000);

  /** With the first seed to try, to keep it short: rare bugs take about a hundred schedules. */
  const mutations: readonly (readonly [LossMutation, number, number])[] = [
    ['release-at-new-term', 80, 1],
    ['no-stop-wait', 40, 1],
    ['say-before-disk', 150, 1],
    ['forget-when-applied', 60, 1],
    ['older-term-counts', 120, 100],
    ['release-after-append', 30, 1],
  ];
  it.each(mutations)(
    'the checker finds the bug %s within %i seeds',
    (mutation, seeds, first) => {
      let found: string | undefined;
      for (let seed = first; seed < first + seeds && found === undefined; seed += 1) {
        found = runLossSchedule(seed, mutation).problem;
      }
      expect(found).toMatch(/the loss of \(x, \d+\) was complete/);
    },
    60_000,
  );
});
