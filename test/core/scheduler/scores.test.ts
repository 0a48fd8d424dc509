import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addScores, NEVER, scaleScore } from '../../../src/core/scheduler/scores.ts';
import { INFINITY_SCORE } from '../../../src/model/config.ts';

test('-INFINITY wins over everything, +INFINITY over what is finite', () => {
  expect(addScores(INFINITY_SCORE, NEVER)).toBe(NEVER);
  expect(addScores(NEVER, 5)).toBe(NEVER);
  expect(addScores(INFINITY_SCORE, -999_999)).toBe(INFINITY_SCORE);
  expect(addScores(600_000, 600_000)).toBe(INFINITY_SCORE);
  expect(addScores(-600_000, -600_000)).toBe(NEVER);
  expect(addScores(3, -5)).toBe(-2);
});

test('sums never leave the range, in either order', () => {
  const score = fc.integer({ min: -2 * INFINITY_SCORE, max: 2 * INFINITY_SCORE });
  fc.assert(
    fc.property(score, score, (a, b) => {
      expect(Math.abs(addScores(a, b))).toBeLessThanOrEqual(INFINITY_SCORE);
      expect(addScores(a, b)).toBe(addScores(b, a));
    }),
  );
});

test('a finite factor scales a score and rounds it away from zero at the half', () => {
  expect(scaleScore(100, INFINITY_SCORE)).toBe(100);
  expect(scaleScore(100, 500_000)).toBe(50);
  expect(scaleScore(1, 500_000)).toBe(1);
  expect(scaleScore(-1, 500_000)).toBe(-1);
  expect(scaleScore(NEVER, 100_000)).toBe(-100_000);
});
