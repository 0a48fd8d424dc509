import { type Instant, instant } from '../base/instant.ts';
import type { EventQueue } from './event-queue.ts';

/** The monotonic clock of one host: it counts suspended time, and runs a little fast or slow. */
export class HostClock {
  readonly #queue: EventQueue;
  #anchorTrue: number;
  #anchorOwn: number;
  #rate: number;
  /** Wall clock minus monotonic clock, in ms. Steps when somebody sets the time. */
  wallOffsetMs: number;

  constructor(queue: EventQueue, own: number, rate: number, wallOffsetMs: number) {
    this.#queue = queue;
    this.#anchorTrue = queue.now;
    this.#anchorOwn = own;
    this.#rate = rate;
    this.wallOffsetMs = wallOffsetMs;
  }

  now(): Instant {
    return instant(this.#anchorOwn + (this.#queue.now - this.#anchorTrue) * this.#rate);
  }

  /** The true time at which this clock shows the instant. */
  trueTimeOf(at: Instant): number {
    return this.#anchorTrue + (at - this.#anchorOwn) / this.#rate;
  }

  /** From now on the clock runs at this many own ms per true ms. */
  setRate(rate: number): void {
    this.#anchorOwn = this.now();
    this.#anchorTrue = this.#queue.now;
    this.#rate = rate;
  }

  get rate(): number {
    return this.#rate;
  }
}
