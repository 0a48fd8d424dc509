import { type Instant, instant, msBetween } from '../../base/instant.ts';

/** How long the widest gap seen stays in force, and how fast it shrinks after that. */
const holdMs = 30_000;
const shrinkMs = 6_000;

/** What a grant is fitted into, in ms. */
export interface GrantBounds {
  readonly intervalMs: number;
  readonly detectMinMs: number;
  readonly detectMaxMs: number;
}

/**
 * D for one peer: as short as its measured calm allows (DESIGN section 4). It follows the widest gap between two of
 * its heartbeats: a late one widens it at once, calm shrinks it back within a minute. A lost packet is a gap as well.
 */
export class Grant {
  #lastAt: Instant | undefined;
  /** Widest gap between two rounds lately, in ms; only ever within the bounds' reach. */
  #gapMs = 0;
  /** When a gap that wide was last seen. */
  #gapAt: Instant = instant(0);
  #grantMs = 0;

  /** The widest gap lately, in ms; 0 before the second heartbeat. */
  get gapMs(): number {
    return this.#gapMs;
  }

  /** D for the next ack, in whole ms: the bounds' minimum while all is calm. */
  grantMs(bounds: GrantBounds): number {
    return Math.max(this.#grantMs, bounds.detectMinMs);
  }

  /** A heartbeat of a new round came; `rttMs` as its sender measured it. */
  arrived(now: Instant, rttMs: number | undefined, bounds: GrantBounds): void {
    if (this.#lastAt !== undefined) this.#follow(msBetween(this.#lastAt, now), now, bounds);
    this.#lastAt = now;
    // The holder's lease must last from one round until the ack of the next is back, and a little more.
    const neededMs = 1.5 * this.#gapMs + bounds.intervalMs + 2 * (rttMs ?? 0);
    this.#grantMs = Math.min(bounds.detectMaxMs, Math.max(bounds.detectMinMs, Math.ceil(neededMs)));
  }

  /** The next gap is no measure of the peer: this node stalled itself, or the peer's heart started anew. */
  interrupted(): void {
    this.#lastAt = undefined;
  }

  /** The peer was admitted anew: the outage between its incarnations says nothing of how calm it is now. */
  renewed(): void {
    this.#gapMs = 0;
    this.#lastAt = undefined;
  }

  #follow(gapMs: number, now: Instant, bounds: GrantBounds): void {
    if (gapMs > bounds.detectMaxMs) return; // An outage: no grant could have bridged it.
    if (gapMs >= this.#gapMs) {
      this.#gapMs = gapMs;
      this.#gapAt = now;
    } else if (msBetween(this.#gapAt, now) > holdMs) {
      this.#gapMs = Math.max(gapMs, this.#gapMs * (1 - Math.min(1, gapMs / shrinkMs)));
    }
  }
}
