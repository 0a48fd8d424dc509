import { assert } from '../../base/assert.ts';
import { type Instant, msBetween } from '../../base/instant.ts';
import type { NodeId } from '../../model/ids.ts';
import type { RaftEffect, RaftWrite } from './contract.ts';
import type { Entry, RaftSnapshot } from './entry.ts';
import type { RaftLog } from './log.ts';
import type { RaftMessage } from './messages.ts';
import type { RaftNote } from './notes.ts';

/** What every write repeats: the present term, vote and commit. */
export interface HardState {
  readonly term: number;
  readonly votedFor: NodeId | undefined;
}

/** A write on its way to the disk. */
interface PendingWrite {
  readonly ticket: number;
  readonly since: Instant;
  /** The log up to here will be on disk; lowered when a newer leader replaces the end of the log. */
  stableTo: number;
  /** Messages that say what is true only when this is on disk. */
  readonly replies: Reply[];
}

interface Reply {
  readonly to: NodeId;
  readonly message: RaftMessage;
}

/**
 * Gathers what one step asks for, and keeps the messages that wait for the disk.
 * All that a step changes of the durable state makes one write.
 */
export class Outbox {
  #effects: RaftEffect[] = [];
  #replies: Reply[] = [];
  #isDirty = false;
  #append: Entry[] = [];
  #truncateFrom: number | undefined;
  #snapshot: { readonly snapshot: RaftSnapshot; readonly discardBefore: number } | undefined;
  /** In the order of their tickets. */
  #pending: PendingWrite[] = [];
  #nextTicket = 1;

  /** The ticket of this step's write, if the step makes one. */
  get ticket(): number {
    return this.#nextTicket;
  }

  emit(effect: RaftEffect): void {
    this.#effects.push(effect);
  }

  note(note: RaftNote): void {
    this.#effects.push({ kind: 'note', note });
  }

  send(to: NodeId, message: RaftMessage): void {
    this.#effects.push({ kind: 'send', to, message });
  }

  /** Sends when all that was changed so far is on disk. */
  sendDurable(to: NodeId, message: RaftMessage): void {
    this.#replies.push({ to, message });
  }

  /** Term, vote or both have changed. */
  writeHardState(): void {
    this.#isDirty = true;
  }

  writeEntries(entries: readonly Entry[]): void {
    this.#isDirty = true;
    this.#append.push(...entries);
  }

  /** The log was cut from `index` on: what is on its way to the disk counts only before that. */
  writeTruncation(index: number): void {
    assert(this.#append.length === 0, 'raft: a step appends and then truncates');
    this.#isDirty = true;
    this.#truncateFrom = index;
    for (const pending of this.#pending) pending.stableTo = Math.min(pending.stableTo, index - 1);
  }

  writeSnapshot(snapshot: RaftSnapshot, discardBefore: number): void {
    this.#isDirty = true;
    this.#snapshot = { snapshot, discardBefore };
  }

  /**
   * All writes up to `ticket` are on disk: frees their replies, but for those of a former term,
   * which nobody waits for. Returns the index up to which the log is on disk by these writes.
   */
  persisted(ticket: number, term: number): number {
    assert(ticket < this.#nextTicket, 'raft: a ticket that was never given');
    let stableTo = 0;
    while (this.#pending[0] !== undefined && this.#pending[0].ticket <= ticket) {
      const [done] = this.#pending.splice(0, 1);
      if (done === undefined) break;
      stableTo = Math.max(stableTo, done.stableTo);
      for (const { to, message } of done.replies) {
        if (message.term === term) this.send(to, message);
      }
    }
    return stableTo;
  }

  /** How long the oldest write has been on its way, in milliseconds; 0 if there is none. */
  diskLagMs(now: Instant): number {
    const [oldest] = this.#pending;
    return oldest === undefined ? 0 : msBetween(oldest.since, now);
  }

  /** Ends the step: its write first, so that the disk works while the rest is done. */
  flush(
    state: HardState,
    log: RaftLog,
    role: RaftEffect | undefined,
    now: Instant,
  ): readonly RaftEffect[] {
    const effects: RaftEffect[] = [];
    if (this.#isDirty) effects.push(this.#takeWrite(state, log, now));
    if (role !== undefined) effects.push(role);
    const waitsFor = this.#pending.at(-1);
    for (const reply of this.#replies) {
      if (waitsFor === undefined) this.send(reply.to, reply.message);
      else addReply(waitsFor.replies, reply);
    }
    this.#replies = [];
    const gathered = this.#effects;
    this.#effects = [];
    if (effects.length === 0) return gathered;
    effects.push(...gathered);
    return effects;
  }

  #takeWrite(state: HardState, log: RaftLog, now: Instant): RaftEffect {
    const write: RaftWrite = {
      term: state.term,
      ...(state.votedFor === undefined ? {} : { votedFor: state.votedFor }),
      commit: log.commit,
      ...this.#snapshot,
      ...(this.#truncateFrom === undefined ? {} : { truncateFrom: this.#truncateFrom }),
      ...(this.#append.length === 0 ? {} : { append: this.#append }),
    };
    const ticket = this.#nextTicket;
    this.#nextTicket += 1;
    this.#pending.push({ ticket, since: now, stableTo: log.lastIndex, replies: [] });
    this.#isDirty = false;
    this.#append = [];
    this.#truncateFrom = undefined;
    this.#snapshot = undefined;
    return { kind: 'persist', ticket, write };
  }
}

/** While a disk hangs its leader asks again and again: one answer is enough. */
function addReply(replies: Reply[], reply: Reply): void {
  const last = replies.at(-1);
  const isRepeated =
    last?.to === reply.to &&
    last.message.kind === 'append-accepted' &&
    reply.message.kind === 'append-accepted' &&
    last.message.term === reply.message.term &&
    last.message.match <= reply.message.match;
  if (isRepeated) replies.pop();
  replies.push(reply);
}
