import { assert } from '../../base/assert.ts';

/** A question that a round of heartbeats answers. */
interface Pending {
  readonly id: number;
  readonly round: number;
  /** The commit index when the round began: the least that a read must show. */
  readonly index: number;
}

export interface Confirmed {
  readonly id: number;
  readonly index: number;
}

/**
 * Leadership confirmed for reads (6.4). Questions that come while a round is under way wait for
 * the next one, so that many readers share the heartbeats.
 */
export class Confirmations {
  /** Not in a round yet. */
  #waiting: number[] = [];
  /** In the present round, or confirmed and waiting to be applied; by ascending round and index. */
  #asked: Pending[] = [];
  /** The latest round that began. Heartbeats carry it. */
  #round = 0;
  /** The latest round that a quorum has answered. */
  #answered = 0;

  get round(): number {
    return this.#round;
  }

  ask(id: number): void {
    this.#waiting.push(id);
  }

  /** Begins a round if one is wanted and none is under way; true if its heartbeats must go out. */
  begin(commit: number): boolean {
    if (this.#waiting.length === 0 || this.#answered < this.#round) return false;
    this.#round += 1;
    for (const id of this.#waiting) this.#asked.push({ id, round: this.#round, index: commit });
    this.#waiting = [];
    return true;
  }

  /** A quorum has answered `round`. */
  answered(round: number): void {
    assert(round <= this.#round, 'raft: an answer to a round that never began');
    this.#answered = Math.max(this.#answered, round);
  }

  /** The questions whose round was answered and whose index was applied. */
  takeConfirmed(applied: number): readonly Confirmed[] {
    const isOpen = (pending: Pending): boolean =>
      pending.round > this.#answered || pending.index > applied;
    if (this.#asked[0] === undefined || isOpen(this.#asked[0])) return [];
    const open = this.#asked.findIndex(isOpen);
    return this.#asked.splice(0, open < 0 ? this.#asked.length : open);
  }

  /** All questions without an answer: the leader has ceased to lead. */
  takeAll(): readonly number[] {
    const ids = [...this.#asked.map((pending) => pending.id), ...this.#waiting];
    this.#asked = [];
    this.#waiting = [];
    return ids;
  }
}
