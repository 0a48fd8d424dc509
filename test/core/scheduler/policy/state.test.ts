import { describe, expect, test } from 'vitest';
import {
  addScores,
  compareNames,
  constraintRole,
  INFINITE,
  intervalMs,
  roles,
  scoreOf,
} from '../../../../src/core/scheduler/policy/state.ts';

describe('scores', () => {
  test('minus infinity wins over infinity, and both over any sum', () => {
    expect(addScores(INFINITE, -INFINITE)).toBe(-INFINITE);
    expect(addScores(INFINITE, -5)).toBe(INFINITE);
    expect(addScores(999_999, 10)).toBe(INFINITE);
  });

  test('are read as words and as numbers', () => {
    expect(
      ['INFINITY', '+INFINITY', '-infinity', '12', '-2000000', 'x'].map((text) => scoreOf(text)),
    ).toEqual([INFINITE, INFINITE, -INFINITE, 12, -INFINITE, 0]);
  });
});

test('names with numbers are in the order of their numbers', () => {
  const names = ['node10', 'node2', 'Node1', 'alpha'];
  expect(names.sort(compareNames)).toEqual(['alpha', 'Node1', 'node2', 'node10']);
});

test('intervals take units, bare seconds, and ISO durations', () => {
  expect(['10', '10s', '200ms', '2min', 'PT1M', 'P30S'].map((text) => intervalMs(text))).toEqual([
    10_000, 10_000, 200, 120_000, 60_000, 30_000,
  ]);
});

test('a constraint on started resources is one on any role', () => {
  expect(constraintRole('Started')).toBe(roles.unknown);
  expect(constraintRole('Promoted')).toBe(roles.promoted);
});
