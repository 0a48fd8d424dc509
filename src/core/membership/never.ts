import { type Instant, instant } from '../../base/instant.ts';

/** Later than every instant: stands for a timer that is not set, so that timers compare without a branch. */
export const never: Instant = instant(Number.POSITIVE_INFINITY);

/** The earlier of two instants. */
export function sooner(a: Instant, b: Instant): Instant {
  return a < b ? a : b;
}
