import { assert, unreachable } from '../../base/assert.ts';
import { addMs, type Instant, instant } from '../../base/instant.ts';
import { AddressTable } from './address-table.ts';
import { Gate, type GateAction } from './gate.ts';
import type { HeartMemory, HeartStart } from './heart-machine.ts';
import type { HeartOutbox } from './heart-outbox.ts';
import type { AgentToHeart, GuardEntry, HeldAddress, MemberFact } from './heart-protocol.ts';
import { Lease } from './lease.ts';
import { never, sooner } from './never.ts';
import type { Incarnation } from './packet.ts';

/** Watchdog devices count in seconds. */
const feedMs = 250;
/** The end of the lease is remembered at most this often. */
const rememberMs = 200;
const defaultSelfStopMs = 500;
const longAgo: Instant = instant(Number.NEGATIVE_INFINITY);

/**
 * What this node may run, and what becomes of it: the lease, the gate that opens and shuts with it, the addresses held
 * inside the gate, the plan to put everything down, and the memory of all this for the next run of the heart.
 */
export class Custody {
  readonly lease: Lease;
  readonly #out: HeartOutbox;
  readonly #gate: Gate;
  readonly #addresses: AddressTable;
  #configure: HeartMemory['configure'];
  #voters: HeartMemory['voters'];
  /** S of the present incarnation: within it, it may only shrink (R7). */
  #selfStopMs: number;
  /** The applied log says that the present incarnation is lost or has left. */
  #lost = false;
  /** Whether the lease stood when it was last looked at: what the agent was told. */
  #stood = false;
  #guards: readonly GuardEntry[] = [];
  /**
   * Entries of earlier agent processes in this incarnation: a restarted agent whose log lags behind may not yet know
   * all that runs. They go when all is down.
   */
  #inherited: readonly GuardEntry[] = [];
  /** The connection that sent the present plan. */
  #guardedBy = 0;
  /** The guard plan is in; no gate opens before. */
  #guarded = false;
  /** Counts connections of the agent: an answer is for the connection that asked. */
  #connection = 0;
  #feedAt: Instant;
  #rememberAt: Instant = never;
  /** End of the lease as last remembered. */
  #remembered: Instant = longAgo;

  constructor(start: HeartStart, out: HeartOutbox) {
    const { memory, now } = start;
    this.#out = out;
    this.lease = new Lease(start.self);
    this.#gate = new Gate(memory?.retired ?? 0);
    this.#addresses = new AddressTable(memory?.addresses ?? [], now);
    this.#selfStopMs = memory?.selfStopMs ?? defaultSelfStopMs;
    this.#feedAt = now;
    if (memory !== undefined) this.#resume(memory, now);
  }

  /** Whether the applied log says that the present incarnation is over. */
  get lost(): boolean {
    return this.#lost;
  }

  /** End of the lease if it stood at the last look. */
  get leaseUntil(): Instant | undefined {
    return this.#stood ? this.lease.until : undefined;
  }

  /** R12: the incarnation that a new agent may go on with; 0 where it has to join anew. */
  get incarnation(): Incarnation {
    const { incarnation } = this.lease;
    return incarnation <= this.#gate.retired ? 0 : incarnation;
  }

  get addresses(): readonly HeldAddress[] {
    return this.#addresses.held;
  }

