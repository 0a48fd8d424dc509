import { assert, unreachable } from '../../base/assert.ts';
import { type Instant, msBetween } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import type { NodeId } from '../../model/ids.ts';
import { acceptAppend } from './acceptance.ts';
import { Candidacy, PreCandidacy } from './candidacy.ts';
import type { RaftEffect, RaftInput, RaftRequest, RaftRole, RaftStart } from './contract.ts';
import { RaftCore } from './core.ts';
import type { RaftConfiguration } from './entry.ts';
import { LeaderWatch } from './leader-watch.ts';
import { Leadership } from './leadership.ts';
import type { LogPosition } from './log.ts';
import type {
  AppendMessage,
  CommitMessage,
  HeartbeatMessage,
  PreVoteMessage,
  PreVoteReply,
  RaftMessage,
  SnapshotMessage,
  VoteMessage,
  VoteReply,
} from './messages.ts';
import type { StepDownReason, VoteRefusal } from './notes.ts';
import type { VoteOutcome } from './quorum.ts';
import { assertSettings } from './settings.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import { type RaftStatus, statusOf } from './status.ts';

type RoleState =
  | { readonly kind: 'follower'; readonly leader: NodeId | undefined }
  | PreCandidacy
  | Candidacy
  | { readonly kind: 'leader'; readonly leadership: Leadership };

/** What only the leader of a term sends. */
type LeaderMessage = AppendMessage | CommitMessage | HeartbeatMessage | SnapshotMessage;

/**
 * One node of a Raft cluster, after Diego Ongaro's dissertation "Consensus: Bridging Theory and
 * Practice"; numbers in comments are its sections. Messages that rest on the disk leave on the
 * matching `persisted` input, so the driver needs no rules of order beyond that of the tickets.
 */
export class Raft implements Machine<RaftInput, RaftEffect> {
  readonly #core: RaftCore;
  readonly #watch: LeaderWatch;
  readonly #receiver: SnapshotReceiver;
  #role: RoleState = { kind: 'follower', leader: undefined };
  /** As last told by a `role` effect. */
  #told: { readonly role: RaftRole; readonly term: number; readonly leader: NodeId | undefined };

