import { addMs, type Instant, instant, latest } from '../../base/instant.ts';
import type { NodeId } from '../../model/ids.ts';
import type { HeldPromise, MemberFact } from './heart-protocol.ts';
import { never, sooner } from './never.ts';
import type { AckRefusal, ConfigurationIndex, HeartbeatPacket, Incarnation } from './packet.ts';

const starting: AckRefusal = { kind: 'starting' };
const notVoter: AckRefusal = { kind: 'not-voter' };
const lost: AckRefusal = { kind: 'lost' };
const promised: AckRefusal = { kind: 'promised' };
const longAgo: Instant = instant(Number.NEGATIVE_INFINITY);

/** What a voter says to a request: yes, no, or nothing before its silence is complete. */
export type PromiseAnswer = 'promised' | 'heard' | 'waits';

/**
 * The voter's side of the rules: what it has granted (R3), what it has promised away (R4, R5), what it must not do
 * after a start (R8), and when an older voter set has no grants left (R15).
 */
export class Voter {
  readonly #self: NodeId;
  readonly #startedAt: Instant;
  /** R3: end of the longest grant to each node, on this clock, over all its incarnations. */
  readonly #quietUntil = new Map<NodeId, Instant>();
  /** R4: incarnations up to these are acked no more. */
  readonly #promises = new Map<NodeId, HeldPromise>();
  /** Requests that wait for the silence to be complete. */
  readonly #asked = new Map<NodeId, HeldPromise>();
  /** What the applied log says of each node; never goes back. */
  readonly #facts = new Map<NodeId, MemberFact>();
  /** R8: undefined until the agent has told what is on disk. */
  #floor: number | undefined;
  #applied = 0;
  #configuration: ConfigurationIndex = 0;
  #isVoter = false;
  /** R14: told to holders of an older set. */
  #newer: AckRefusal = starting;
  #dmaxMs: number | undefined;
  /** R8: a lowered Dmax and when it begins to count. */
  #lowered: { readonly ms: number; readonly from: Instant } | undefined;
  #marginMs = 0;
  /** After a stall of this heart: no statement before one round of heartbeats could come in. */
  #trustFrom: Instant = longAgo;
  #drains: { readonly configuration: ConfigurationIndex; readonly at: Instant }[] = [];

  constructor(self: NodeId, startedAt: Instant) {
    this.#self = self;
    this.#startedAt = startedAt;
  }

