import { assert, unreachable } from '../../base/assert.ts';
import { addMs, earliest, type Instant, msBetween } from '../../base/instant.ts';
import type { NodeId } from '../../model/ids.ts';
import { changeProblem } from './configuration.ts';
import { Confirmations } from './confirmations.ts';
import type { RaftRefusal, RaftRequest } from './contract.ts';
import type { RaftCore } from './core.ts';
import type { Entry, EntryContent, RaftConfiguration } from './entry.ts';
import type { AppendAccepted, AppendRejected, HeartbeatReply, SnapshotReply } from './messages.ts';
import type { StepDownReason } from './notes.ts';
import { majority, reachedByMajority } from './quorum.ts';
import { Replication } from './replication.ts';

export type FollowerReply = AppendAccepted | AppendRejected | HeartbeatReply | SnapshotReply;

/** Leadership on its way to another voter (3.10). */
interface Transfer {
  readonly to: NodeId;
  readonly giveUpAt: Instant;
  /** Somebody waits for its end; else it is this leader's own idea. */
  readonly isAsked: boolean;
}

/** All that exists only while a node leads: made when it is elected, dropped when it steps down. */
export class Leadership {
  readonly #core: RaftCore;
  readonly #replication: Replication;
  readonly #confirmations: Confirmations = new Confirmations();
  /** The no-op of this term: once it is committed, all before it is too (5.4.2). */
  readonly #firstIndex: number;
  #heartbeatAt: Instant;
  #transfer: Transfer | undefined;
  /** The latest configuration whose removed members were let go. */
  #settledConfiguration: number;
  #ended: StepDownReason | undefined;
  /** The disk was found to hang, and what could be done was done. */
  #isDiskSlow = false;

  constructor(core: RaftCore, now: Instant) {
    const { log } = core;
    this.#core = core;
    this.#replication = new Replication(core);
    this.#replication.addMembers(log.lastIndex + 1, now);
    this.#firstIndex = log.lastIndex + 1;
    this.#settledConfiguration = log.committedConfiguration.index;
    this.#heartbeatAt = addMs(now, core.settings.heartbeatMs);
    this.#append({ kind: 'no-op' }, ...this.#firstConfiguration());
    this.#replication.replicateAll();
  }

  /** Why this node must cease to lead, once it must. */
  get ended(): StepDownReason | undefined {
    return this.#ended;
  }

  get replication(): Replication {
    return this.#replication;
  }

  get transferTo(): NodeId | undefined {
    return this.#transfer?.to;
  }

