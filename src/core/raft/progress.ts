import { assert } from '../../base/assert.ts';
import type { Instant } from '../../base/instant.ts';
import type { RaftSnapshot } from './entry.ts';

/**
 * How entries go to one follower.
 * - probe: where its log agrees is not known; one append at a time until an answer comes.
 * - replicate: appends follow each other without waiting, within a window.
 * - snapshot: it lacks entries that are gone here; pieces go one at a time, `offset` is under way.
 */
export type ProgressState =
  | { readonly kind: 'probe'; readonly isWaiting: boolean }
  | {
      readonly kind: 'replicate' /** The last index of each append under way. */;
      inflight: number[];
    }
  | { readonly kind: 'snapshot'; readonly snapshot: RaftSnapshot; readonly offset: number };

/** What a leader knows of one follower in its term (progress of etcd, dissertation 10.2.1). */
export class Progress {
  /** The follower has all up to here on its disk. Only grows. */
  #match = 0;
  /** The next entry to send. Always greater than `match`. */
  #next: number;
  #state: ProgressState = { kind: 'probe', isWaiting: false };
  /** `match` at the last heartbeat reply: no growth since means that something may be lost. */
  #matchAtHeartbeat = 0;
  /** When the follower last answered anything in this term. */
  heardAt: Instant;
  /** The greatest commit index that was told. */
  commitSent = 0;
  /** The latest heartbeat round that was answered. */
  round = 0;

  constructor(next: number, heardAt: Instant) {
    this.#next = next;
    this.heardAt = heardAt;
  }

  get match(): number {
    return this.#match;
  }

  get next(): number {
    return this.#next;
  }

  get state(): ProgressState {
    return this.#state;
  }

  /** Whether another append may go out now. */
  canAppend(maxInflight: number): boolean {
    if (this.#state.kind === 'snapshot') return false;
    if (this.#state.kind === 'probe') return !this.#state.isWaiting;
    return this.#state.inflight.length < maxInflight;
  }

  /** Whether the follower owes no answer that a commit could wait for. */
  isIdle(): boolean {
    return this.#state.kind === 'replicate' && this.#state.inflight.length === 0;
  }

  /** An append was sent, with entries up to `last`. */
  appendSent(last: number): void {
    if (this.#state.kind === 'probe') {
      this.#state = { kind: 'probe', isWaiting: true };
    } else if (this.#state.kind === 'replicate' && last >= this.#next) {
      this.#state.inflight.push(last);
      this.#next = last + 1;
    }
  }

  /** The follower's log agrees up to `match`. */
  accepted(match: number): void {
    this.#match = Math.max(this.#match, match);
    this.#next = Math.max(this.#next, this.#match + 1);
    if (this.#state.kind === 'replicate') {
      const open = this.#state.inflight.findIndex((last) => last > this.#match);
      this.#state.inflight.splice(0, open < 0 ? this.#state.inflight.length : open);
      return;
    }
    if (this.#state.kind === 'snapshot' && this.#match < this.#state.snapshot.index) return;
    this.#next = this.#match + 1;
    this.#state = { kind: 'replicate', inflight: [] };
  }

  /** The follower has no such previous entry; false if the answer is stale and tells nothing. */
  rejected(previousIndex: number, nextProbe: number): boolean {
    if (previousIndex <= this.#match || this.#state.kind === 'snapshot') return false;
    if (this.#state.kind === 'probe' && previousIndex !== this.#next - 1) return false;
    this.probeFrom(nextProbe);
    return true;
  }

  /** Forget what is under way and ask again from what is known. */
  restart(): void {
    if (this.#state.kind !== 'snapshot') this.probeFrom(this.#match + 1);
  }

  probeFrom(next: number): void {
    this.#next = Math.max(next, this.#match + 1);
    this.#state = { kind: 'probe', isWaiting: false };
  }

  snapshotAt(snapshot: RaftSnapshot, offset: number): void {
    this.#state = { kind: 'snapshot', snapshot, offset };
  }

  /** A heartbeat was answered; true if nothing has been acknowledged since the one before. */
  heartbeatAnswered(round: number, now: Instant): boolean {
    this.heardAt = now;
    this.round = Math.max(this.round, round);
    const isStuck = this.#matchAtHeartbeat === this.#match;
    this.#matchAtHeartbeat = this.#match;
    if (isStuck && this.#state.kind === 'probe') this.#state = { kind: 'probe', isWaiting: false };
    return isStuck;
  }

  assertInvariants(): void {
    assert(this.#next > this.#match, 'raft: the next entry was acknowledged already');
    if (this.#state.kind !== 'replicate') return;
    for (const last of this.#state.inflight) {
      assert(last > this.#match && last < this.#next, 'raft: an append outside its window');
    }
  }
}
