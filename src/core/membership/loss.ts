import { unreachable } from '../../base/assert.ts';
import { addMs, type Instant, instant, latest, msBetween } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import { sortedBy } from '../../base/order.ts';
import type { NodeId } from '../../model/ids.ts';
import type { HeartView, HeldPromise, PeerView } from './heart-protocol.ts';
import type { MembershipSend, PromiseResponse } from './membership-message.ts';
import { never, sooner } from './never.ts';
import type { Incarnation } from './packet.ts';

const resendMs = 250;
/** After a round that was given up, before the next about the same member. */
const patienceMs = 300;
/** The same while a majority hears the member, though this node does not. */
const heardPatienceMs = 5000;
/** After its join a member that is not heard yet is not asked about: its first heartbeats are on their way. */
const arrivalMs = 300;
/** A member that is heard, but not as its present incarnation, may be catching up for this long. */
const strangerMs = 2000;

/** What the leader's side of R4 to R7 is told. */
export type LossInput =
  | { readonly kind: 'wake' }
  /** This node became leader. */
  | { readonly kind: 'lead'; readonly term: number }
  | { readonly kind: 'follow' }
  /** The newest voter set in this node's log, committed or not (R6). */
  | { readonly kind: 'voters'; readonly voters: readonly NodeId[] }
  /** All incarnations that the applied log calls joined. */
  | { readonly kind: 'members'; readonly members: readonly LossMember[] }
  /** What this node's heart sees. */
  | { readonly kind: 'view'; readonly view: HeartView }
  /** The answer of a voter, this node's own one included. */
  | {
      readonly kind: 'response';
      readonly from: NodeId;
      readonly response: PromiseResponse;
    };

export interface LossMember {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
}

export type LossEffect =
  | MembershipSend
  /** R6: a majority has promised. Append `lost` now; R7 counts from this moment. */
  | { readonly kind: 'append-lost'; readonly node: NodeId; readonly incarnation: Incarnation }
  | { readonly kind: 'note'; readonly note: LossNote };

export type LossNote =
  | ({ readonly kind: 'round-begun' } & HeldPromise)
  | ({ readonly kind: 'round-gathered' } & HeldPromise)
  | ({ readonly kind: 'round-given-up'; readonly why: GiveUpReason } & HeldPromise);

/** heard: by a majority again, or too many voters refused. stale: its incarnation is over. late: too few answered. */
export type GiveUpReason = 'heard' | 'stale' | 'late';

interface Round extends HeldPromise {
  readonly begunAt: Instant;
  resendAt: Instant;
  readonly promised: Set<NodeId>;
  readonly refused: Set<NodeId>;
  /** From here on nothing is released (R5a): the log decides. */
  appended: boolean;
}

/**
 * The leader's rounds of promises: for each member that is not heard it asks all voters, its own heart among them, to
 * ack its incarnation no more. It asks as soon as a member turns silent, so that each voter answers at the moment at
 * which its silence is complete.
 *
 *   heard --silent--> round n --majority promised--> appended --applied--> gone from the members
 *                        \--heard, refused, late--> given up (released), later round n+1
 */
export class LossRounds implements Machine<LossInput, LossEffect> {
  readonly #self: NodeId;
  readonly #roundMaxMs: number;
  #term: number | undefined;
  #round = 0;
  #voters: readonly NodeId[] = [];
  #members: readonly LossMember[] = [];
  readonly #peers = new Map<NodeId, PeerView>();
  readonly #rounds = new Map<NodeId, Round>();
  /** When a round about the node was given up last; forgotten once it is heard again. */
  readonly #givenUpAt = new Map<NodeId, Instant>();
  /** R5a: newest incarnation of each node for which this leadership appended `lost`: never released again. */
  readonly #appended = new Map<NodeId, Incarnation>();
  /** Since when a node is heard under another name than its present incarnation. */
  readonly #strangeSince = new Map<NodeId, Instant>();
  /** Newest known incarnation of each node. */
  readonly #incarnations = new Map<NodeId, Incarnation>();
  /** When this node learned of a member's present incarnation, after an earlier one. */
  readonly #arrivedAt = new Map<NodeId, Instant>();
  #effects: LossEffect[] = [];

  /** `roundMaxMs`: when a round is given up for want of answers; more than Dmax + m, the silence after a start (R8). */
  constructor(self: NodeId, roundMaxMs: number) {
    this.#self = self;
    this.#roundMaxMs = roundMaxMs;
  }

