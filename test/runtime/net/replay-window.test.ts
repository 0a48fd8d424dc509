import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayWindow } from '../../../src/runtime/net/replay-window.ts';

describe('replay window', () => {
  it('admits each counter once, in whatever order they come', () => {
    const counters = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { maxLength: 300 });
    fc.assert(
      fc.property(counters, (order) => {
        const window = new ReplayWindow();
        for (const counter of order) {
          expect(window.admits(counter)).toBe(true);
          window.mark(counter);
          expect(window.admits(counter)).toBe(false);
        }
        for (const counter of order) expect(window.admits(counter)).toBe(false);
      }),
    );
  });

  it('agrees with a set of all counters seen, within the window', () => {
    const jumps = fc.array(fc.integer({ min: -1200, max: 1500 }), { maxLength: 200 });
    fc.assert(
      fc.property(jumps, (steps) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let at = 5000;
        let highest = -1;
        for (const step of steps) {
          at = Math.max(0, at + step);
          const expected = !seen.has(at) && at > highest - 1024;
          expect(window.admits(at)).toBe(expected);
          if (!expected) continue;
          window.mark(at);
          seen.add(at);
          highest = Math.max(highest, at);
        }
      }),
    );
  });

  it('works at the end of the 48 bits', () => {
    const window = new ReplayWindow();
    const last = 0xffff_ffff_ffff;
    window.mark(last - 40);
    window.mark(last);
    expect([last, last - 1, last - 40].map((c) => window.admits(c))).toEqual([false, true, false]);
  });

  it('begins anew after a reset', () => {
    const window = new ReplayWindow();
    window.mark(900);
    window.reset();
    expect(window.admits(1)).toBe(true);
  });
});
