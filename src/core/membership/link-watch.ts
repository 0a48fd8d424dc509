import { addMs, type Instant, msBetween } from '../../base/instant.ts';
import type { LinkId } from '../../model/ids.ts';
import type { LinkView } from './heart-protocol.ts';
import { never } from './never.ts';

/** Intervals without any packet after which the link is down. */
const silentIntervals = 6;
/** Intervals without an ack, though heartbeats come: the other direction is down. */
const unansweredIntervals = 20;
/** Acks in a row that bring a link up that has been down. */
const acksToRise = 5;
/** A wider gap between two acks, in intervals, breaks the row. */
const rowIntervals = 3.5;
const lossShare = 1 / 50;
/** A single lost heartbeat counts for about 35 more. */
const calmLossMax = 0.01;
const rttShare = 1 / 8;

/**
 * One link to one peer. Up while packets make the round trip on it; several samples decide, so that a lost packet
 * changes nothing. A link that is down says nothing about the node behind it.
 *
 *   unknown --ack--> up --silence--> down --acks in a row--> up
 */
export class LinkWatch {
  readonly link: LinkId;
  /** The first ack brings a link up at once, later ones must come in a row. */
  #state: 'unknown' | 'up' | 'down' = 'unknown';
  #changedAt: Instant;
  #heardAt: Instant;
  #ackedAt: Instant;
  #row = 0;
  #rttMs: number | undefined;
  /** Smoothed share of the peer's heartbeats that did not come, from 0 to 1. */
  #loss = 0;
  /** Newest sequence of the peer on this link; 0 before the first. */
  #sequence = 0;

  constructor(link: LinkId, now: Instant) {
    this.link = link;
    this.#changedAt = now;
    this.#heardAt = now;
    this.#ackedAt = now;
  }

  get up(): boolean {
    return this.#state === 'up';
  }

  /** Up, and nothing was lost of late. */
  get calm(): boolean {
    return this.#state === 'up' && this.#loss < calmLossMax;
  }

  /** Smoothed round-trip time in ms; undefined before the first ack. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** The peer's heart started anew: its sequences begin again. */
  restart(): void {
    this.#sequence = 0;
  }

  heartbeat(sequence: number, now: Instant): void {
    this.#heardAt = now;
    if (sequence > this.#sequence) {
      if (this.#sequence > 0) this.#missed(sequence - this.#sequence - 1);
      this.#sequence = sequence;
    }
    // Also for a late one: it had been counted as missed.
    this.#loss -= this.#loss * lossShare;
  }

  /** An ack came for a heartbeat sent at `sentAt` on this link. Tells whether the link came up by it. */
  acked(sentAt: Instant, now: Instant, intervalMs: number): boolean {
    const rttMs = msBetween(sentAt, now);
    this.#rttMs =
      this.#rttMs === undefined ? rttMs : this.#rttMs + (rttMs - this.#rttMs) * rttShare;
    this.#row = msBetween(this.#ackedAt, now) > rowIntervals * intervalMs ? 1 : this.#row + 1;
    this.#heardAt = now;
    this.#ackedAt = now;
    if (this.#state === 'up' || (this.#state === 'down' && this.#row < acksToRise)) return false;
    this.#change('up', now);
    return true;
  }

  /** Tells whether the link went down, for nothing came on it for too long. */
  check(now: Instant, intervalMs: number): boolean {
    if (now < this.due(intervalMs)) return false;
    this.#change('down', now);
    this.#row = 0;
    return true;
  }

  /** When `check` can first tell something new. */
  due(intervalMs: number): Instant {
    if (this.#state !== 'up') return never;
    const silentAt = addMs(this.#heardAt, silentIntervals * intervalMs);
    const unansweredAt = addMs(this.#ackedAt, unansweredIntervals * intervalMs);
    return silentAt < unansweredAt ? silentAt : unansweredAt;
  }

  /** This node slept: silence before now says nothing. */
  stalled(now: Instant): void {
    this.#heardAt = now;
    this.#ackedAt = now;
  }

  view(now: Instant): LinkView {
    const down = this.#state !== 'up';
    return {
      link: this.link,
      up: !down,
      forMs: msBetween(this.#changedAt, now),
      rttMs: this.#rttMs,
      lossPercent: down ? 100 : Math.round(this.#loss * 100),
    };
  }

  #change(state: 'up' | 'down', now: Instant): void {
    this.#state = state;
    this.#changedAt = now;
    this.#loss = 0;
  }

  #missed(count: number): void {
    for (let i = Math.min(count, 100); i > 0; i -= 1) this.#loss += (1 - this.#loss) * lossShare;
  }
}
