import { defined } from '../../base/assert.ts';
import type { Instant } from '../../base/instant.ts';
import { sortedTexts } from '../../base/order.ts';
import type { NodeId } from '../../model/ids.ts';
import { membersOf } from './configuration.ts';
import type { RaftCore } from './core.ts';
import type { AppendRejected, SnapshotReply } from './messages.ts';
import { Progress } from './progress.ts';
import { pieceOf } from './size.ts';

/** A leader's sending side: entries, commits and snapshots to each peer (3.5, 5, 10.2.1). */
export class Replication {
  readonly #core: RaftCore;
  readonly #progress = new Map<NodeId, Progress>();
  /** The keys of `#progress` in id order. */
  #peers: readonly NodeId[] = [];

  constructor(core: RaftCore) {
    this.#core = core;
  }

  /** All members but this one, and those that were removed and have not been told yet. */
  get peers(): readonly NodeId[] {
    return this.#peers;
  }

  progressOf(peer: NodeId): Progress | undefined {
    return this.#progress.get(peer);
  }

  /**
   * Takes in new members, to whom the entry `next` goes first. Removed ones are kept, so that
   * they learn of it, until `dropRemoved`.
   */
  addMembers(next: number, now: Instant): void {
    const { log, self } = this.#core;
    for (const node of membersOf(log.configuration.configuration)) {
      if (node === self || this.#progress.has(node)) continue;
      this.#progress.set(node, new Progress(next, now));
    }
    this.#peers = sortedTexts(this.#progress.keys());
  }

  /** Forgets who is no longer a member, after a last word about the commit. */
  dropRemoved(): void {
    const members = membersOf(this.#core.log.configuration.configuration);
    for (const peer of this.#peers) {
      if (members.includes(peer)) continue;
      this.#sendCommit(peer, this.#known(peer));
      this.#progress.delete(peer);
    }
    this.#peers = sortedTexts(this.#progress.keys());
  }

  /** Sends every peer what its window allows. */
  replicateAll(): void {
    for (const peer of this.#peers) this.replicate(peer);
  }

  /** Sends a peer the entries that it has not been sent, as far as its window allows. */
  replicate(peer: NodeId): void {
    const { log, settings } = this.#core;
    const progress = this.#known(peer);
    while (progress.next <= log.lastIndex && progress.canAppend(settings.maxInflightMessages)) {
      this.#append(peer, progress);
    }
  }

  /** Tells each peer of a new commit at once, unless an answer is due from it that will bring it (10.2). */
  announceCommit(): void {
    for (const peer of this.#peers) this.#announceCommitTo(peer, this.#known(peer));
  }

  heartbeat(peer: NodeId, round: number): void {
    const { log, outbox, term } = this.#core;
    const commit = Math.min(log.commit, this.#known(peer).match);
    outbox.send(peer, { kind: 'heartbeat', term, commit, round });
  }

  /** A new stream: what was under way may be lost. */
  streamUp(peer: NodeId): void {
    const progress = this.#progress.get(peer);
    if (progress === undefined) return;
    progress.restart();
    this.#resend(peer, progress);
  }

  /** True if the peer has acknowledged something new. */
  accepted(peer: NodeId, match: number): boolean {
    const progress = this.#known(peer);
    const before = progress.match;
    progress.accepted(match);
    this.replicate(peer);
    this.#announceCommitTo(peer, progress);
    return progress.match > before;
  }

  /** Goes back to the last entry that can agree, past a whole term at once (3.5, end). */
  rejected(peer: NodeId, reply: AppendRejected): void {
    const { log, outbox } = this.#core;
    const progress = this.#known(peer);
    // Where this log no longer reaches back, a position before its base leads to a snapshot.
    const position = log.lastNotAfter(reply.hintIndex, reply.hintTerm);
    const mayAgree = position?.index ?? Math.min(reply.hintIndex, log.baseIndex - 1);
    if (!progress.rejected(reply.previousIndex, mayAgree + 1)) return;
    outbox.note({ kind: 'peer-behind', peer, index: mayAgree });
    this.#resend(peer, progress);
  }

  heartbeatAnswered(peer: NodeId, round: number, now: Instant): void {
    const progress = this.#known(peer);
    const isStuck = progress.heartbeatAnswered(round, now);
    if (isStuck && progress.match < this.#core.log.lastIndex) this.#resend(peer, progress);
  }

  snapshotAnswered(peer: NodeId, reply: SnapshotReply): void {
    const progress = this.#known(peer);
    const { state } = progress;
    if (state.kind !== 'snapshot' || state.snapshot.index !== reply.index) return;
    // A late double of an answer must not start a second train of pieces.
    if (state.offset !== reply.offset) return;
    if (reply.next === 0) this.#startSnapshot(peer, progress);
    else progress.snapshotAt(state.snapshot, reply.next);
    this.#sendPiece(peer, progress);
  }

  assertInvariants(): void {
    for (const peer of this.#peers) this.#known(peer).assertInvariants();
  }

  #known(peer: NodeId): Progress {
    return defined(this.#progress.get(peer), 'progress of a raft peer');
  }

  /** Sends something that the peer must answer, whatever was sent before. */
  #resend(peer: NodeId, progress: Progress): void {
    if (progress.state.kind === 'snapshot') this.#sendPiece(peer, progress);
    else this.#append(peer, progress);
  }

  /** One append, empty if there is nothing new; or a snapshot where the log no longer reaches back. */
  #append(peer: NodeId, progress: Progress): void {
    const { log, outbox, settings, term } = this.#core;
    const previousIndex = progress.next - 1;
    const previousTerm = log.termAt(previousIndex);
    if (previousTerm === undefined) {
      this.#startSnapshot(peer, progress);
      this.#sendPiece(peer, progress);
      return;
    }
    const isOpen = progress.canAppend(settings.maxInflightMessages);
    const { maxEntriesPerMessage, maxBytesPerMessage } = settings;
    const entries = isOpen
      ? log.messageFrom(progress.next, maxEntriesPerMessage, maxBytesPerMessage)
      : [];
    const { commit } = log;
    outbox.send(peer, { kind: 'append', term, previousIndex, previousTerm, entries, commit });
    const last = previousIndex + entries.length;
    progress.commitSent = Math.max(progress.commitSent, Math.min(commit, last));
    progress.appendSent(last);
  }

  #announceCommitTo(peer: NodeId, progress: Progress): void {
    if (progress.isIdle()) this.#sendCommit(peer, progress);
  }

  #sendCommit(peer: NodeId, progress: Progress): void {
    const { log, outbox, term } = this.#core;
    const commit = Math.min(log.commit, progress.match);
    if (commit <= progress.commitSent) return;
    progress.commitSent = commit;
    outbox.send(peer, { kind: 'commit', term, commit });
  }

  #startSnapshot(peer: NodeId, progress: Progress): void {
    const snapshot = defined(this.#core.log.snapshot, 'raft snapshot behind the log');
    progress.snapshotAt(snapshot, 0);
    this.#core.outbox.note({ kind: 'snapshot-sending', peer, index: snapshot.index });
  }

  #sendPiece(peer: NodeId, progress: Progress): void {
    const { outbox, settings, term } = this.#core;
    const { state } = progress;
    if (state.kind !== 'snapshot') return;
    const { index, data, configuration, configurationIndex } = state.snapshot;
    const text = pieceOf(data, state.offset, settings.maxBytesPerMessage);
    outbox.send(peer, {
      kind: 'snapshot',
      term,
      index,
      snapshotTerm: state.snapshot.term,
      configuration,
      configurationIndex,
      offset: state.offset,
      text,
      last: state.offset + text.length === data.length,
    });
  }
}
