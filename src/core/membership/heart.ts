import { assert, unreachable } from '../../base/assert.ts';
import { addMs, type Instant, instant, msBetween } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import type { NodeId } from '../../model/ids.ts';
import { AddressTable } from './address-table.ts';
import { AgentWatch } from './agent-watch.ts';
import { Gate, type GateAction } from './gate.ts';
import type {
  HeartEffect,
  HeartInput,
  HeartMemory,
  HeartNote,
  HeartStart,
} from './heart-machine.ts';
import type {
  AgentToHeart,
  GuardEntry,
  HeartTiming,
  HeartToAgent,
  HeldPromise,
  MemberFact,
} from './heart-protocol.ts';
import { Lease } from './lease.ts';
import { never, sooner } from './never.ts';
import type { AckPacket, HeartbeatPacket, Incarnation } from './packet.ts';
import type { PeerWatch } from './peer-watch.ts';
import { Peers } from './peers.ts';
import { SendLog } from './send-log.ts';
import { Voter } from './voter.ts';

const viewMs = 1000;
/** Watchdog devices count in seconds. */
const feedMs = 250;
/** Before the first configuration. */
const defaultIntervalMs = 100;
const defaultSelfStopMs = 500;
const longAgo: Instant = instant(Number.NEGATIVE_INFINITY);

type Configure = AgentToHeart & { readonly kind: 'configure' };
type Voters = AgentToHeart & { readonly kind: 'voters' };

/**
 * The heart of a node (DESIGN sections 4 and 5): sends and answers heartbeats, holds the lease, and puts everything
 * exclusive down when the lease ends, with or without an agent. The rules R1 to R16 of docs/model bind; each is named
 * where it is kept. Every step looks at the clock and the lease before it takes its input.
 */
export class Heart implements Machine<HeartInput, HeartEffect> {
  readonly #self: NodeId;
  readonly #run: number;
  readonly #peers = new Peers();
  readonly #sends = new SendLog();
  readonly #lease: Lease;
  readonly #voter: Voter;
  readonly #gate: Gate;
  readonly #addresses: AddressTable;
  readonly #agent: AgentWatch;
  #configure: Configure | undefined;
  #voters: Voters | undefined;
  /** S of the present incarnation: within it, it may only shrink (R7). */
  #selfStopMs: number;
  /** The applied log says that the present incarnation is lost or has left. */
  #lost = false;
  /** Whether the lease stood when it was last looked at: what the agent was told. */
  #stood = false;
  #guards: readonly GuardEntry[] = [];
  /** The guard plan is in; no gate opens before. */
  #guarded = false;
  /** Too long without a working agent: no lease is asked for. */
  #givenUp = false;
  /** Counts connections of the agent: an answer is for the connection that asked. */
  #connection = 0;
  #roundAt: Instant = never;
  #roundSentAt: Instant = longAgo;
  #viewAt: Instant = never;
  #viewStale = false;
  #feedAt: Instant;
  #rememberAt: Instant = never;
  #remembered: Instant = longAgo;
  #due: Instant;
  #effects: HeartEffect[] = [];

  constructor(start: HeartStart) {
    const { memory, now } = start;
    this.#self = start.self;
    this.#run = start.run;
    this.#lease = new Lease(start.self);
    this.#voter = new Voter(start.self, now);
    this.#gate = new Gate(memory?.retired ?? 0);
    this.#addresses = new AddressTable(memory?.addresses ?? [], now);
    this.#agent = new AgentWatch(now);
    this.#selfStopMs = memory?.selfStopMs ?? defaultSelfStopMs;
    this.#feedAt = now;
    this.#due = now;
    if (memory !== undefined) this.#resume(memory, now);
  }

  deadline(): Instant | undefined {
    return this.#due === never ? undefined : this.#due;
  }

