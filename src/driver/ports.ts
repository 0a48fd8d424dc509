import type { Instant } from '../base/instant.ts';

/** A machine's own monotonic clock (counts suspended time) with one alarm. */
export interface Clock {
  now(): Instant;
  /** Calls back at or soon after an instant, once; replaces the alarm set before. Undefined: no alarm. */
  setAlarm(at: Instant | undefined, callback: () => void): void;
}

/** Carries out the effects of a machine, one after the other; what comes of them is fed back as inputs. */
export type Perform<Effect> = (effect: Effect) => void;
