import { addMs, type Instant, msBetween } from '../../base/instant.ts';
import type { LinkId, NodeId } from '../../model/ids.ts';
import { Grant, type GrantBounds } from './grant.ts';
import type { PeerView } from './heart-protocol.ts';
import { LinkWatch } from './link-watch.ts';
import { never } from './never.ts';
import type { HeartbeatPacket, Incarnation } from './packet.ts';

/** Intervals without a packet on any link after which a peer is silent: more than one lost round. */
const silentIntervals = 2.5;
/** After a round without an ack, every copy of so many further rounds is to be answered. */
const uneasyRounds = 50;
/** A calm peer answers every copy of each so-many-th round, which measures all links. */
const measuredRounds = 5;

/**
 * One peer as this heart hears it, over all links. Only packets that prove to be fresh come in here: they name this
 * run of this heart.
 */
export class PeerWatch {
  readonly node: NodeId;
  readonly grant: Grant = new Grant();
  #links: readonly LinkWatch[] = [];
  /** The peer's run as last proven; 0 before that. */
  #run = 0;
  #sequence = 0;
  #ackedSequence = 0;
  /** From this round on acks may be few again. */
  #calmFrom = 0;
  #heard = false;
  #changedAt: Instant;
  #heardAt: Instant;
  /** When it last said that it hears this node. */
  #heardSelfAt: Instant | undefined;
  #agent = false;
  #incarnation: Incarnation = 0;
  /** Its newest incarnation; unlike the one above it stays while the peer is no member. */
  #admission: Incarnation = 0;
  #hears: readonly NodeId[] = [];

  constructor(node: NodeId, now: Instant) {
    this.node = node;
    this.#changedAt = now;
    this.#heardAt = now;
  }

  get run(): number {
    return this.#run;
  }

  get heard(): boolean {
    return this.#heard;
  }

  get links(): readonly LinkWatch[] {
    return this.#links;
  }

  link(link: LinkId): LinkWatch | undefined {
    for (const watch of this.#links) if (watch.link === link) return watch;
    return undefined;
  }

  /** Keeps the state of links that stay. Tells whether a link is new. */
  setLinks(links: readonly LinkId[], now: Instant): boolean {
    const before = this.#links;
    this.#links = links.map((link) => this.link(link) ?? new LinkWatch(link, now));
    return this.#links.some((watch) => !before.includes(watch));
  }

  /** A proven run. Tells whether it is a newer one: then all counts begin anew. */
  setRun(run: number): boolean {
    if (run <= this.#run) return false;
    this.#run = run;
    this.#sequence = 0;
    this.#ackedSequence = 0;
    this.grant.interrupted();
    for (const watch of this.#links) watch.restart();
    return true;
  }

  /** Whether the peer has lately said that it hears `self`: otherwise a grant would not reach it. */
  hearsLately(self: NodeId, packet: HeartbeatPacket, now: Instant, withinMs: number): boolean {
    if (packet.hears.includes(self)) this.#heardSelfAt = now;
    return this.#heardSelfAt !== undefined && msBetween(this.#heardSelfAt, now) <= withinMs;
  }

  /** Whether a heartbeat is a copy of a round that came by another link. */
  isCopy(packet: HeartbeatPacket): boolean {
    return packet.sequence <= this.#sequence;
  }

  /**
   * Whether one ack is enough for a round of this heart that is about to be sent: the rounds before it were answered
   * and no link loses anything. One ack that is lost then leaves the lease four rounds; the next round asks for all.
   */
  isCalm(sequence: number): boolean {
    if (sequence % measuredRounds === 0 || sequence < this.#calmFrom) return false;
    if (this.#ackedSequence < sequence - 1) {
      this.#calmFrom = sequence + uneasyRounds;
      return false;
    }
    return this.#links.every((watch) => watch.calm);
  }

  /** Takes a fresh heartbeat; tells what changed by it. */
  heartbeat(packet: HeartbeatPacket, now: Instant, bounds: GrantBounds): PeerChange {
    if (packet.sequence <= this.#sequence) return 'nothing'; // The same round by another link.
    this.#sequence = packet.sequence;
    if (packet.incarnation > this.#admission) {
      if (this.#admission > 0) this.grant.renewed();
      this.#admission = packet.incarnation;
    }
    this.grant.arrived(now, packet.rttMs, bounds);
    const same =
      this.#agent === packet.agent &&
      this.#incarnation === packet.incarnation &&
      sameNodes(this.#hears, packet.hears);
    this.#agent = packet.agent;
    this.#incarnation = packet.incarnation;
    this.#hears = packet.hears;
    return this.#hear(now) ? 'heard' : same ? 'nothing' : 'figures';
  }

  /** An ack for a round of this heart proves that the peer lives, too. Tells whether it was silent before. */
  acked(sequence: number, now: Instant): boolean {
    if (sequence <= this.#ackedSequence) return false;
    this.#ackedSequence = sequence;
    return this.#hear(now);
  }

  /** Tells whether the peer turned silent. */
  check(now: Instant, bounds: GrantBounds): boolean {
    if (!this.#heard || now < this.due(bounds)) return false;
    this.#heard = false;
    this.#changedAt = this.#heardAt;
    return true;
  }

  /** When the peer turns silent if nothing comes. */
  due(bounds: GrantBounds): Instant {
    if (!this.#heard) return never;
    const usualMs = 1.25 * this.grant.gapMs + 0.5 * bounds.intervalMs;
    const calmMs = Math.max(silentIntervals * bounds.intervalMs, usualMs);
    return addMs(this.#heardAt, Math.min(calmMs, this.grant.grantMs(bounds)));
  }

  /** This node slept itself: what it did not hear meanwhile says nothing about others. */
  stalled(now: Instant): void {
    this.grant.interrupted();
    if (this.#heard) this.#heardAt = now;
    for (const watch of this.#links) watch.stalled(now);
  }

  view(now: Instant, bounds: GrantBounds): PeerView {
    return {
      node: this.node,
      heard: this.#heard,
      forMs: msBetween(this.#changedAt, now),
      agent: this.#agent,
      incarnation: this.#incarnation,
      hears: this.#hears,
      grantMs: this.grant.grantMs(bounds),
      links: this.#links.map((watch) => watch.view(now)),
    };
  }

  #hear(now: Instant): boolean {
    this.#heardAt = now;
    if (this.#heard) return false;
    this.#heard = true;
    this.#changedAt = now;
    return true;
  }
}

/** What a heartbeat changed: the peer was silent before, or only what it says of itself, or nothing. */
export type PeerChange = 'heard' | 'figures' | 'nothing';

function sameNodes(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
