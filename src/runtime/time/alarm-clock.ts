import { type Instant, msBetween } from '../../base/instant.ts';
import type { Clock as ClockPort } from '../../driver/ports.ts';
import { Clock } from './clock.ts';

/** A timer may not wait longer than this; a later alarm is set again on the way. */
const longestMs = 3_600_000;

/** The node's clock with the one alarm that a driver needs. After the alarm, what has arrived meanwhile is read first. */
export class AlarmClock implements ClockPort {
  readonly clock: Clock = new Clock();
  #timer: NodeJS.Timeout | undefined;

  now(): Instant {
    return this.clock.now();
  }

  setAlarm(at: Instant | undefined, callback: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (at === undefined) return;
    const waitMs = Math.min(Math.max(0, Math.ceil(msBetween(this.now(), at))), longestMs);
    this.#timer = setTimeout(() => {
      // Timers come before the poll phase: after a stall the packets that wait in the kernel must be read first.
      setImmediate(() => {
        if (msBetween(this.now(), at) > 0) this.setAlarm(at, callback);
        else callback();
      });
    }, waitMs);
  }
}
