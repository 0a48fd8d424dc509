import { describe, expect, it } from 'vitest';
import { measurement } from './measurement.ts';
import { measurementLine } from './table.ts';

const title = { name: 'failover', metric: 'power-off', unit: 'ms' };

describe('measurement', () => {
  it('names the least, the middle and the most of its samples, in any order of these', () => {
    const found = measurement(title, [30, 10, 20]);
    expect(found).toMatchObject({ n: 3, min: 10, median: 20, max: 30, value: 20 });
  });

  it('takes the mean of the two in the middle of an even number', () => {
    expect(measurement(title, [1, 2, 3, 10]).median).toBe(2.5);
  });

  it('reaches a target only with the median and the longest both in bounds', () => {
    const target = { medianMost: 20, maxMost: 30 };
    expect(measurement(title, [10, 20, 30], target).reached).toBe(true);
    expect(measurement(title, [10, 20, 31], target).reached).toBe(false);
    expect(measurement(title, [10, 21, 30], target).reached).toBe(false);
  });

  it('reaches a target from below with its least sample', () => {
    expect(measurement(title, [199, 300], { least: 200 }).reached).toBe(false);
    expect(measurement(title, [200], { least: 200 }).reached).toBe(true);
  });

  it('claims nothing where there is no target', () => {
    expect(measurement(title, [1])).not.toHaveProperty('reached');
  });

  it('refuses to sum up nothing', () => {
    expect(() => measurement(title, [])).toThrow('no sample');
  });
});

describe('the table for people', () => {
  it('says what was to be reached, and marks what was missed', () => {
    const target = { medianMost: 1400 };
    expect(measurementLine(measurement(title, [1200], target))).toMatch(/median ≤ 1400$/);
    expect(measurementLine(measurement(title, [1500], target))).toMatch(/median ≤ 1400 {2}MISSED$/);
  });
});