  constructor(start: RaftStart, now: Instant) {
    assertSettings(start.settings);
    this.#core = new RaftCore(start);
    this.#watch = new LeaderWatch(start.settings, start.prng, now);
    this.#receiver = new SnapshotReceiver(this.#core);
    this.#told = { role: 'follower', term: start.term, leader: undefined };
    // A lone voter has nobody to wait for.
    if (this.#core.isLoneVoter) return;
    this.#watch.rearm(now);
    // It may have led before it restarted: then the others wait for it in vain.
    if (start.votedFor === start.self) this.#watch.hurry(now);
  }

  deadline(): Instant | undefined {
    if (this.#role.kind === 'leader') return this.#role.leadership.deadline();
    const hasLeader = this.#role.kind === 'follower' && this.#role.leader !== undefined;
    return hasLeader || this.#core.mayCampaign ? this.#watch.campaignAt : undefined;
  }

  step(input: RaftInput, now: Instant): readonly RaftEffect[] {
    this.#noticeStall(now);
    this.#take(input, now);
    return this.#finish(now);
  }

  get role(): RaftRole {
    if (this.#role.kind === 'pre-candidate') return 'follower';
    return this.#role.kind;
  }

  get leader(): NodeId | undefined {
    if (this.#role.kind === 'leader') return this.#core.self;
    return this.#role.kind === 'follower' ? this.#role.leader : undefined;
  }

  /** What people and the rest of the node may want to know; nothing in it changes later. */
  status(now: Instant): RaftStatus {
    const replication =
      this.#role.kind === 'leader' ? this.#role.leadership.replication : undefined;
    return statusOf(this.#core, this.role, this.leader, replication, now);
  }

  /** The newest configuration in the log, committed or not, and up to where entries were applied. */
  configurationStatus(): {
    readonly configuration: RaftConfiguration;
    readonly configurationIndex: number;
    readonly applied: number;
  } {
    const { log } = this.#core;
    const { configuration, index } = log.configuration;
    return { configuration, configurationIndex: index, applied: log.applied };
  }

  /** Checks everything, the whole log too: for tests. */
  assertInvariants(): void {
    this.#core.log.assertInvariants();
    if (this.#role.kind === 'leader') this.#role.leadership.assertInvariants();
    if (this.#role.kind === 'candidate' || this.#role.kind === 'leader') {
      assert(this.#core.votedFor === this.#core.self, 'raft: a candidacy without its own vote');
    }
  }

  #take(input: RaftInput, now: Instant): void {
    switch (input.kind) {
      case 'wake':
        this.#wake(now);
        return;
      case 'message':
        this.#receive(input.from, input.message, now);
        return;
      case 'persisted':
        this.#persisted(input.ticket, now);
        return;
      case 'propose':
        this.#asLeader(input.kind)?.propose(input.commands);
        return;
      case 'change-configuration':
        this.#asLeader(input.kind)?.changeConfiguration(input.configuration, now);
        return;
      case 'transfer':
        this.#asLeader(input.kind)?.transfer(input.to, now);
        return;
      case 'peer-silent':
        this.#peerSilent(input.peer, now);
        return;
      case 'peer-heard':
        if (input.peer === this.leader) this.#watch.leaderHeard(now);
        return;
      case 'stream-up':
        if (this.#role.kind === 'leader') this.#role.leadership.streamUp(input.peer);
        return;
      case 'snapshot':
        this.#compact(input.index, input.data);
        return;
      case 'confirm-leadership':
        this.#confirmLeadership(input.id);
        return;
      default:
        unreachable(input);
    }
  }

  /** What follows from the step, whatever it was. */
  #finish(now: Instant): readonly RaftEffect[] {
    const { log, outbox, term, votedFor } = this.#core;
    if (this.#role.kind === 'leader' && this.#role.leadership.ended !== undefined) {
      this.#stepDown(this.#role.leadership.ended, now);
    }
    this.#core.apply();
    if (this.#role.kind === 'leader') this.#role.leadership.answerReads();
    return outbox.flush({ term, votedFor }, log, this.#roleChange(), now);
  }

  #roleChange(): RaftEffect | undefined {
    const { role, leader } = this;
    const { term } = this.#core;
    const told = this.#told;
    if (told.role === role && told.term === term && told.leader === leader) return undefined;
    this.#told = { role, term, leader };
    return { kind: 'role', role, term, ...(leader === undefined ? {} : { leader }) };
  }

  /**
   * A node that wakes long after its deadline was stalled itself: it judges nobody by the
   * silence of that time. Others may have elected a leader meanwhile; their messages tell.
   */
  #noticeStall(now: Instant): void {
    const deadline = this.deadline();
    if (deadline === undefined || this.#core.isLoneVoter) return;
    const lateMs = msBetween(deadline, now);
    if (lateMs < this.#core.settings.electionMinMs / 2) return;
    this.#core.outbox.note({ kind: 'stalled', lateMs });
    if (this.#role.kind === 'leader') this.#role.leadership.forgive(lateMs, now);
    else this.#watch.rearm(now);
  }

  #wake(now: Instant): void {
    if (this.#role.kind === 'leader') {
      this.#role.leadership.wake(now);
    } else if (now >= this.#watch.campaignAt) {
      this.#leaderTimedOut(now);
    }
  }

  // Elections (3.4, 3.6, 9.6)

  #leaderTimedOut(now: Instant): void {
    const { outbox, settings, mayCampaign } = this.#core;
    this.#watch.rearm(now);
    if (this.leader !== undefined) outbox.note({ kind: 'leader-silent', leader: this.leader });
    // While the disk has not taken the vote for this term, another term would not help.
    if (this.#role.kind === 'candidate' && !this.#role.isAsking) return;
    // A node whose disk hangs could not vote for itself: it leaves the election to others.
    const lagMs = outbox.diskLagMs(now);
    const isDiskSlow = lagMs >= settings.electionMinMs;
    if (isDiskSlow) outbox.note({ kind: 'disk-slow', waitedMs: lagMs });
    if (mayCampaign && !isDiskSlow) this.#startPreVote(now);
    else this.#role = { kind: 'follower', leader: undefined };
  }

  #startPreVote(now: Instant): void {
    if (this.#core.isLoneVoter) this.#campaign(false, now);
    else this.#role = new PreCandidacy(this.#core);
  }

  #campaign(isTransfer: boolean, now: Instant): void {
    this.#role = new Candidacy(this.#core, isTransfer);
    this.#watch.rearm(now);
  }

  #judgeElection(outcome: VoteOutcome, now: Instant): void {
    const { outbox, term } = this.#core;
    if (outcome === 'won') {
      outbox.note({ kind: 'election-won', term });
      this.#role = { kind: 'leader', leadership: new Leadership(this.#core, now) };
    } else if (outcome === 'lost') {
      outbox.note({ kind: 'election-lost', term });
      this.#role = { kind: 'follower', leader: undefined };
      this.#watch.retry(now);
    }
  }

  #onPreVote(from: NodeId, message: PreVoteMessage, now: Instant): void {
    const { outbox, term } = this.#core;
    const refusal =
      message.term <= term ? 'term-behind' : this.#voteRefusal(positionOf(message), now);
    if (refusal === undefined) {
      if (this.#role.kind === 'follower') this.#watch.giveWay(now);
      outbox.send(from, { kind: 'pre-vote-reply', term: message.term, granted: true });
      return;
    }
    this.#noteRefusal(from, refusal);
    outbox.send(from, { kind: 'pre-vote-reply', term, granted: false });
    // The leader is gone for both, and only this one of them can win.
    if (refusal === 'log-behind' && this.#role.kind === 'follower') this.#watch.hurry(now);
  }

  #onPreVoteReply(from: NodeId, message: PreVoteReply, now: Instant): void {
    const { outbox, term } = this.#core;
    if (this.#role.kind !== 'pre-candidate') return;
    if (message.granted && message.term !== term + 1) return;
    const outcome = this.#role.record(from, message.granted);
    if (outcome === 'won') this.#campaign(false, now);
    if (outcome !== 'lost') return;
    outbox.note({ kind: 'pre-vote-lost', term: term + 1 });
    this.#role = { kind: 'follower', leader: undefined };
    this.#watch.preVoteLost(now);
  }

  /** At most one vote in a term, on disk before it is told, and only for a log as good as this one (3.6.1). */
  #onVote(from: NodeId, message: VoteMessage, now: Instant): void {
    const { log, outbox, term, votedFor } = this.#core;
    let refusal: VoteRefusal | undefined;
    if (message.term < term) refusal = 'term-behind';
    else if (votedFor !== undefined && votedFor !== from) refusal = 'voted-otherwise';
    else if (!log.isUpToDate(positionOf(message))) refusal = 'log-behind';
    if (refusal !== undefined) {
      this.#noteRefusal(from, refusal);
      outbox.send(from, { kind: 'vote-reply', term, granted: false });
      return;
    }
    this.#core.voteFor(from);
    if (this.#role.kind === 'pre-candidate') this.#role = { kind: 'follower', leader: undefined };
    this.#watch.rearm(now);
    outbox.note({ kind: 'vote-granted', term, candidate: from });
    outbox.sendDurable(from, { kind: 'vote-reply', term, granted: true });
  }

  #onVoteReply(from: NodeId, message: VoteReply, now: Instant): void {
    if (this.#role.kind !== 'candidate') return;
    this.#judgeElection(this.#role.record(from, message.granted), now);
  }

  /** The old leader hands over: no pre-vote, and voters that hear the old leader agree (3.10). */
  #onTimeoutNow(now: Instant): void {
    const { kind } = this.#role;
    if (!this.#core.mayCampaign || kind === 'candidate' || kind === 'leader') return;
    this.#campaign(true, now);
  }

  #voteRefusal(candidate: LogPosition, now: Instant): VoteRefusal | undefined {
    if (this.#hearsLeader(now)) return 'hears-leader';
    return this.#core.log.isUpToDate(candidate) ? undefined : 'log-behind';
  }

  /** A leader hears itself, until check-quorum ends its leadership. */
  #hearsLeader(now: Instant): boolean {
    return this.#role.kind === 'leader' || this.#watch.isHeard(now);
  }

  #noteRefusal(candidate: NodeId, reason: VoteRefusal): void {
    const { outbox, term } = this.#core;
    outbox.note({ kind: 'vote-refused', term, candidate, reason });
  }

  #peerSilent(peer: NodeId, now: Instant): void {
    if (this.#role.kind === 'follower' && peer === this.#role.leader) this.#watch.leaderSilent(now);
  }

  // Messages

  #receive(from: NodeId, message: RaftMessage, now: Instant): void {
    const { term } = this.#core;
    const isCandidate = message.kind === 'pre-vote' || message.kind === 'vote';
    // A leader that campaigns leads no longer: it has restarted, and is owed nothing.
    if (isCandidate && message.term > term) this.#peerSilent(from, now);
    if (message.kind === 'pre-vote') {
      this.#onPreVote(from, message, now);
      return;
    }
    const isGrant = message.kind === 'pre-vote-reply' && message.granted;
    if (message.term > term && !isGrant) {
      // A voter that hears its leader does not even take the term of a candidate (4.2.3).
      if (message.kind === 'vote' && !message.transfer && this.#hearsLeader(now)) {
        this.#noteRefusal(from, 'hears-leader');
        return;
      }
      this.#enterTerm(message.term, now);
    }
    if (message.term < this.#core.term) this.#onStale(from, message, now);
    else this.#onCurrent(from, message, now);
  }

  #onCurrent(
    from: NodeId,
    message: Exclude<RaftMessage, { kind: 'pre-vote' }>,
    now: Instant,
  ): void {
    switch (message.kind) {
      case 'pre-vote-reply':
        this.#onPreVoteReply(from, message, now);
        return;
      case 'vote':
        this.#onVote(from, message, now);
        return;
      case 'vote-reply':
        this.#onVoteReply(from, message, now);
        return;
      case 'append':
      case 'commit':
      case 'heartbeat':
      case 'snapshot':
        this.#onLeader(from, message, now);
        return;
      case 'append-accepted':
      case 'append-rejected':
      case 'heartbeat-reply':
      case 'snapshot-reply':
        if (this.#role.kind === 'leader') this.#role.leadership.receive(from, message, now);
        return;
      case 'timeout-now':
        this.#onTimeoutNow(now);
        return;
      default:
        unreachable(message);
    }
  }

  /** From a former term: its leader or candidate must learn the present one (3.3). */
  #onStale(from: NodeId, message: Exclude<RaftMessage, { kind: 'pre-vote' }>, now: Instant): void {
    const { outbox, term } = this.#core;
    if (message.kind === 'vote') {
      this.#onVote(from, message, now);
      return;
    }
    if (message.kind === 'append' || message.kind === 'heartbeat' || message.kind === 'snapshot') {
      outbox.send(from, { kind: 'heartbeat-reply', term, round: 0 });
    }
  }

  #onLeader(from: NodeId, message: LeaderMessage, now: Instant): void {
    const { log, outbox, term } = this.#core;
    assert(this.#role.kind !== 'leader', 'raft: a second leader in one term');
    if (this.leader !== from) this.#role = { kind: 'follower', leader: from };
    this.#watch.heard(now);
    switch (message.kind) {
      case 'append':
        acceptAppend(this.#core, from, message);
        return;
      case 'snapshot':
        this.#receiver.receive(from, message);
        return;
      case 'heartbeat':
        log.commitTo(Math.min(message.commit, log.lastIndex));
        outbox.send(from, { kind: 'heartbeat-reply', term, round: message.round });
        return;
      case 'commit':
        log.commitTo(Math.min(message.commit, log.lastIndex));
        return;
      default:
        unreachable(message);
    }
  }

  // Roles and the rest

  /** A newer term was seen: this node follows, whoever leads it (3.3). */
  #enterTerm(term: number, now: Instant): void {
    if (this.#role.kind === 'leader') this.#stepDown('newer-term', now);
    if (this.#role.kind === 'pre-candidate') this.#watch.retry(now);
    this.#role = { kind: 'follower', leader: undefined };
    this.#receiver.forget();
    this.#core.enterTerm(term);
  }

  #stepDown(reason: StepDownReason, now: Instant): void {
    if (this.#role.kind !== 'leader') return;
    this.#core.outbox.note({ kind: 'stepped-down', term: this.#core.term, reason });
    this.#role.leadership.end();
    this.#role = { kind: 'follower', leader: undefined };
    this.#watch.rearm(now);
  }

  #persisted(ticket: number, now: Instant): void {
    const { log, outbox, term } = this.#core;
    log.stableTo(outbox.persisted(ticket, term));
    if (this.#role.kind === 'leader') {
      this.#role.leadership.persisted();
    } else if (this.#role.kind === 'candidate') {
      this.#judgeElection(this.#role.persisted(ticket), now);
    }
  }

  #compact(index: number, data: string): void {
    const { log, outbox, settings } = this.#core;
    if (log.snapshot !== undefined && index <= log.snapshot.index) return;
    const snapshot = log.compact(index, data, settings.tailEntries);
    outbox.writeSnapshot(snapshot, log.baseIndex);
    outbox.note({ kind: 'log-compacted', index });
  }

  #confirmLeadership(id: number): void {
    if (this.#role.kind === 'leader') this.#role.leadership.confirm(id);
    else this.#core.outbox.emit({ kind: 'leadership-unconfirmed', id });
  }

  #asLeader(what: RaftRequest): Leadership | undefined {
    if (this.#role.kind === 'leader') return this.#role.leadership;
    const { leader } = this;
    const known = leader === undefined ? {} : { leader };
    this.#core.outbox.emit({ kind: 'refused', what, reason: 'not-leader', ...known });
    return undefined;
  }
}

function positionOf(message: PreVoteMessage | VoteMessage): LogPosition {
  return { index: message.lastIndex, term: message.lastTerm };
}