  get #keeps(): boolean {
    return this.#configure?.onLeaseLost === 'keep';
  }

  assertInvariants(now: Instant): void {
    if (this.#gate.isOpen && !this.#keeps) {
      assert(this.lease.standing(now) && !this.#lost, 'R10: an open gate has a lease');
      assert(this.#gate.incarnation === this.lease.incarnation, 'R11: the gate is of this e');
    }
    const held = this.#addresses.held.length > 0;
    assert(!held || this.#gate.incarnation !== undefined, 'R11: addresses are inside a gate');
  }

  /** A new connection of the agent: answers to the one before are dropped. */
  connected(): void {
    this.#connection += 1;
  }

  /** What a new agent must know of lease and gate. */
  greet(): void {
    const { incarnation } = this.lease;
    if (this.#stood) this.#out.tell({ kind: 'lease', incarnation, standing: true });
    if (this.#gate.isOpen) this.#out.tell({ kind: 'gate', incarnation, open: true });
  }

  configure(message: AgentToHeart & { readonly kind: 'configure' }, now: Instant): void {
    const kept = this.#keeps;
    const { selfStopMs } = message.timing;
    this.#configure = message;
    this.#selfStopMs =
      this.lease.incarnation === 0 ? selfStopMs : Math.min(this.#selfStopMs, selfStopMs);
    if (kept && !this.#keeps && !this.#stood) this.#shut(now, now);
    this.#remember();
  }

  setVoters(message: AgentToHeart & { readonly kind: 'voters' }): void {
    this.#voters = message;
    this.#remember();
  }

  /** What the applied log says of this node itself. Tells whether it has a new incarnation. */
  takeOwnFact(fact: MemberFact, firstSequence: number, now: Instant): boolean {
    const { incarnation } = this.lease;
    if (fact.incarnation < incarnation) return false;
    if (fact.incarnation === incarnation) {
      if (fact.lost && !this.#lost) this.#shut(now, now); // R9: it learned that it is lost.
      this.#lost ||= fact.lost;
      return false;
    }
    this.#shut(now, now); // R12: the join has ended the incarnation before.
    if (this.#stood) this.#leaseEnded();
    this.lease.begin(fact.incarnation, firstSequence);
    this.#selfStopMs = this.#configure?.timing.selfStopMs ?? defaultSelfStopMs;
    this.#lost = fact.lost;
    this.#remember();
    return true;
  }

  guard(version: number, entries: readonly GuardEntry[], now: Instant): void {
    if (this.#guardedBy !== this.#connection) this.#inherited = this.#plan();
    this.#guardedBy = this.#connection;
    this.#guards = entries;
    this.#guarded = true;
    this.#remember(); // Before the agent may begin an operation.
    this.#out.tell({ kind: 'guarded', version });
    this.#tryOpen(now);
  }

  /** R12: this node asks to join anew only when this incarnation is over and all of it is down. */
  putDownAsAsked(now: Instant): void {
    const { incarnation } = this.lease;
    this.#gate.retire(incarnation);
    this.#remember();
    if (this.#gate.incarnation === undefined) this.#tellAllDown(incarnation);
    else this.#shut(now, now);
  }

  putDownProgress(incarnation: number, left: readonly string[], now: Instant): void {
    const action = this.#gate.progress(incarnation, left, now);
    if (action !== undefined) this.#perform(action, now);
  }

  /** R11: an address is set inside the open gate of the incarnation that asks, or not at all. */
  setAddress(message: AgentToHeart & { readonly kind: 'set-address' }, now: Instant): void {
    const { request, incarnation, held } = message;
    if (!this.#gate.isOpen || this.#gate.incarnation !== incarnation) {
      this.#out.tell({ kind: 'address-done', request, error: 'the gate is shut' });
      return;
    }
    const effect = this.#addresses.set(request, this.#connection, held, now);
    this.#remember(); // Before it is set: a later run must find it.
    this.#out.push(effect);
  }

  removeAddress(request: number, held: HeldAddress): void {
    this.#out.push(this.#addresses.remove(request, this.#connection, held));
    this.#remember();
  }

  addressDone(request: number, error: string | undefined): void {
    const { answer, undo } = this.#addresses.done(request, error);
    if (undo !== undefined) this.#out.push(undo);
    if (answer?.connection !== this.#connection) return;
    const problem = undo === undefined ? error : 'the gate was shut';
    this.#out.tell({ kind: 'address-done', request: answer.request, error: problem });
  }

  /** Looks at the clock and the lease: first in every step, and again after its input. */
  checkLease(now: Instant): void {
    const standing = this.lease.standing(now);
    if (standing === this.#stood) return;
    if (!standing) {
      this.#leaseEnded();
      if (!this.#keeps) this.#shut(this.lease.until, now); // R10.
      return;
    }
    this.#stood = true;
    const { incarnation } = this.lease;
    this.#out.note({ kind: 'lease-gained', incarnation });
    this.#out.tell({ kind: 'lease', incarnation, standing: true });
    this.#tryOpen(now);
  }

  /** What time brings: the next stage of a put-down, renewals, memory, the watchdog. */
  work(now: Instant): void {
    if (now >= this.#gate.due()) {
      const own = this.#gate.incarnation === this.lease.incarnation && !this.#lost;
      const until = own ? this.lease.until : longAgo;
      const actions = this.#gate.check(now, until, this.#selfStopMs);
      for (const action of actions) this.#perform(action, now);
    }
    if (this.#gate.isOpen) {
      const renewal = this.#addresses.renew(now);
      if (renewal !== undefined) this.#out.push(renewal);
    }
    if (now >= this.#rememberAt) this.#remember();
    else if (this.#rememberAt === never && this.lease.until > this.#remembered) {
      this.#rememberAt = addMs(now, rememberMs);
    }
    if (now >= this.#feedAt) {
      this.#feedAt = addMs(now, feedMs);
      if (this.#healthy()) this.#out.push({ kind: 'feed-watchdog' });
    }
  }

  due(): Instant {
    let due = sooner(sooner(this.#feedAt, this.#rememberAt), this.#gate.due());
    if (this.#stood) due = sooner(due, this.lease.until);
    if (this.#gate.isOpen) due = sooner(due, this.#addresses.due);
    return due;
  }

  /** An open gate without a lease: only with `keep`. */
  #healthy(): boolean {
    if (this.#gate.failed) return false;
    return this.#stood || this.#gate.isOpen || this.#gate.incarnation === undefined;
  }

  #tellAllDown(incarnation: Incarnation): void {
    this.#out.tell({ kind: 'all-down', incarnation, retired: this.#gate.retired });
  }

  #leaseEnded(): void {
    this.#stood = false;
    const { incarnation } = this.lease;
    this.#out.note({ kind: 'lease-ended', incarnation });
    this.#out.tell({ kind: 'lease', incarnation, standing: false });
  }

  /** R10, R11: opens for the incarnation that holds the lease, once nothing of an earlier time is left. */
  #tryOpen(now: Instant): void {
    if (!this.#guarded || this.#lost || !this.lease.standing(now)) return;
    const { incarnation } = this.lease;
    if (this.#gate.mayOpen(incarnation)) this.#perform(this.#gate.open(incarnation), now);
  }

  #shut(endedAt: Instant, now: Instant): void {
    const action = this.#gate.shut(endedAt, this.#selfStopMs, now);
    if (action === undefined) return;
    this.#perform(action, now);
    const incarnation = this.#gate.incarnation ?? 0;
    this.#out.tell({ kind: 'gate', incarnation, open: false });
    this.#remember();
  }

  #perform(action: GateAction, now: Instant): void {
    switch (action.kind) {
      case 'open':
        this.#remember(); // Before anything can run in it: a later run must find it.
        this.#out.push({ kind: 'open-gate', incarnation: action.incarnation });
        this.#out.tell({ kind: 'gate', incarnation: action.incarnation, open: true });
        break;
      case 'put-down': {
        const controlGroups = this.#plan().flatMap((guard) => guard.controlGroups);
        this.#out.push({ ...action, controlGroups, addresses: this.#addresses.held });
        break;
      }
      case 'all-down': {
        const { incarnation, tookMs } = action;
        this.#addresses.clear();
        this.#inherited = [];
        this.#remember();
        this.#out.note({ kind: 'put-down', incarnation, tookMs });
        this.#tellAllDown(incarnation);
        this.#tryOpen(now); // R10: the lease may be back.
        break;
      }
      case 'reset':
        this.#out.push({ kind: 'reset-host', reason: action.reason });
        break;
      default:
        unreachable(action);
    }
  }

  /** A run before this one, on the same boot, left this: its lease stands to its end (R2), its gate is this one's. */
  #resume(memory: HeartMemory, now: Instant): void {
    this.#configure = memory.configure;
    this.#voters = memory.voters;
    this.lease.begin(memory.incarnation, 1);
    if (memory.leaseUntil !== undefined) this.lease.resume(memory.leaseUntil);
    this.#guards = memory.guards;
    this.#guarded = memory.gateOpen;
    this.#stood = this.lease.standing(now);
    if (!memory.gateOpen) return;
    this.#perform(this.#gate.open(memory.incarnation), now);
    const retired = memory.incarnation <= memory.retired;
    if (retired || (!this.#stood && !this.#keeps)) {
      this.#shut(sooner(memory.leaseUntil ?? now, now), now);
    }
  }

  /** All that is to be put down beside the gate's own control group. */
  #plan(): readonly GuardEntry[] {
    if (this.#inherited.length === 0) return this.#guards;
    const known = new Set(this.#guards.map((guard) => guard.instance));
    return [...this.#guards, ...this.#inherited.filter((guard) => !known.has(guard.instance))];
  }

  #remember(): void {
    this.#remembered = this.lease.until;
    this.#rememberAt = never;
    const memory: HeartMemory = {
      incarnation: this.#gate.incarnation ?? this.lease.incarnation,
      leaseUntil: this.lease.until === longAgo ? undefined : this.lease.until,
      selfStopMs: this.#selfStopMs,
      gateOpen: this.#gate.incarnation !== undefined,
      addresses: this.#addresses.held,
      guards: this.#plan(),
      retired: this.#gate.retired,
      configure: this.#configure,
      voters: this.#voters,
    };
    this.#out.push({ kind: 'remember', memory });
  }
}