  step(input: HeartInput, now: Instant): readonly HeartEffect[] {
    this.#noticeStall(now);
    this.#checkLease(now); // Before the input: after a stall nothing may act on a lease that has ended.
    this.#take(input, now);
    if (input.kind === 'wake') this.#judge(now);
    this.#checkLease(now);
    this.#work(now);
    if (this.#viewStale || now >= this.#viewAt) this.#sendView(now);
    this.#due = this.#nextDue(now);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** R2: end of the lease on this node's clock; long ago where there was none. */
  get leaseUntil(): Instant {
    return this.#lease.until;
  }

  /** For tests and the simulator: throws where the parts contradict each other. */
  assertInvariants(now: Instant): void {
    const keep = this.#configure?.onLeaseLost === 'keep';
    if (this.#gate.isOpen && !keep) {
      assert(this.#lease.standing(now) && !this.#lost, 'R10: an open gate has a lease');
      assert(
        this.#gate.incarnation === this.#lease.incarnation,
        'R11: the gate is of this incarnation',
      );
    }
    const held = this.#addresses.held.length > 0;
    assert(!held || this.#gate.incarnation !== undefined, 'R11: addresses are held inside a gate');
  }

  #take(input: HeartInput, now: Instant): void {
    switch (input.kind) {
      case 'wake':
        break;
      case 'packet':
        this.#takePacket(input, now);
        break;
      case 'agent':
        this.#takeWord(now);
        this.#takeMessage(input.message, now);
        break;
      case 'agent-up':
        this.#connection += 1;
        this.#agent.connected(now);
        break;
      case 'agent-down':
        this.#note({ kind: 'agent-down' });
        this.#agent.gone(now);
        break;
      case 'put-down-progress': {
        const action = this.#gate.progress(input.incarnation, input.left, now);
        if (action !== undefined) this.#perform(action, now);
        break;
      }
      case 'address-done':
        this.#addressDone(input.request, input.error);
        break;
      default:
        unreachable(input);
    }
  }

  // --- Packets ---------------------------------------------------------------------------------------------------

  #takePacket(input: HeartInput & { readonly kind: 'packet' }, now: Instant): void {
    const timing = this.#configure?.timing;
    const peer = this.#peers.get(input.from);
    if (timing === undefined || peer === undefined) return;
    const { packet } = input;
    if (packet.kind === 'ack') this.#takeAck(peer, input.link, packet, timing, now);
    else this.#takeHeartbeat(peer, input.link, packet, timing, now);
  }

  /** Every copy is answered at once, on the link by which it came. */
  #takeHeartbeat(
    peer: PeerWatch,
    link: HeartInputLink,
    packet: HeartbeatPacket,
    timing: HeartTiming,
    now: Instant,
  ): void {
    if (packet.run < peer.run) return;
    // One that does not name this run may be a replay: it proves nothing, and its answer tells the sender this run.
    const fresh = packet.peerRun === this.#run;
    if (fresh) {
      this.#proveRun(peer, packet.run, timing, now);
      peer.link(link)?.heartbeat(packet.sequence, now);
      const change = peer.heartbeat(packet, now, timing);
      if (change === 'heard') this.#heard(peer, now);
      else if (change === 'figures') this.#viewStale = true;
    }
    const refusal = fresh
      ? this.#voter.refusal(peer.node, packet)
      : ({ kind: 'starting' } as const);
    const grantMs = refusal === undefined ? peer.grant.grantMs(timing) : 0;
    if (grantMs > 0) this.#granted(peer.node, packet.incarnation, addMs(now, grantMs));
    const ack: AckPacket = {
      kind: 'ack',
      incarnation: packet.incarnation,
      run: packet.run,
      sequence: packet.sequence,
      configuration: packet.configuration,
      voterRun: this.#run,
      grantMs,
      refusal,
    };
    this.#effects.push({ kind: 'send', to: peer.node, link, packet: ack });
  }

  /** R3: this voter stays quiet about the node for as long as it has granted. */
  #granted(node: NodeId, incarnation: Incarnation, until: Instant): void {
    const request = this.#voter.granted(node, incarnation, until);
    if (request !== undefined) this.#tell({ ...request, kind: 'heard' });
  }