  step(input: LossInput, now: Instant): readonly LossEffect[] {
    this.#take(input, now);
    if (this.#term !== undefined) {
      for (const round of [...this.#rounds.values()]) this.#continue(round, now);
      for (const member of this.#members) this.#consider(member, this.#term, now);
    }
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  deadline(): Instant | undefined {
    if (this.#term === undefined) return undefined;
    let due = never;
    for (const round of this.#rounds.values()) {
      if (round.appended) continue;
      due = sooner(due, sooner(round.resendAt, addMs(round.begunAt, this.#roundMaxMs)));
    }
    for (const member of this.#members) {
      if (this.#rounds.has(member.node) || member.node === this.#self) continue;
      due = sooner(due, this.#considerAt(member.node));
    }
    return due === never ? undefined : due;
  }

  /** When something about a member without a round may change by time alone. */
  #considerAt(node: NodeId): Instant {
    if (this.#givenUpAt.has(node) || this.#arrivedAt.has(node)) return this.#againAt(node);
    const since = this.#strangeSince.get(node);
    return since === undefined ? never : addMs(since, strangerMs);
  }

  #take(input: LossInput, now: Instant): void {
    switch (input.kind) {
      case 'wake':
        break;
      case 'lead':
        this.#begin(input.term);
        break;
      case 'follow':
        this.#begin(undefined);
        break;
      case 'voters':
        this.#voters = input.voters;
        break;
      case 'members':
        this.#noteArrivals(input.members, now);
        this.#members = sortedBy(input.members, (member) => member.node);
        this.#forgetStale();
        this.#noteStrangers(now);
        break;
      case 'view':
        this.#look(input.view, now);
        break;
      case 'response':
        this.#answer(input.from, input.response);
        break;
      default:
        unreachable(input);
    }
  }

  /** R6: nothing of another term counts. A deposed leader releases nothing: R5b does. */
  #begin(term: number | undefined): void {
    this.#term = term;
    this.#round = 0;
    this.#rounds.clear();
    this.#givenUpAt.clear();
    this.#appended.clear();
  }

  #look(view: HeartView, now: Instant): void {
    this.#peers.clear();
    for (const peer of view.peers) this.#peers.set(peer.node, peer);
    this.#noteStrangers(now);
  }

  /** Since when each member is heard without its present incarnation. */
  #noteStrangers(now: Instant): void {
    const before = new Map(this.#strangeSince);
    this.#strangeSince.clear();
    for (const { node, incarnation } of this.#members) {
      const peer = this.#peers.get(node);
      const strange = peer?.heard === true && peer.incarnation < incarnation;
      if (strange) this.#strangeSince.set(node, before.get(node) ?? now);
    }
  }

  #noteArrivals(members: readonly LossMember[], now: Instant): void {
    for (const { node, incarnation } of members) {
      const known = this.#incarnations.get(node);
      if (known !== undefined && known !== incarnation) this.#arrivedAt.set(node, now);
      this.#incarnations.set(node, incarnation);
    }
  }

  /** Rounds about an incarnation that is over end by themselves; the members are told by the log. */
  #forgetStale(): void {
    for (const round of [...this.#rounds.values()]) {
      const present = this.#members.some(
        (member) => member.node === round.node && member.incarnation === round.incarnation,
      );
      if (present) continue;
      this.#rounds.delete(round.node); // The log ends the promises, too (R5).
      if (!round.appended) this.#note({ ...named(round), kind: 'round-given-up', why: 'stale' });
    }
  }

  #answer(from: NodeId, response: PromiseResponse): void {
    if (response.term !== this.#term) return; // R6: of its own term only.
    const round = this.#rounds.get(response.node);
    if (round?.incarnation !== response.incarnation || round.round !== response.round) {
      if (response.promised && this.#mayRelease(response)) this.#release(from, response);
      return;
    }
    if (response.promised) {
      round.promised.add(from);
      round.refused.delete(from);
    } else if (!round.promised.has(from)) round.refused.add(from);
  }

  /** R5a: a promise of a round that was given up, before anything was appended; its release was lost. */
  #mayRelease({ node, incarnation, round }: HeldPromise): boolean {
    if (incarnation <= (this.#appended.get(node) ?? 0)) return false;
    const newest = this.#rounds.get(node);
    if (newest !== undefined && newest.round <= round) return false;
    return this.#members.some(
      (member) => member.node === node && member.incarnation === incarnation,
    );
  }

  #continue(round: Round, now: Instant): void {
    if (round.appended) return;
    const { node, incarnation } = round;
    if (count(this.#voters, round.promised) >= this.#majority()) {
      round.appended = true;
      this.#appended.set(node, incarnation);
      this.#note({ ...named(round), kind: 'round-gathered' });
      this.#effects.push({ kind: 'append-lost', node, incarnation });
      return;
    }
    const refused = count(this.#voters, round.refused);
    const hopeless = refused > this.#voters.length - this.#majority();
    if (hopeless || !this.#suspect({ node, incarnation }, now, round.begunAt)) {
      this.#giveUp(round, 'heard', now);
    } else if (now >= addMs(round.begunAt, this.#roundMaxMs)) {
      this.#giveUp(round, 'late', now);
    } else if (now >= round.resendAt) this.#ask(round, now);
  }

  #consider(member: LossMember, term: number, now: Instant): void {
    if (member.node === this.#self || this.#rounds.has(member.node)) return;
    if (!this.#suspect(member, now, undefined)) {
      this.#givenUpAt.delete(member.node); // The next silence is asked about at once.
      // Heard, perhaps, but the others have yet to say so: the time for that is not over with the first word.
      if (now >= this.#againAt(member.node)) this.#arrivedAt.delete(member.node);
      return;
    }
    if (now < this.#againAt(member.node)) return;
    this.#arrivedAt.delete(member.node);
    this.#round += 1;
    const round: Round = {
      ...member,
      term,
      round: this.#round,
      begunAt: now,
      resendAt: now,
      promised: new Set(),
      refused: new Set(),
      appended: false,
    };
    this.#rounds.set(member.node, round);
    this.#note({ ...named(round), kind: 'round-begun' });
    this.#ask(round, now);
  }

  /** When a member may be asked about again after a round that was given up. */
  #againAt(node: NodeId): Instant {
    const arrivedAt = this.#arrivedAt.get(node);
    const arrived = arrivedAt === undefined ? instant(0) : addMs(arrivedAt, arrivalMs);
    const givenUpAt = this.#givenUpAt.get(node);
    if (givenUpAt === undefined) return arrived;
    const patience = this.#aliveByOthers(node) ? heardPatienceMs : patienceMs;
    return latest(arrived, addMs(givenUpAt, patience));
  }

  /**
   * Whether to ask about a member. Not heard by this node: at once, for the voters may know better and the silence of
   * others shows in their heartbeats only later. Heard, but by too few voters to hold a lease: it can have none.
   */
  #suspect(member: LossMember, now: Instant, begunAt: Instant | undefined): boolean {
    const peer = this.#peers.get(member.node);
    if (peer === undefined) return false; // Not known to this heart yet.
    if (!peer.heard) return begunAt === undefined || !this.#heardSince(member.node, begunAt, now);
    if (peer.incarnation > member.incarnation) return false; // This log lags behind.
    if (peer.incarnation < member.incarnation) return this.#strange(peer, now);
    return !this.#aliveByOthers(member.node) && this.#knownVoters() >= this.#majority();
  }

  /** A little after the beginning of a round: do the others' heartbeats say that a majority hears the node? */
  #heardSince(node: NodeId, begunAt: Instant, now: Instant): boolean {
    return msBetween(begunAt, now) > patienceMs && this.#aliveByOthers(node);
  }

  /** It is there and asks for no lease: its agent is gone for too long, or it has yet to join anew. */
  #strange(peer: PeerView, now: Instant): boolean {
    if (!peer.agent) return true;
    const since = this.#strangeSince.get(peer.node);
    return since !== undefined && now >= addMs(since, strangerMs);
  }

  /** Whether enough voters hear a node for it to hold a lease; a voter counts itself. */
  #aliveByOthers(node: NodeId): boolean {
    let hearers = 0;
    for (const voter of this.#voters) if (this.#hears(voter, node)) hearers += 1;
    if (hearers > 0 && this.#voters.includes(node)) hearers += 1;
    return hearers >= this.#majority();
  }

  /** Both ways, as far as is known: the acks of a voter whom the node does not hear give it no lease. */
  #hears(voter: NodeId, node: NodeId): boolean {
    if (voter === node) return false;
    const own = this.#peers.get(node);
    if (own?.heard === true && !own.hears.includes(voter)) return false;
    if (voter === this.#self) return this.#peers.get(node)?.heard === true;
    const view = this.#peers.get(voter);
    return view?.heard === true && view.hears.includes(node);
  }

  /** Voters whose hearing is known at present. */
  #knownVoters(): number {
    let known = 0;
    for (const voter of this.#voters) {
      if (voter === this.#self || this.#peers.get(voter)?.heard === true) known += 1;
    }
    return known;
  }

  #ask(round: Round, now: Instant): void {
    round.resendAt = addMs(now, resendMs);
    const message = { ...named(round), kind: 'promise-request' } as const;
    for (const voter of this.#voters) {
      // No node makes a statement about itself (R4).
      if (voter === round.node || round.promised.has(voter) || round.refused.has(voter)) continue;
      this.#effects.push({ kind: 'send', to: voter, message });
    }
  }

  /** R5a: only before lost is appended; from here on nothing of the round counts. */
  #giveUp(round: Round, why: GiveUpReason, now: Instant): void {
    this.#rounds.delete(round.node);
    this.#givenUpAt.set(round.node, now);
    this.#note({ ...named(round), kind: 'round-given-up', why });
    for (const voter of this.#voters) {
      if (voter !== round.node) this.#release(voter, round);
    }
  }

  #release(to: NodeId, promise: HeldPromise): void {
    const message = { ...named(promise), kind: 'promise-release' } as const;
    this.#effects.push({ kind: 'send', to, message });
  }

  #majority(): number {
    return Math.floor(this.#voters.length / 2) + 1;
  }

  #note(note: LossNote): void {
    this.#effects.push({ kind: 'note', note });
  }
}

function named({ node, incarnation, term, round }: HeldPromise): HeldPromise {
  return { node, incarnation, term, round };
}

function count(voters: readonly NodeId[], answered: ReadonlySet<NodeId>): number {
  let found = 0;
  for (const voter of voters) if (answered.has(voter)) found += 1;
  return found;
}