  deadline(): Instant | undefined {
    // Alone there is nobody to speak to.
    if (this.#replication.peers.length === 0) return undefined;
    return earliest(this.#heartbeatAt, this.#transfer?.giveUpAt);
  }

  wake(now: Instant): void {
    if (this.#transfer !== undefined && now >= this.#transfer.giveUpAt) this.#abandonTransfer();
    if (now < this.#heartbeatAt) return;
    this.#heartbeatAt = addMs(now, this.#core.settings.heartbeatMs);
    if (!this.#hearsQuorum(now)) {
      this.#ended = 'quorum-silent';
      return;
    }
    this.#sendHeartbeats();
    this.#handOver();
    this.#watchDisk(now);
  }

  /** This node was stalled for so long, in milliseconds: it judges nobody by that time. */
  forgive(stalledMs: number, now: Instant): void {
    this.#heartbeatAt = now;
    if (this.#transfer !== undefined) {
      const { giveUpAt } = this.#transfer;
      this.#transfer = { ...this.#transfer, giveUpAt: addMs(giveUpAt, stalledMs) };
    }
    for (const peer of this.#replication.peers) {
      const progress = this.#replication.progressOf(peer);
      if (progress !== undefined) progress.heardAt = addMs(progress.heardAt, stalledMs);
    }
  }

  propose(commands: readonly unknown[]): void {
    const { log, settings } = this.#core;
    assert(commands.length > 0, 'raft: a proposal without a command');
    if (this.#transfer !== undefined) {
      this.#refuse('propose', 'transferring');
      return;
    }
    const uncommitted = log.lastIndex - log.commit + commands.length;
    if (uncommitted > settings.maxUncommittedEntries && commands.length < uncommitted) {
      this.#refuse('propose', 'busy');
      return;
    }
    this.#propose(commands.map((command) => ({ kind: 'command', command })));
  }

  changeConfiguration(next: RaftConfiguration, now: Instant): void {
    const { log } = this.#core;
    const refusal = this.#changeRefusal(next, now);
    if (refusal !== undefined) {
      this.#refuse('change-configuration', refusal);
      return;
    }
    this.#propose([{ kind: 'configuration', configuration: next }]);
    // Alone there were no heartbeats; the first peer begins them.
    if (this.#replication.peers.length === 0) this.#heartbeatAt = now;
    this.#replication.addMembers(log.lastIndex, now);
    this.#replication.replicateAll();
    if (this.#transfer !== undefined && !next.voters.includes(this.#transfer.to)) {
      this.#abandonTransfer();
    }
  }

  transfer(to: NodeId, now: Instant): void {
    const { log, self } = this.#core;
    if (this.#transfer !== undefined) {
      this.#refuse('transfer', 'transferring');
      return;
    }
    const { voters } = log.configuration.configuration;
    if (to === self || !voters.includes(to)) {
      this.#refuse('transfer', 'not-a-voter');
      return;
    }
    this.#startTransfer(to, true, now);
  }

  confirm(id: number): void {
    this.#confirmations.ask(id);
    this.#confirmRound();
  }

  streamUp(peer: NodeId): void {
    this.#replication.streamUp(peer);
  }

  /** A follower's answer of this term. */
  receive(from: NodeId, reply: FollowerReply, now: Instant): void {
    const progress = this.#replication.progressOf(from);
    if (progress === undefined) return; // Removed in the meantime.
    progress.heardAt = now;
    switch (reply.kind) {
      case 'append-accepted':
        if (!this.#replication.accepted(from, reply.match)) return;
        this.#advanceCommit();
        if (from === this.#transfer?.to) this.#handOver();
        return;
      case 'append-rejected':
        this.#replication.rejected(from, reply);
        return;
      case 'heartbeat-reply':
        this.#replication.heartbeatAnswered(from, reply.round, now);
        this.#confirmAnswered();
        return;
      case 'snapshot-reply':
        this.#replication.snapshotAnswered(from, reply);
        return;
      default:
        unreachable(reply);
    }
  }

  /** More of this node's own log is on its disk: now it counts itself (10.2.1). */
  persisted(): void {
    this.#advanceCommit();
  }

  /** To be called when entries were applied: reads may have waited for them. */
  answerReads(): void {
    for (const { id, index } of this.#confirmations.takeConfirmed(this.#core.log.applied)) {
      this.#core.outbox.emit({ kind: 'leadership-confirmed', id, index });
    }
  }

  /** The last words: nobody waits for an answer any longer. */
  end(): void {
    for (const id of this.#confirmations.takeAll()) {
      this.#core.outbox.emit({ kind: 'leadership-unconfirmed', id });
    }
  }

  assertInvariants(): void {
    this.#replication.assertInvariants();
    const { log, term } = this.#core;
    assert(log.lastTerm === term, 'raft: a leader without an entry of its term');
  }

  /**
   * The configuration that a cluster was started with is in no log. Its first leader puts it
   * there, so that nodes that are added later know it and each configuration has an index.
   */
  #firstConfiguration(): readonly EntryContent[] {
    const { index, configuration } = this.#core.log.configuration;
    return index === 0 ? [{ kind: 'configuration', configuration }] : [];
  }

  #append(...contents: readonly EntryContent[]): void {
    const { log, term } = this.#core;
    const first = log.lastIndex + 1;
    const entries: Entry[] = contents.map((content, i) => ({ index: first + i, term, ...content }));
    this.#core.append(entries);
  }

  #propose(contents: readonly EntryContent[]): void {
    const { log, outbox, term } = this.#core;
    const firstIndex = log.lastIndex + 1;
    this.#append(...contents);
    outbox.emit({ kind: 'proposed', term, firstIndex, lastIndex: log.lastIndex });
    this.#replication.replicateAll();
  }

  #refuse(what: RaftRequest, reason: RaftRefusal): void {
    this.#core.outbox.emit({ kind: 'refused', what, reason });
  }

  /** One change at a time, and none before this term has a commit: the known hole of 4.1. */
  #changeRefusal(next: RaftConfiguration, now: Instant): RaftRefusal | undefined {
    const { log } = this.#core;
    if (this.#transfer !== undefined) return 'transferring';
    if (log.commit < this.#firstIndex) return 'not-ready';
    if (log.configuration.index > log.commit) return 'change-in-progress';
    return changeProblem(log.configuration.configuration, next, (node) =>
      this.#isCaughtUp(node, now),
    );
  }

  /** Heard within an election timeout, and at most one message behind (4.2.1). */
  #isCaughtUp(node: NodeId, now: Instant): boolean {
    const { log, settings } = this.#core;
    const progress = this.#replication.progressOf(node);
    if (progress === undefined || progress.state.kind !== 'replicate') return false;
    if (msBetween(progress.heardAt, now) >= settings.electionMaxMs) return false;
    return progress.match + settings.maxEntriesPerMessage >= log.lastIndex;
  }

  /** Commits what a majority has on disk, if it is of this term: older entries follow it (5.4.2). */
  #advanceCommit(): void {
    const { log, self, term } = this.#core;
    const { voters } = log.configuration.configuration;
    const reached = reachedByMajority(
      voters.map((voter) =>
        voter === self ? log.stable : (this.#replication.progressOf(voter)?.match ?? 0),
      ),
    );
    if (reached <= log.commit || log.termAt(reached) !== term) return;
    log.commitTo(reached);
    this.#replication.announceCommit();
    this.#settleConfiguration();
    this.#confirmRound();
  }

  /** A committed change lets go those whom it removed, this leader among them (4.2.2). */
  #settleConfiguration(): void {
    const { log, isVoter } = this.#core;
    const { index } = log.configuration;
    if (index > log.commit || index === this.#settledConfiguration) return;
    this.#settledConfiguration = index;
    this.#replication.dropRemoved();
    if (isVoter) return;
    this.#ended = 'no-longer-voter';
    // The next one need not wait for a timeout.
    const successor = this.#bestVoter();
    if (successor !== undefined) this.#sendTimeoutNow(successor);
  }

  /** The voter with the most of the log. */
  #bestVoter(): NodeId | undefined {
    const { voters } = this.#core.log.configuration.configuration;
    let best: { readonly voter: NodeId; readonly match: number } | undefined;
    for (const voter of this.#replication.peers) {
      const match = this.#replication.progressOf(voter)?.match ?? 0;
      if (!voters.includes(voter) || (best !== undefined && match <= best.match)) continue;
      best = { voter, match };
    }
    return best?.voter;
  }

  #startTransfer(to: NodeId, isAsked: boolean, now: Instant): void {
    const giveUpAt = addMs(now, this.#core.settings.electionMaxMs);
    this.#transfer = { to, giveUpAt, isAsked };
    this.#core.outbox.note({ kind: 'transfer-started', to });
    this.#handOver();
  }

  /**
   * A leader whose disk hangs applies nothing, so the whole cluster waits for it: it hands over
   * to a voter that has everything. Once in a while of trouble; if that fails it goes on.
   */
  #watchDisk(now: Instant): void {
    const { log, outbox, settings } = this.#core;
    const waitedMs = outbox.diskLagMs(now);
    if (waitedMs < settings.electionMaxMs) {
      this.#isDiskSlow = false;
      return;
    }
    if (this.#isDiskSlow || this.#transfer !== undefined) return;
    this.#isDiskSlow = true;
    outbox.note({ kind: 'disk-slow', waitedMs });
    const successor = this.#bestVoter();
    if (successor === undefined) return;
    const match = this.#replication.progressOf(successor)?.match;
    if (match === log.lastIndex) this.#startTransfer(successor, false, now);
  }

  /** Lets the target of a transfer campaign once it has all of the log. */
  #handOver(): void {
    if (this.#transfer === undefined) return;
    const { to } = this.#transfer;
    const match = this.#replication.progressOf(to)?.match ?? 0;
    if (match === this.#core.log.lastIndex) this.#sendTimeoutNow(to);
  }

  #sendTimeoutNow(to: NodeId): void {
    this.#core.outbox.send(to, { kind: 'timeout-now', term: this.#core.term });
  }

  #abandonTransfer(): void {
    if (this.#transfer === undefined) return;
    this.#core.outbox.note({ kind: 'transfer-abandoned', to: this.#transfer.to });
    if (this.#transfer.isAsked) this.#refuse('transfer', 'timed-out');
    this.#transfer = undefined;
  }

  #sendHeartbeats(): void {
    for (const peer of this.#replication.peers) {
      this.#replication.heartbeat(peer, this.#confirmations.round);
    }
  }

  /** A leader that hears no quorum is none: it may have been deposed without knowing (6.2). */
  #hearsQuorum(now: Instant): boolean {
    const { log, self, settings } = this.#core;
    const { voters } = log.configuration.configuration;
    const heard = voters.filter((voter) => {
      if (voter === self) return true;
      const progress = this.#replication.progressOf(voter);
      return progress !== undefined && msBetween(progress.heardAt, now) < settings.electionMaxMs;
    });
    return heard.length >= majority(voters.length);
  }

  /** Begins a round of heartbeats for the reads that wait, once this term has a commit (6.4). */
  #confirmRound(): void {
    const { log } = this.#core;
    if (log.commit < this.#firstIndex || !this.#confirmations.begin(log.commit)) return;
    this.#sendHeartbeats();
    this.#confirmAnswered();
  }

  #confirmAnswered(): void {
    const { log, self } = this.#core;
    const { voters } = log.configuration.configuration;
    const rounds = voters.map((voter) =>
      voter === self
        ? this.#confirmations.round
        : (this.#replication.progressOf(voter)?.round ?? 0),
    );
    const round = reachedByMajority(rounds);
    this.#confirmations.answered(round);
    this.answerReads();
    this.#confirmRound();
  }
}