  #takeAck(
    peer: PeerWatch,
    link: HeartInputLink,
    ack: AckPacket,
    timing: HeartTiming,
    now: Instant,
  ): void {
    if (ack.run !== this.#run || ack.voterRun < peer.run) return; // R1.
    const sentAt = this.#sends.sentAt(ack.sequence);
    if (sentAt === undefined) return;
    this.#proveRun(peer, ack.voterRun, timing, now);
    if (peer.acked(ack.sequence, now)) this.#heard(peer, now);
    if (peer.link(link)?.acked(sentAt, now, timing.intervalMs)) {
      this.#note({ kind: 'link-up', peer: peer.node, link });
      this.#peers.changed(now);
      this.#viewStale = true;
    }
    if (ack.grantMs > 0) {
      this.#lease.acked(peer.node, ack.incarnation, ack.sequence, sentAt, ack.grantMs);
    } else if (ack.refusal?.kind === 'newer-configuration') {
      this.#adopt(ack.refusal.configuration, ack.refusal.voters, now);
    }
  }

  #proveRun(peer: PeerWatch, run: number, timing: HeartTiming, now: Instant): void {
    if (!peer.setRun(run)) return;
    this.#hurry(now, timing); // So that the peer can grant at once.
  }

  #heard(peer: PeerWatch, now: Instant): void {
    this.#note({ kind: 'peer-heard', peer: peer.node });
    this.#peers.changed(now);
    this.#viewStale = true;
  }

  /** R14: the newer set counts at once. */
  #adopt(configuration: number, voters: readonly NodeId[], now: Instant): void {
    if (!this.#lease.adopt(configuration, voters)) return;
    this.#note({ kind: 'voters-adopted', configuration });
    if (this.#configure !== undefined) this.#hurry(now, this.#configure.timing);
  }

  /** The next round of heartbeats comes at once, though not in a storm. */
  #hurry(now: Instant, timing: HeartTiming): void {
    const at = addMs(this.#roundSentAt, timing.intervalMs / 8);
    this.#roundAt = sooner(this.#roundAt, at > now ? at : now);
  }

  // --- The agent -------------------------------------------------------------------------------------------------

  #takeWord(now: Instant): void {
    if (!this.#agent.working) this.#viewAt = now;
    this.#agent.word(now);
  }

  #takeMessage(message: AgentToHeart, now: Instant): void {
    switch (message.kind) {
      case 'hello':
        this.#voter.hello(message.promises, message.floor);
        this.#greet();
        break;
      case 'configure':
        this.#takeConfigure(message, now);
        break;
      case 'voters':
        this.#voters = message;
        this.#voter.setVoters(message.configuration, message.voters);
        this.#adopt(message.configuration, message.voters, now);
        this.#remember();
        break;
      case 'applied':
        this.#voter.setApplied(message.index, message.members);
        this.#takeOwnFact(this.#voter.fact(this.#self), now);
        break;
      case 'promise':
        this.#takePromiseRequest(message, now);
        break;
      case 'release':
        if (this.#voter.release(message.node, message.incarnation)) {
          const { node: peer, incarnation } = message;
          this.#note({ kind: 'promise-released', peer, incarnation });
        }
        break;
      case 'drain':
        this.#voter.drain(message.configuration, this.#lease.until, now);
        break;
      case 'guard':
        this.#guards = message.entries;
        this.#guarded = true;
        this.#remember(); // Before the agent may begin an operation.
        this.#tell({ kind: 'guarded', version: message.version });
        this.#tryOpen(now);
        break;
      case 'set-address':
        this.#setAddress(message, now);
        break;
      case 'remove-address': {
        const { request, held } = message;
        this.#effects.push(this.#addresses.remove(request, this.#connection, held));
        this.#remember();
        break;
      }
      case 'put-down':
        this.#putDownAsAsked(now);
        break;
      case 'bye':
        this.#agent.leaves();
        break;
      case 'pong':
        break;
      default:
        unreachable(message);
    }
  }

  #greet(): void {
    const incarnation = this.#lease.incarnation;
    const leaseUntil = this.#stood ? this.#lease.until : undefined;
    const { promises } = this.#voter;
    const addresses = this.#addresses.held;
    this.#tell({ kind: 'hello', run: this.#run, incarnation, leaseUntil, promises, addresses });
    if (this.#stood) this.#tell({ kind: 'lease', incarnation, standing: true });
    if (this.#gate.isOpen) this.#tell({ kind: 'gate', incarnation, open: true });
    // An earlier agent process has asked to put this incarnation down for good, and may not have heard that it is.
    const over = incarnation > 0 && incarnation <= this.#gate.retired;
    if (over && this.#gate.incarnation === undefined) this.#tell({ kind: 'all-down', incarnation });
    this.#viewStale = true;
  }

  #takeConfigure(message: Configure, now: Instant): void {
    const { timing } = message;
    const keptBefore = this.#configure?.onLeaseLost === 'keep';
    this.#configure = message;
    this.#voter.configure(timing.detectMaxMs, timing.marginMs, now);
    this.#selfStopMs =
      this.#lease.incarnation === 0
        ? timing.selfStopMs
        : Math.min(this.#selfStopMs, timing.selfStopMs);
    if (this.#peers.configure(this.#self, message.peers, now)) this.#hurry(now, timing);
    if (this.#roundAt === never) this.#roundAt = now;
    if (keptBefore && message.onLeaseLost === 'stop' && !this.#stood) this.#shut(now, now);
    this.#remember();
    this.#viewStale = true;
  }

  /** What the applied log says of this node itself: its incarnation is new, or over. */
  #takeOwnFact(fact: MemberFact | undefined, now: Instant): void {
    if (fact === undefined || fact.incarnation < this.#lease.incarnation) return;
    if (fact.incarnation > this.#lease.incarnation) {
      this.#shut(now, now); // R12: the join has ended the incarnation before.
      if (this.#stood) this.#leaseEnded();
      this.#lease.begin(fact.incarnation, this.#sends.sequence + 1);
      this.#selfStopMs = this.#configure?.timing.selfStopMs ?? defaultSelfStopMs;
      this.#lost = fact.lost;
      if (this.#configure !== undefined) this.#hurry(now, this.#configure.timing);
      this.#remember();
    } else if (fact.lost && !this.#lost) {
      this.#lost = true;
      this.#shut(now, now); // R9: it learned that it is lost.
    }
  }

  #takePromiseRequest(message: AgentToHeart & { readonly kind: 'promise' }, now: Instant): void {
    const { node, incarnation, term, round } = message;
    const request: HeldPromise = { node, incarnation, term, round };
    const answer = this.#voter.promise(request, now);
    if (answer === 'promised') this.#promised(request);
    else if (answer === 'heard') this.#tell({ ...request, kind: 'heard' });
  }

  /** R4: in force inside this step; the agent writes it down and only then says so. */
  #promised(promise: HeldPromise): void {
    this.#note({ kind: 'promised', peer: promise.node, incarnation: promise.incarnation });
    this.#tell({ ...promise, kind: 'promised' });
  }

  /** R12: this node asks to join anew only when this incarnation is over and all of it is down. */
  #putDownAsAsked(now: Instant): void {
    const { incarnation } = this.#lease;
    this.#gate.retire(incarnation);
    this.#remember();
    if (this.#gate.incarnation === undefined) this.#tell({ kind: 'all-down', incarnation });
    else this.#shut(now, now);
  }

  // --- Addresses -------------------------------------------------------------------------------------------------

  /** R11: an address is set inside the open gate of the incarnation that asks, or not at all. */
  #setAddress(message: AgentToHeart & { readonly kind: 'set-address' }, now: Instant): void {
    const { request, incarnation, held } = message;
    if (!this.#gate.isOpen || this.#gate.incarnation !== incarnation) {
      this.#tell({ kind: 'address-done', request, error: 'the gate is shut' });
      return;
    }
    const effect = this.#addresses.set(request, this.#connection, held, now);
    this.#remember();
    this.#effects.push(effect);
  }

  #addressDone(request: number, error: string | undefined): void {
    const { answer, undo } = this.#addresses.done(request, error);
    if (undo !== undefined) this.#effects.push(undo);
    if (answer?.connection !== this.#connection) return;
    const shut = undo === undefined ? error : 'the gate was shut';
    this.#tell({ kind: 'address-done', request: answer.request, error: shut });
  }

  // --- Lease and gate --------------------------------------------------------------------------------------------

  #checkLease(now: Instant): void {
    const standing = this.#lease.standing(now);
    if (standing === this.#stood) return;
    if (!standing) {
      this.#leaseEnded();
      if (this.#configure?.onLeaseLost !== 'keep') this.#shut(this.#lease.until, now); // R10.
      return;
    }
    this.#stood = true;
    const { incarnation } = this.#lease;
    this.#note({ kind: 'lease-gained', incarnation });
    this.#tell({ kind: 'lease', incarnation, standing: true });
    this.#tryOpen(now);
  }

  #leaseEnded(): void {
    this.#stood = false;
    const { incarnation } = this.#lease;
    this.#note({ kind: 'lease-ended', incarnation });
    this.#tell({ kind: 'lease', incarnation, standing: false });
  }

  /** R10, R11: opens for the incarnation that holds the lease, once nothing of an earlier time is left. */
  #tryOpen(now: Instant): void {
    if (!this.#guarded || this.#lost || !this.#lease.standing(now)) return;
    const { incarnation } = this.#lease;
    if (this.#gate.mayOpen(incarnation)) this.#perform(this.#gate.open(incarnation), now);
  }

  #shut(endedAt: Instant, now: Instant): void {
    const action = this.#gate.shut(endedAt, this.#selfStopMs, now);
    if (action === undefined) return;
    this.#perform(action, now);
    const incarnation = this.#gate.incarnation ?? 0;
    this.#tell({ kind: 'gate', incarnation, open: false });
    this.#remember();
  }

  #perform(action: GateAction, now: Instant): void {
    switch (action.kind) {
      case 'open':
        this.#remember(); // Before anything can run in it: a later run must find it.
        this.#effects.push({ kind: 'open-gate', incarnation: action.incarnation });
        this.#tell({ kind: 'gate', incarnation: action.incarnation, open: true });
        break;
      case 'put-down':
        this.#effects.push({
          ...action,
          controlGroups: this.#guards.flatMap((guard) => guard.controlGroups),
          addresses: this.#addresses.held,
        });
        break;
      case 'all-down':
        this.#addresses.clear();
        this.#remember();
        this.#note({ kind: 'put-down', incarnation: action.incarnation, tookMs: action.tookMs });
        this.#tell({ kind: 'all-down', incarnation: action.incarnation });
        this.#tryOpen(now); // R10: the lease may be back.
        break;
      case 'reset':
        this.#effects.push({ kind: 'reset-host', reason: action.reason });
        break;
      default:
        unreachable(action);
    }
  }

  // --- Time ------------------------------------------------------------------------------------------------------

  /** Woken late by more than an interval: this node slept, so silence that it noticed says nothing about others. */
  #noticeStall(now: Instant): void {
    const intervalMs = this.#configure?.timing.intervalMs ?? defaultIntervalMs;
    const lateMs = msBetween(this.#due, now);
    if (lateMs <= intervalMs) return;
    this.#note({ kind: 'stalled', forMs: lateMs });
    this.#peers.stalled(now);
    this.#agent.stalled(now);
    this.#voter.stalled(now, 2 * intervalMs);
  }

  /** Verdicts about others: only on `wake`, when all packets that had come in were read. */
  #judge(now: Instant): void {
    const timing = this.#configure?.timing;
    if (timing !== undefined && now >= this.#peers.due) {
      for (const note of this.#peers.check(now, timing)) {
        this.#note(note);
        this.#viewStale = true;
      }
    }
    for (const promise of this.#voter.completed(now)) this.#promised(promise);
    for (const configuration of this.#voter.drained(now)) {
      this.#tell({ kind: 'drained', configuration });
    }
    if (now >= this.#agent.due()) this.#checkAgent(now);
  }

  #checkAgent(now: Instant): void {
    for (const action of this.#agent.check(now)) {
      if (action.kind === 'ping') this.#tell(action);
      else if (action.kind === 'start') {
        this.#effects.push({ kind: 'start-agent' });
        this.#note({ kind: 'agent-started' });
      } else {
        this.#effects.push({ kind: 'kill-agent' });
        this.#note({ kind: 'agent-hung' });
      }
    }
  }

  /** What does not depend on others: done in every step in which it is due. */
  #work(now: Instant): void {
    if (now >= this.#gate.due()) {
      const until =
        this.#gate.incarnation === this.#lease.incarnation ? this.#lease.until : longAgo;
      const actions = this.#gate.check(now, this.#lost ? longAgo : until, this.#selfStopMs);
      for (const action of actions) this.#perform(action, now);
    }
    if (now >= this.#roundAt && this.#configure !== undefined) {
      this.#sendRound(this.#configure.timing, now);
      this.#checkLease(now); // A lone voter gains its lease by sending.
    }
    if (this.#gate.isOpen) {
      const renewal = this.#addresses.renew(now);
      if (renewal !== undefined) this.#effects.push(renewal);
    }
    if (now >= this.#rememberAt) this.#remember();
    else if (this.#rememberAt === never && this.#lease.until > this.#remembered) {
      this.#rememberAt = addMs(now, 2 * (this.#configure?.timing.intervalMs ?? defaultIntervalMs));
    }
    if (now >= this.#feedAt) {
      this.#feedAt = addMs(now, feedMs);
      const quiet = this.#stood || this.#gate.incarnation === undefined;
      const kept = this.#gate.isOpen; // Without a lease only with `keep`.
      if ((quiet || kept) && !this.#gate.failed) this.#effects.push({ kind: 'feed-watchdog' });
    }
  }

  #sendRound(timing: HeartTiming, now: Instant): void {
    const next = addMs(this.#roundAt, timing.intervalMs);
    this.#roundAt = next > now ? next : addMs(now, timing.intervalMs);
    this.#roundSentAt = now;
    this.#checkGrace(timing, now);
    const sequence = this.#sends.sent(now);
    const incarnation = this.#lost || this.#givenUp ? 0 : this.#lease.incarnation;
    if (incarnation > 0) this.#lease.sent(now, this.#ownGrantMs(timing));
    for (const peer of this.#peers.list) {
      for (const watch of peer.links) {
        const packet: HeartbeatPacket = {
          kind: 'heartbeat',
          incarnation,
          run: this.#run,
          sequence,
          configuration: this.#lease.configuration,
          peerRun: peer.run,
          hears: this.#peers.hears,
          agent: this.#agent.working,
          rttMs: watch.rttMs,
        };
        this.#effects.push({ kind: 'send', to: peer.node, link: watch.link, packet });
      }
    }
  }

  /** A node without a working agent asks for no lease any more, so that its resources can go elsewhere. */
  #checkGrace(timing: HeartTiming, now: Instant): void {
    const givenUp = this.#agent.idleMs(now) > timing.agentGraceMs;
    if (givenUp && !this.#givenUp) this.#note({ kind: 'agent-given-up' });
    this.#givenUp = givenUp;
  }

  /** R2: with other voters their grants decide. A lone voter need not fear for long: nobody can declare it lost. */
  #ownGrantMs(timing: HeartTiming): number {
    return this.#lease.voters.length > 1
      ? timing.detectMaxMs
      : Math.min(timing.detectMaxMs, 4 * timing.detectMinMs);
  }

  #sendView(now: Instant): void {
    const timing = this.#configure?.timing;
    this.#viewAt = addMs(now, viewMs);
    this.#viewStale = false;
    if (timing === undefined) return;
    const leaseMs = this.#stood ? msBetween(now, this.#lease.until) : undefined;
    this.#tell({ kind: 'view', view: { leaseMs, peers: this.#peers.view(now, timing) } });
  }

  #nextDue(now: Instant): Instant {
    let due = sooner(this.#roundAt, this.#viewAt);
    due = sooner(due, this.#feedAt);
    due = sooner(due, this.#rememberAt);
    due = sooner(due, this.#gate.due());
    due = sooner(due, this.#agent.due());
    due = sooner(due, this.#voter.due(now));
    if (this.#stood) due = sooner(due, this.#lease.until);
    if (this.#gate.isOpen) due = sooner(due, this.#addresses.due);
    if (this.#configure !== undefined) due = sooner(due, this.#peers.due);
    return due;
  }

  // --- Memory ----------------------------------------------------------------------------------------------------

  /** A run before this one, on the same boot, left this: its lease stands to its end (R2), its gate is this one's. */
  #resume(memory: HeartMemory, now: Instant): void {
    this.#lease.begin(memory.incarnation, 1);
    if (memory.leaseUntil !== undefined) this.#lease.resume(memory.leaseUntil);
    this.#guards = memory.guards;
    this.#guarded = memory.gateOpen;
    if (memory.configure !== undefined) this.#takeConfigure(memory.configure, now);
    if (memory.voters !== undefined)
      this.#lease.adopt(memory.voters.configuration, memory.voters.voters);
    this.#voters = memory.voters;
    const kept = memory.configure?.onLeaseLost === 'keep';
    this.#stood = this.#lease.standing(now);
    if (memory.gateOpen) {
      const retired = memory.incarnation <= memory.retired;
      this.#perform(this.#gate.open(memory.incarnation), now);
      if (retired || !(this.#stood || kept)) {
        this.#shut(sooner(memory.leaseUntil ?? now, now), now);
      }
    }
  }

  #remember(): void {
    this.#remembered = this.#lease.until;
    this.#rememberAt = never;
    const memory: HeartMemory = {
      incarnation: this.#gate.incarnation ?? this.#lease.incarnation,
      leaseUntil: this.#lease.until === longAgo ? undefined : this.#lease.until,
      selfStopMs: this.#selfStopMs,
      gateOpen: this.#gate.incarnation !== undefined,
      addresses: this.#addresses.held,
      guards: this.#guards,
      retired: this.#gate.retired,
      configure: this.#configure,
      voters: this.#voters,
    };
    this.#effects.push({ kind: 'remember', memory });
  }

  // --- Effects ---------------------------------------------------------------------------------------------------

  /** Words to an agent that is not there are lost: the next one is told all by `hello`. */
  #tell(message: HeartToAgent): void {
    if (this.#agent.working) this.#effects.push({ kind: 'agent', message });
  }

  #note(note: HeartNote): void {
    this.#effects.push({ kind: 'note', note });
  }
}

type HeartInputLink = (HeartInput & { readonly kind: 'packet' })['link'];
