import { uptime } from 'node:os';
import { addMs, type Instant, instant } from '../../base/instant.ts';

/** What the clock reads; a test gives its own. */
export interface TimeSources {
  /** CLOCK_MONOTONIC in ms: stands still while the host is suspended. */
  readonly monotonicMs: () => number;
  /** CLOCK_BOOTTIME in ms, cut to its grain of 10 ms: counts suspended time. Costs 6 µs. */
  readonly bootMs: () => number;
  /** CLOCK_REALTIME in ms: counts suspended time too, and jumps when it is set. Costs next to nothing. */
  readonly wallMs: () => number;
}

/** Smaller differences are noise of the grain, no suspend. */
const jumpMs = 50;
/** The long way round is taken at least this often. */
const checkEveryMs = 1000;
/** Longer than the grain of the boot clock: one of the samples catches its tick. */
const measureMs = 12;

/**
 * The node's monotonic clock, which counts suspended time: the monotonic clock of the kernel and the time by which the
 * boot clock has moved away from it. All processes of one host read the same within some microseconds.
 *
 * The boot clock is dear to read, so the wall clock gives the alarm: a suspend moves it against the monotonic clock.
 */
export class Clock {
  readonly #sources: TimeSources;
  /** Suspended time so far. */
  #offsetMs = 0;
  /** Wall clock minus monotonic clock at the last check. */
  #wallOffsetMs = 0;
  /** By the monotonic clock. */
  #checkedAtMs: number;

  constructor(sources: TimeSources = systemSources) {
    this.#sources = sources;
    this.#checkedAtMs = sources.monotonicMs();
    this.#check(this.#checkedAtMs);
  }

  /** Never goes back. */
  now(): Instant {
    const { monotonicMs, wallMs } = this.#sources;
    const at = monotonicMs();
    const moved = Math.abs(wallMs() - at - this.#wallOffsetMs) > jumpMs;
    if (!moved && at - this.#checkedAtMs < checkEveryMs) return instant(at + this.#offsetMs);
    this.#check(at);
    return instant(monotonicMs() + this.#offsetMs);
  }

  /** Milliseconds from this clock's zero to 1970 by the wall clock at present: for display, never for decisions. */
  wallOffsetMs(): number {
    return this.#sources.wallMs() - this.now();
  }

  /** Milliseconds since 1970 at an instant, as the wall clock has it at present. */
  wallMsOf(at: Instant): number {
    return addMs(at, this.wallOffsetMs());
  }

  #check(at: number): void {
    const { bootMs, monotonicMs, wallMs } = this.#sources;
    if (bootMs() - monotonicMs() - this.#offsetMs > jumpMs) this.#offsetMs = this.#measure();
    this.#wallOffsetMs = wallMs() - monotonicMs();
    this.#checkedAtMs = at;
  }

  /**
   * The boot clock is cut off to its grain, and read before the monotonic one: each difference is at most the true
   * one, and the greatest of many comes close to it.
   */
  #measure(): number {
    const { bootMs, monotonicMs } = this.#sources;
    const end = monotonicMs() + measureMs;
    let greatest = this.#offsetMs;
    for (;;) {
      const boot = bootMs();
      const at = monotonicMs();
      greatest = Math.max(greatest, boot - at);
      if (at > end) return greatest;
    }
  }
}

const systemSources: TimeSources = {
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  bootMs: () => uptime() * 1000,
  wallMs: () => Date.now(),
};
