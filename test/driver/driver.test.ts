import { describe, expect, it } from 'vitest';
import { addMs, type Instant, instant } from '../../src/base/instant.ts';
import type { Machine } from '../../src/base/machine.ts';
import { Driver } from '../../src/driver/driver.ts';
import type { Clock } from '../../src/driver/ports.ts';

type Input = { readonly kind: 'wake' } | { readonly kind: 'text'; readonly text: string };

/** Time stands still until the test moves it. */
class HandClock implements Clock {
  at: Instant = instant(0);
  alarm: Instant | undefined;
  alarmsSet = 0;
  #callback: () => void = () => {};

  now(): Instant {
    return this.at;
  }

  setAlarm(at: Instant | undefined, callback: () => void): void {
    this.alarm = at;
    this.alarmsSet += 1;
    this.#callback = callback;
  }

  ring(): void {
    this.at = this.alarm ?? this.at;
    this.alarm = undefined; // It rings once.
    this.#callback();
  }
}

/** Repeats what it hears, and wants to be woken 10 ms after each word. */
class Echo implements Machine<Input, string> {
  #due: Instant | undefined;
  isInside = false;

  deadline(): Instant | undefined {
    return this.#due;
  }

  step(input: Input, now: Instant): readonly string[] {
    if (this.isInside) throw new Error('entered twice');
    this.isInside = true;
    this.#due = input.kind === 'wake' ? undefined : addMs(now, 10);
    this.isInside = false;
    return input.kind === 'wake' ? ['woken'] : [input.text, `${input.text}!`];
  }
}

describe('the driver of a machine', () => {
  it('carries out effects in order, and what they feed comes after them', () => {
    const clock = new HandClock();
    const done: string[] = [];
    const driver: Driver<Input, string> = new Driver<Input, string>(
      new Echo(),
      { kind: 'wake' },
      (effect) => {
        done.push(effect);
        if (effect === 'one') driver.feed({ kind: 'text', text: 'two' });
      },
      clock,
    );
    driver.feed({ kind: 'text', text: 'one' });
    expect(done).toEqual(['one', 'one!', 'two', 'two!']);
  });

  it('wakes the machine at its deadline, once, and sets no alarm that stands already', () => {
    const clock = new HandClock();
    const done: string[] = [];
    const driver = new Driver<Input, string>(
      new Echo(),
      { kind: 'wake' },
      (effect) => done.push(effect),
      clock,
    );
    driver.feed({ kind: 'text', text: 'one' });
    driver.feed({ kind: 'text', text: 'two' });
    expect(clock.alarm).toBe(10);
    expect(clock.alarmsSet).toBe(1);
    clock.ring();
    expect(done.at(-1)).toBe('woken');
    expect(clock.alarm).toBeUndefined();
  });

  it('feeds nothing any more once it is stopped', () => {
    const clock = new HandClock();
    const done: string[] = [];
    const driver = new Driver<Input, string>(
      new Echo(),
      { kind: 'wake' },
      (effect) => done.push(effect),
      clock,
    );
    driver.feed({ kind: 'text', text: 'one' });
    driver.stop();
    driver.feed({ kind: 'text', text: 'two' });
    clock.ring();
    expect(done).toEqual(['one', 'one!']);
  });
});
