import { assert } from '../../base/assert.ts';
import { type Instant, instant } from '../../base/instant.ts';

/** Rounds that are remembered: an ack of an older one could not make a lease longer. */
const rounds = 1024;

/**
 * R1: when this run of the heart sent which heartbeat, on its own clock. An ack counts only for a sequence that is
 * still in here.
 */
export class SendLog {
  /** Send time of sequence s at s modulo the size. */
  readonly #sentAt = new Float64Array(rounds);
  #sequence = 0;

  /** The newest sequence; 0 before the first round. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Notes a new round and returns its sequence. */
  sent(now: Instant): number {
    this.#sequence += 1;
    this.#sentAt[this.#sequence % rounds] = now;
    return this.#sequence;
  }

  /** When the round was sent; undefined if this run never sent it, or too long ago. */
  sentAt(sequence: number): Instant | undefined {
    if (sequence < 1 || sequence > this.#sequence || sequence <= this.#sequence - rounds) {
      return undefined;
    }
    const at = this.#sentAt[sequence % rounds];
    assert(at !== undefined, 'a sequence is a whole number');
    return instant(at);
  }
}