  /** Promises in force, on disk or not. */
  get promises(): readonly HeldPromise[] {
    return [...this.#promises.values()];
  }

  fact(node: NodeId): MemberFact | undefined {
    return this.#facts.get(node);
  }

  /** R8: what the agent has on disk. Requests of an earlier agent process are forgotten, its promises are not. */
  hello(promises: readonly HeldPromise[], floor: number): void {
    this.#floor = Math.max(this.#floor ?? 0, floor);
    this.#asked.clear();
    for (const promise of promises) {
      if (this.#settled(promise.node, promise.incarnation)) continue;
      const held = this.#promises.get(promise.node);
      if (held === undefined || held.incarnation < promise.incarnation) {
        this.#promises.set(promise.node, promise);
      }
    }
  }

  configure(detectMaxMs: number, marginMs: number, now: Instant): void {
    this.#marginMs = marginMs;
    const beforeMs = this.dmaxMs(now);
    if (beforeMs === undefined || detectMaxMs >= beforeMs) {
      this.#dmaxMs = detectMaxMs;
      this.#lowered = undefined;
    } else if (this.#lowered?.ms !== detectMaxMs) {
      this.#lowered = { ms: detectMaxMs, from: addMs(now, beforeMs) };
    }
  }

  /** The longest D that may still run, in ms; undefined before the first configuration. */
  dmaxMs(now: Instant): number | undefined {
    if (this.#lowered !== undefined && now >= this.#lowered.from) {
      this.#dmaxMs = this.#lowered.ms;
      this.#lowered = undefined;
    }
    return this.#dmaxMs;
  }

  setVoters(configuration: ConfigurationIndex, voters: readonly NodeId[]): void {
    if (configuration <= this.#configuration) return;
    this.#configuration = configuration;
    this.#isVoter = voters.includes(this.#self);
    this.#newer = { kind: 'newer-configuration', configuration, voters };
  }

  /** Takes facts of the applied log. A fact that ends an incarnation ends the promises about it, too. */
  setApplied(index: number, members: readonly MemberFact[]): void {
    this.#applied = Math.max(this.#applied, index);
    for (const fact of members) {
      const known = this.#facts.get(fact.node);
      if (known !== undefined && known.incarnation > fact.incarnation) continue;
      if (known?.incarnation === fact.incarnation && known.lost) continue;
      this.#facts.set(fact.node, fact);
      const held = this.#promises.get(fact.node);
      if (held !== undefined && this.#settled(fact.node, held.incarnation)) {
        this.#promises.delete(fact.node);
      }
    }
  }

  /** Why a heartbeat gets no grant; undefined if it gets one (R3). */
  refusal(from: NodeId, packet: HeartbeatPacket): AckRefusal | undefined {
    if (this.#floor === undefined || this.#applied < this.#floor) return starting; // R8.
    if (this.#configuration === 0) return starting;
    if (packet.configuration < this.#configuration) return this.#newer; // R14.
    if (!this.#isVoter) return notVoter;
    if (packet.incarnation === 0 || this.#settled(from, packet.incarnation)) return lost;
    const held = this.#promises.get(from);
    return held !== undefined && packet.incarnation <= held.incarnation ? promised : undefined; // R4.
  }

  /** R3: a grant that runs until then was given. Returns the request that it answers with `heard`. */
  granted(to: NodeId, incarnation: Incarnation, until: Instant): HeldPromise | undefined {
    const before = this.#quietUntil.get(to);
    if (before === undefined || before < until) this.#quietUntil.set(to, until);
    if (this.#asked.size === 0) return undefined;
    const request = this.#asked.get(to);
    if (request === undefined || incarnation < request.incarnation) return undefined;
    this.#asked.delete(to);
    return request;
  }

  /** R4: asked to ack an incarnation no more. Only `promised` stops the acks. */
  promise(request: HeldPromise, now: Instant): PromiseAnswer {
    const { node, incarnation } = request;
    if (node === this.#self) return 'heard'; // R4: no node makes a statement about itself.
    if (this.#settled(node, incarnation)) return 'heard'; // Nothing is left to promise.
    const held = this.#promises.get(node);
    if (held !== undefined && held.incarnation > incarnation) return 'heard';
    if (held?.incarnation !== incarnation && now < this.#statementAt(node, now)) {
      this.#asked.set(node, request);
      return 'waits';
    }
    this.#asked.delete(node);
    this.#promises.set(node, request);
    return 'promised';
  }

  /** Promises whose silence is complete by now; they are in force from this step on. */
  completed(now: Instant): readonly HeldPromise[] {
    if (this.#asked.size === 0) return [];
    const done = [...this.#asked.values()].filter(
      (asked) => now >= this.#statementAt(asked.node, now),
    );
    for (const request of done) {
      this.#asked.delete(request.node);
      this.#promises.set(request.node, request);
    }
    return done;
  }

  /** R5: ends a promise, or a request for one. Tells whether a promise was in force. */
  release(node: NodeId, incarnation: Incarnation): boolean {
    if (this.#asked.get(node)?.incarnation === incarnation) this.#asked.delete(node);
    if (this.#promises.get(node)?.incarnation !== incarnation) return false;
    return this.#promises.delete(node);
  }

  /** R15: asks for a report when every grant made before now has run out, own ones and those of an earlier run too. */
  drain(configuration: ConfigurationIndex, ownLeaseUntil: Instant, now: Instant): void {
    let until = latest(now, ownLeaseUntil);
    for (const quiet of this.#quietUntil.values()) until = latest(until, quiet);
    until = latest(until, addMs(this.#startedAt, this.dmaxMs(now) ?? 0));
    this.#drains = this.#drains.filter((drain) => drain.configuration !== configuration);
    this.#drains.push({ configuration, at: addMs(until, this.#marginMs) });
  }

  /** R15: sets with no older grants left by now. */
  drained(now: Instant): readonly ConfigurationIndex[] {
    if (this.#drains.length === 0) return [];
    const done = this.#drains.filter((drain) => now >= drain.at);
    if (done.length > 0) this.#drains = this.#drains.filter((drain) => now < drain.at);
    return done.map((drain) => drain.configuration);
  }

  /** This heart slept until now: it trusts no silence before one round of packets could be read. */
  stalled(now: Instant, roundMs: number): void {
    this.#trustFrom = addMs(now, roundMs);
  }

  due(now: Instant): Instant {
    let due = never;
    if (this.#asked.size > 0) {
      for (const request of this.#asked.values()) {
        due = sooner(due, this.#statementAt(request.node, now));
      }
    }
    for (const drain of this.#drains) due = sooner(due, drain.at);
    return due;
  }

  /** R4 and R8: from when on the silence of a node is complete. */
  #statementAt(node: NodeId, now: Instant): Instant {
    const dmaxMs = this.dmaxMs(now);
    if (dmaxMs === undefined) return never;
    const afterStart = addMs(this.#startedAt, dmaxMs + this.#marginMs);
    const quiet = this.#quietUntil.get(node) ?? longAgo;
    return latest(latest(afterStart, this.#trustFrom), quiet);
  }

  /** Whether the applied log says that an incarnation is lost or has a successor. */
  #settled(node: NodeId, incarnation: Incarnation): boolean {
    const fact = this.#facts.get(node);
    if (fact === undefined || fact.incarnation < incarnation) return false;
    return fact.incarnation > incarnation || fact.lost;
  }
}
