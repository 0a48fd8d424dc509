import { unreachable } from '../../base/assert.ts';
import { addMs, type Instant, instant, msBetween } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import type { LinkId, NodeId } from '../../model/ids.ts';
import { AgentWatch } from './agent-watch.ts';
import { Custody } from './custody.ts';
import type { HeartEffect, HeartInput, HeartStart } from './heart-machine.ts';
import { HeartOutbox } from './heart-outbox.ts';
import type { AgentToHeart, HeartTiming, HeldPromise } from './heart-protocol.ts';
import { never, sooner } from './never.ts';
import type { AckPacket, AckRefusal, HeartbeatPacket, Incarnation } from './packet.ts';
import type { PeerWatch } from './peer-watch.ts';
import { Peers } from './peers.ts';
import { SendLog } from './send-log.ts';
import { Voter } from './voter.ts';

const viewMs = 1000;
/** Before the first configuration. */
const defaultIntervalMs = 100;
const unheard: AckRefusal = { kind: 'unheard' };
const longAgo: Instant = instant(Number.NEGATIVE_INFINITY);

type Configure = AgentToHeart & { readonly kind: 'configure' };

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
  readonly #custody: Custody;
  readonly #voter: Voter;
  readonly #agent: AgentWatch;
  #configure: Configure | undefined;
  /** Too long without a working agent: no lease is asked for. */
  #givenUp = false;
  #roundAt: Instant = never;
  #roundSentAt: Instant = longAgo;
  #viewAt: Instant = never;
  #viewStale = false;
  #due: Instant;
  #steppedAt: Instant = longAgo;
  readonly #out: HeartOutbox;

  constructor(start: HeartStart) {
    const { memory, now } = start;
    this.#self = start.self;
    this.#run = start.run;
    this.#agent = new AgentWatch(now);
    this.#out = new HeartOutbox(() => this.#agent.working);
    this.#voter = new Voter(start.self, now);
    this.#custody = new Custody(start, this.#out);
    this.#due = now;
    if (memory?.voters !== undefined) {
      this.#adopt(memory.voters.configuration, memory.voters.voters, now);
    }
    if (memory?.configure !== undefined) this.#takeConfigure(memory.configure, now);
  }

  deadline(): Instant | undefined {
    return this.#due === never ? undefined : this.#due;
  }

  step(input: HeartInput, now: Instant): readonly HeartEffect[] {
    this.#noticeStall(now);
    this.#custody.checkLease(now); // Before the input: after a stall nothing may act on a lease that has ended.
    this.#take(input, now);
    if (input.kind === 'wake') this.#judge(now);
    this.#custody.checkLease(now);
    this.#work(now);
    if (this.#viewStale || now >= this.#viewAt) this.#sendView(now);
    this.#due = this.#nextDue(now);
    return this.#out.take();
  }

  /** R2: end of the lease on this node's clock; long ago where there was none. */
  get leaseUntil(): Instant {
    return this.#custody.lease.until;
  }

  /** The incarnation to which the lease belongs; 0 where there is none. */
  get incarnation(): Incarnation {
    return this.#custody.lease.incarnation;
  }

  /** For tests and the simulator: throws where the parts contradict each other. */
  assertInvariants(now: Instant): void {
    this.#custody.assertInvariants(now);
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
        this.#custody.connected();
        this.#agent.connected(now);
        break;
      case 'agent-down':
        this.#out.note({ kind: 'agent-down' });
        this.#agent.gone(now);
        break;
      case 'put-down-progress':
        this.#custody.putDownProgress(input.incarnation, input.left, now);
        break;
      case 'address-done':
        this.#custody.addressDone(input.request, input.error);
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

  /**
   * Answered at once, on the link by which it came. So is every copy, unless its sender is calm: acks are half of all
   * packets, and one ack grants as much as two.
   */
  #takeHeartbeat(
    peer: PeerWatch,
    link: LinkId,
    packet: HeartbeatPacket,
    timing: HeartTiming,
    now: Instant,
  ): void {
    if (packet.run < peer.run) return;
    // One that does not name this run may be a replay: it proves nothing, and its answer tells the sender this run.
    const fresh = packet.peerRun === this.#run;
    const answered = fresh && packet.calm && packet.run === peer.run && peer.isCopy(packet);
    if (fresh) {
      this.#proveRun(peer, packet.run, timing, now);
      peer.link(link)?.heartbeat(packet.sequence, now);
      const change = peer.heartbeat(packet, now, timing);
      if (change === 'heard') this.#heard(peer, now);
      else if (change === 'figures') this.#viewStale = true;
    }
    if (answered) return;
    const refusal = fresh
      ? (this.#voter.refusal(peer.node, packet) ?? this.#unheard(peer, packet, timing, now))
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
    this.#out.push({ kind: 'send', to: peer.node, link, packet: ack });
  }

  /** A missing ack is always allowed; here it lets a node that only sends be lost. */
  #unheard(
    peer: PeerWatch,
    packet: HeartbeatPacket,
    timing: HeartTiming,
    now: Instant,
  ): AckRefusal | undefined {
    const withinMs = peer.grant.grantMs(timing) / 2;
    return peer.hearsLately(this.#self, packet, now, withinMs) ? undefined : unheard;
  }

  /** R3: this voter stays quiet about the node for as long as it has granted. */
  #granted(node: NodeId, incarnation: Incarnation, until: Instant): void {
    const request = this.#voter.granted(node, incarnation, until);
    if (request !== undefined) this.#out.tell({ ...request, kind: 'heard' });
  }

  #takeAck(peer: PeerWatch, link: LinkId, ack: AckPacket, timing: HeartTiming, now: Instant): void {
    if (ack.run !== this.#run || ack.voterRun < peer.run) return; // R1.
    const sentAt = this.#sends.sentAt(ack.sequence);
    if (sentAt === undefined) return;
    this.#proveRun(peer, ack.voterRun, timing, now);
    if (peer.acked(ack.sequence, now)) this.#heard(peer, now);
    if (peer.link(link)?.acked(sentAt, now, timing.intervalMs)) {
      this.#out.note({ kind: 'link-up', peer: peer.node, link });
      this.#peers.changed(now);
      this.#viewStale = true;
    }
    if (ack.grantMs > 0) {
      this.#custody.lease.acked(peer.node, ack.incarnation, ack.sequence, sentAt, ack.grantMs);
    } else if (ack.refusal?.kind === 'newer-configuration') {
      this.#adopt(ack.refusal.configuration, ack.refusal.voters, now);
    }
  }

  #proveRun(peer: PeerWatch, run: number, timing: HeartTiming, now: Instant): void {
    if (!peer.setRun(run)) return;
    this.#hurry(now, timing); // So that the peer can grant at once.
  }

  #heard(peer: PeerWatch, now: Instant): void {
    this.#out.note({ kind: 'peer-heard', peer: peer.node });
    this.#peers.changed(now);
    this.#viewStale = true;
  }

  /** R14: the newer set counts at once. */
  #adopt(configuration: number, voters: readonly NodeId[], now: Instant): void {
    if (!this.#custody.lease.adopt(configuration, voters)) return;
    this.#out.note({ kind: 'voters-adopted', configuration });
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
        this.#voter.setVoters(message.configuration, message.voters);
        this.#adopt(message.configuration, message.voters, now);
        this.#custody.setVoters(message);
        break;
      case 'applied':
        this.#takeApplied(message, now);
        break;
      case 'promise':
        this.#takePromiseRequest(message, now);
        break;
      case 'release':
        if (this.#voter.release(message.node, message.incarnation)) {
          const { node: peer, incarnation } = message;
          this.#out.note({ kind: 'promise-released', peer, incarnation });
        }
        break;
      case 'drain':
        this.#voter.drain(message.configuration, this.#custody.lease.until, now);
        break;
      case 'guard':
        this.#custody.guard(message.version, message.entries, now);
        break;
      case 'set-address':
        this.#custody.setAddress(message, now);
        break;
      case 'remove-address':
        this.#custody.removeAddress(message.request, message.held);
        break;
      case 'put-down':
        this.#custody.putDownAsAsked(now);
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
    const { incarnation, leaseUntil, addresses } = this.#custody;
    const { promises } = this.#voter;
    this.#out.tell({ kind: 'hello', run: this.#run, incarnation, leaseUntil, promises, addresses });
    this.#custody.greet();
    this.#viewStale = true;
  }

  #takeConfigure(message: Configure, now: Instant): void {
    const { timing } = message;
    this.#configure = message;
    this.#voter.configure(timing.detectMaxMs, timing.marginMs, now);
    // R8: the next run of the heart must wait out what this one may have granted.
    const detectMaxMs = this.#voter.dmaxMs(now) ?? timing.detectMaxMs;
    this.#custody.configure({ ...message, timing: { ...timing, detectMaxMs } }, now);
    if (this.#peers.configure(this.#self, message.peers, now)) this.#hurry(now, timing);
    if (this.#roundAt === never) this.#roundAt = now;
    this.#viewStale = true;
  }

  #takeApplied(message: AgentToHeart & { readonly kind: 'applied' }, now: Instant): void {
    this.#voter.setApplied(message.index, message.members);
    const own = this.#voter.fact(this.#self);
    if (own === undefined) return;
    const joined = this.#custody.takeOwnFact(own, this.#sends.sequence + 1, now);
    if (joined) this.#peers.renewed();
    if (joined && this.#configure !== undefined) this.#hurry(now, this.#configure.timing);
  }

  #takePromiseRequest(message: AgentToHeart & { readonly kind: 'promise' }, now: Instant): void {
    const { node, incarnation, term, round } = message;
    const request: HeldPromise = { node, incarnation, term, round };
    const answer = this.#voter.promise(request, now);
    if (answer === 'promised') this.#promised(request);
    else if (answer === 'heard') this.#out.tell({ ...request, kind: 'heard' });
  }

  /** R4: in force inside this step; the agent writes it down and only then says so. */
  #promised(promise: HeldPromise): void {
    this.#out.note({ kind: 'promised', peer: promise.node, incarnation: promise.incarnation });
    this.#out.tell({ ...promise, kind: 'promised' });
  }

  // --- Time ------------------------------------------------------------------------------------------------------

  /** Woken late by more than an interval: this node slept, so silence that it noticed says nothing about others. */
  #noticeStall(now: Instant): void {
    const intervalMs = this.#configure?.timing.intervalMs ?? defaultIntervalMs;
    const lateMs = msBetween(this.#due > this.#steppedAt ? this.#due : this.#steppedAt, now);
    this.#steppedAt = now;
    if (lateMs <= intervalMs) return;
    this.#out.note({ kind: 'stalled', forMs: lateMs });
    this.#peers.stalled(now);
    this.#agent.stalled(now);
    this.#voter.stalled(now, 2 * intervalMs);
  }

  /** Verdicts about others: only on `wake`, when all packets that had come in were read. */
  #judge(now: Instant): void {
    const timing = this.#configure?.timing;
    if (timing !== undefined && now >= this.#peers.due) {
      for (const note of this.#peers.check(now, timing)) {
        this.#out.note(note);
        this.#viewStale = true;
      }
    }
    for (const promise of this.#voter.completed(now)) this.#promised(promise);
    for (const configuration of this.#voter.drained(now)) {
      this.#out.tell({ kind: 'drained', configuration });
    }
    if (now >= this.#agent.due()) this.#checkAgent(now);
  }

  #checkAgent(now: Instant): void {
    for (const action of this.#agent.check(now)) {
      if (action.kind === 'ping') this.#out.tell(action);
      else if (action.kind === 'start') {
        this.#out.push({ kind: 'start-agent' });
        this.#out.note({ kind: 'agent-started' });
      } else {
        this.#out.push({ kind: 'kill-agent' });
        this.#out.note({ kind: 'agent-hung' });
      }
    }
  }

  /** What does not depend on others: done in every step in which it is due. */
  #work(now: Instant): void {
    this.#custody.work(now);
    if (now < this.#roundAt || this.#configure === undefined) return;
    this.#sendRound(this.#configure.timing, now);
    this.#custody.checkLease(now); // A lone voter gains its lease by sending.
  }

  #sendRound(timing: HeartTiming, now: Instant): void {
    const next = addMs(this.#roundAt, timing.intervalMs);
    this.#roundAt = next > now ? next : addMs(now, timing.intervalMs);
    this.#roundSentAt = now;
    this.#checkGrace(timing, now);
    const sequence = this.#sends.sent(now);
    const incarnation = this.#custody.lost || this.#givenUp ? 0 : this.#custody.lease.incarnation;
    if (incarnation > 0) this.#custody.lease.sent(now, this.#ownGrantMs(timing));
    for (const peer of this.#peers.list) {
      const calm = peer.isCalm(sequence);
      for (const watch of peer.links) {
        const packet: HeartbeatPacket = {
          kind: 'heartbeat',
          incarnation,
          run: this.#run,
          sequence,
          configuration: this.#custody.lease.configuration,
          peerRun: peer.run,
          hears: this.#peers.hears,
          agent: this.#agent.working,
          rttMs: watch.rttMs,
          calm,
        };
        this.#out.push({ kind: 'send', to: peer.node, link: watch.link, packet });
      }
    }
  }

  /** A node without a working agent asks for no lease any more, so that its resources can go elsewhere. */
  #checkGrace(timing: HeartTiming, now: Instant): void {
    const givenUp = this.#agent.idleMs(now) > timing.agentGraceMs;
    if (givenUp && !this.#givenUp) this.#out.note({ kind: 'agent-given-up' });
    this.#givenUp = givenUp;
  }

  /** R2: with other voters their grants decide. A lone voter need not fear for long: nobody can declare it lost. */
  #ownGrantMs(timing: HeartTiming): number {
    return this.#custody.lease.voters.length > 1
      ? timing.detectMaxMs
      : Math.min(timing.detectMaxMs, 4 * timing.detectMinMs);
  }

  #sendView(now: Instant): void {
    const timing = this.#configure?.timing;
    this.#viewAt = addMs(now, viewMs);
    this.#viewStale = false;
    if (timing === undefined) return;
    const { leaseUntil } = this.#custody;
    const leaseMs = leaseUntil === undefined ? undefined : msBetween(now, leaseUntil);
    this.#out.tell({ kind: 'view', view: { leaseMs, peers: this.#peers.view(now, timing) } });
  }

  #nextDue(now: Instant): Instant {
    let due = sooner(this.#roundAt, this.#viewAt);
    due = sooner(due, this.#custody.due());
    due = sooner(due, this.#agent.due());
    due = sooner(due, this.#voter.due(now));
    if (this.#configure !== undefined) due = sooner(due, this.#peers.due);
    return due;
  }
}
