import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { EventQueue } from '../../src/sim/event-queue.ts';

const never = (): boolean => false;

describe('event queue', () => {
  it('fires in the order of time, and of pushing where times are equal', () => {
    const queue = new EventQueue();
    const prng = new Prng(1);
    const fired: { at: number; number: number }[] = [];
    for (let number = 0; number < 500; number += 1) {
      const at = prng.integer(0, 50);
      queue.call(at, () => fired.push({ at: queue.now, number }));
    }
    queue.runUntil(100, never);
    expect(fired).toHaveLength(500);
    for (let i = 1; i < fired.length; i += 1) {
      const [a, b] = [fired[i - 1], fired[i]];
      if (a === undefined || b === undefined) throw new Error('missing');
      expect(a.at < b.at || (a.at === b.at && a.number < b.number)).toBe(true);
    }
  });

  it('does not fire what is due after the end, and stands at the end', () => {
    const queue = new EventQueue();
    let isFired = false;
    queue.call(11, () => {
      isFired = true;
    });
    queue.runUntil(10, never);
    expect(queue.now).toBe(10);
    expect(isFired).toBe(false);
    queue.runUntil(12, never);
    expect(isFired).toBe(true);
  });

  it('fires what is pushed into the past now, never earlier', () => {
    const queue = new EventQueue();
    const times: number[] = [];
    queue.call(5, () => queue.call(1, () => times.push(queue.now)));
    queue.runUntil(10, never);
    expect(times).toEqual([5]);
  });

  it('gives another hash for another order', () => {
    const run = (delay: number): number => {
      const queue = new EventQueue();
      queue.call(1, () => queue.after(delay, () => {}));
      queue.call(2, () => {});
      queue.runUntil(10, never);
      return queue.hash;
    };
    expect(run(3)).toBe(run(3));
    expect(run(3)).not.toBe(run(4));
  });
});
