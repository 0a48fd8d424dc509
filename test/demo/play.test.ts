import { describe, expect, it } from 'vitest';
import type { Gap } from '../lab/observation.ts';
import { gapSince, gapText } from './play.ts';

const gap = (startMs: number, durationMs: number): Gap => ({
  startMs,
  durationMs,
  before: 'alpha',
  after: 'beta',
});
const beginning = { observerMs: 1000, wallMs: 0, clockMs: 0, lastEvent: 0 };

describe('the gap of a scene', () => {
  it('is the longest that ended after the scene began', () => {
    expect(gapSince([gap(100, 800), gap(990, 300), gap(2000, 200)], beginning)).toBe(300);
  });

  it('is none where all ended before, or were shorter than counts', () => {
    expect(gapSince([gap(100, 800)], beginning)).toBeUndefined();
    expect(gapSince([gap(1500, 60)], beginning, 100)).toBeUndefined();
  });

  it('is told in seconds, or as what a client would say', () => {
    expect(gapText(1163.4)).toBe('1.16 s');
    expect(gapText(undefined)).toBe('no answer was missed');
  });
});
