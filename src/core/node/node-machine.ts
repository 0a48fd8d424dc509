import type { ApiRequest, ApiResponse } from '../../api/requests.ts';
import { assert, unreachable } from '../../base/assert.ts';
import { canonicalJson } from '../../base/canonical-json.ts';
import { earliest, type Instant } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import type { Command } from '../../model/command.ts';
import { defaultOptions } from '../../model/config.ts';
import type { NodeId } from '../../model/ids.ts';
import { Executor } from '../executor/executor.ts';
import type { ExecutorEffect, ExecutorInput } from '../executor/executor-io.ts';
import type { HeartToAgent, HeartView, PeerView } from '../membership/heart-protocol.ts';
import { noConfiguration } from '../raft/configuration.ts';
import type { RaftEffect, RaftInput } from '../raft/contract.ts';
import type { Entry } from '../raft/entry.ts';
import { Raft } from '../raft/raft.ts';
import { defaultRaftSettings } from '../raft/settings.ts';
import { ClusterState } from '../store/cluster-state.ts';
import type { NodeContext, Unstamped } from './context.ts';
import { DiskQueue } from './disk-queue.ts';
import { dutiesOf } from './duties.ts';
import { HeartLink } from './heart-link.ts';
import { Leadership } from './leadership.ts';
import { LossDuties } from './loss-duties.ts';
import type { NodeEffect, NodeInput, NodeStart, PeerAddress } from './node-io.ts';
import { OwnMembership } from './own-membership.ts';
import type { PeerMessage } from './peer-message.ts';
import { readAnswer } from './reads.ts';
import { Reports } from './reports.ts';
import { Requests, whyNotLeave } from './requests.ts';
import { Wants } from './wants.ts';

/** So many entries after the last snapshot, a new one is made. */
const SNAPSHOT_EVERY = 2000;
/** The heart notices a dead leader long before: this is for one that hangs, and costs little when idle. */
const RAFT_HEARTBEAT_MS = 400;
/** Room for the ids of requests that one agent process passes on. */
const FORWARDS_PER_PROCESS = 2 ** 20;

/**
 * The whole agent of a node as one machine: routes the effects of one inner machine to the inputs of another.
 * What is committed rules: after every applied entry the parts look at the state anew (level, not edge).
 */
export class NodeMachine implements Machine<NodeInput, NodeEffect> {
  readonly #start: NodeStart;
  readonly #raft: Raft;
  readonly #executor: Executor;
  readonly #wants = new Wants();
  readonly #reports = new Reports(this.#wants);
  readonly #disk = new DiskQueue((effect) => this.#out.push(effect));
  readonly #requests: Requests;
  readonly #membership: OwnMembership;
  readonly #leadership = new Leadership();
  readonly #heartLink: HeartLink;
  readonly #loss: LossDuties;
  readonly #context: NodeContext;
  #state: ClusterState;
  #now: Instant;
  #wallOffsetMs: number;
  #out: NodeEffect[] = [];
  #trouble: readonly string[] = [];
  #saidHello = false;
  #heartIsThere = false;
  #view: HeartView | undefined;
  /** The incarnation whose gate is open; 0 while none is. */
  #gate = 0;
  /** Something changed in this step: what follows from it is done at its end. */
  #isDirty = true;
  /** Index that the last proposal got. */
  #proposed: number | undefined;
  #appliedSinceSnapshot = 0;
  #peers: readonly PeerAddress[] = [];
  #toldPeers = '';
  #toldEvents = 0;
  #toldDuties: readonly unknown[] = [];

  constructor(start: NodeStart) {
    const { disk, self, prng, now } = start;
    this.#start = start;
    this.#now = now;
    this.#wallOffsetMs = start.wallOffsetMs;
    this.#state =
      disk.snapshot === undefined ? new ClusterState() : ClusterState.restore(disk.snapshot.data);
    this.#raft = new Raft(
      {
        self,
        term: disk.term,
        commit: disk.commit,
        entries: disk.entries,
        configuration: disk.snapshot?.configuration ?? noConfiguration,
        settings: { ...defaultRaftSettings, heartbeatMs: RAFT_HEARTBEAT_MS },
        prng,
        ...(disk.votedFor === undefined ? {} : { votedFor: disk.votedFor }),
        ...(disk.snapshot === undefined ? {} : { snapshot: disk.snapshot }),
      },
      now,
    );
    this.#requests = new Requests(prng.uint32() * FORWARDS_PER_PROCESS);
    this.#executor = new Executor(start.firstOperation);
    this.#membership = new OwnMembership(start.addresses, this.#wants);
    this.#heartLink = new HeartLink(disk.floor, disk.detectMaxMs);
    this.#loss = new LossDuties(self, disk, this.#detectMaxMs(), now);
    this.#context = this.#makeContext();
  }

  deadline(): Instant | undefined {
    return earliest(
      this.#raft.deadline(),
      this.#executor.deadline(),
      // Without a leader there is nobody to say it to; a new one is told at once.
      this.#raft.leader === undefined ? undefined : this.#wants.deadline(),
      this.#requests.deadline(),
      this.#leadership.deadline(),
      this.#loss.deadline(),
      this.#heartLink.deadline(),
    );
  }

  step(input: NodeInput, now: Instant): readonly NodeEffect[] {
    this.#now = now;
    if (!this.#saidHello) this.#helloHeart();
    this.#take(input);
    this.#follow();
    const out = this.#out;
    this.#out = [];
    return out;
  }

  /** For tests and the simulator. */
  get state(): ClusterState {
    return this.#state;
  }

  get raft(): Raft {
    return this.#raft;
  }

  get incarnation(): number {
    return this.#membership.incarnation;
  }

  #take(input: NodeInput): void {
    switch (input.kind) {
      case 'wake':
        return this.#wake();
      case 'message':
        return this.#receive(input.from, input.message);
      case 'stream':
        if (input.up) this.#raftStep({ kind: 'stream-up', peer: input.peer });
        return;
      case 'persisted':
        return this.#disk.persisted(input.ticket);
      case 'disk-trouble':
        return this.#diskTrouble(input.reason);
      case 'heart':
        return this.#hear(input.message);
      case 'operation-done':
      case 'ended':
        return this.#execute(input);
      case 'mended':
        return this.#reports.mended(input.instance, input.detail, this.#context);
      case 'request':
        return this.#request(input.id, input.request);
      case 'wall-clock':
        this.#wallOffsetMs = input.offsetMs;
        return;
      default:
        return unreachable(input);
    }
  }

  #wake(): void {
    if (isDue(this.#raft.deadline(), this.#now)) this.#raftStep({ kind: 'wake' });
    if (isDue(this.#executor.deadline(), this.#now)) this.#execute({ kind: 'wake' });
    if (isDue(this.#loss.deadline(), this.#now)) this.#loss.wake(this.#context);
    this.#requests.wake(this.#context);
    this.#heartLink.wake(this.#context);
  }

  #receive(from: NodeId, message: PeerMessage): void {
    switch (message.kind) {
      case 'raft':
        this.#raftStep({ kind: 'message', from, message: message.message });
        return this.#doubtLeader(from);
      case 'loss':
        return this.#loss.receive(from, message.message, this.#context);
      case 'propose':
        // Only the leader can; whoever asked says it again until the log shows it.
        if (this.#raft.role === 'leader') this.#append(message.command);
        return;
      case 'request':
        return this.#requests.fromPeer(from, message.id, message.request, this.#context);
      case 'response':
        return this.#requests.response(message.id, message.response, this.#context);
      default:
        return unreachable(message);
    }
  }

  // --- The heart -------------------------------------------------------------------------------------------------

  #hear(message: HeartToAgent): void {
    switch (message.kind) {
      case 'hello':
        this.#gate = 0; // If it is open, the heart says so next.
        this.#heartIsThere = true;
        this.#heartLink.reset();
        this.#loss.heartHello(message.promises, this.#context);
        this.#membership.heartHello(message.incarnation, this.#context);
        break;
      case 'lease':
        break; // The gate says what follows from it.
      case 'gate':
        this.#gate = message.open ? message.incarnation : 0;
        break;
      case 'view':
        this.#takeView(message.view);
        break;
      case 'promised':
      case 'heard':
      case 'drained':
        this.#loss.heartSays(message, this.#context);
        break;
      case 'guarded':
        this.#heartLink.guarded(message.version);
        break;
      case 'address-done':
        break; // For the address agent; the runtime takes it from there.
      case 'all-down':
        this.#gate = 0;
        this.#membership.allDown(message.retired, this.#context);
        break;
      case 'ping':
        this.#out.push({ kind: 'heart', message: { kind: 'pong', ping: message.ping } });
        return;
      default:
        return unreachable(message);
    }
    this.#isDirty = true;
  }

  /** A peer that turned silent or is heard again is news for Raft: an election need not wait for its timeout. */
  #takeView(view: HeartView): void {
    const before = this.#view;
    this.#view = view;
    this.#loss.viewChanged(this.#context);
    for (const peer of view.peers) {
      const isConnected = this.#hearsMutually(peer);
      const known = before?.peers.find((other) => other.node === peer.node);
      if (known !== undefined && this.#hearsMutually(known) === isConnected) continue;
      this.#raftStep({ kind: isConnected ? 'peer-heard' : 'peer-silent', peer: peer.node });
    }
  }

  /** What a leader said before it fell silent may be read after that; it must not put the election off. */
  #doubtLeader(from: NodeId): void {
    if (from !== this.#raft.leader) return;
    const peer = this.#view?.peers.find((other) => other.node === from);
    if (peer === undefined || this.#hearsMutually(peer)) return;
    this.#raftStep({ kind: 'peer-silent', peer: from });
  }

  /** A peer that is heard but hears nothing of this node is no leader to wait for. */
  #hearsMutually(peer: PeerView): boolean {
    return peer.heard && peer.hears.includes(this.#start.self);
  }

  /** The agent's first word: promises that stand, and the floor (R8). The heart answers with its own hello. */
  #helloHeart(): void {
    this.#saidHello = true;
    const { promises, floor } = this.#loss;
    this.#out.push({ kind: 'heart', message: { kind: 'hello', promises, floor } });
    // What the disk knows as committed is applied now: a learner has no deadline, and learns its peers from that.
    this.#raftStep({ kind: 'wake' });
  }

  // --- Disk ------------------------------------------------------------------------------------------------------

  /** Nothing gets durable, so nothing is promised, voted or acknowledged meanwhile; leadership goes elsewhere. */
  #diskTrouble(reason: string | undefined): void {
    this.#trouble = reason === undefined ? [] : [reason];
    this.#out.push({ kind: 'note', note: { kind: 'disk-trouble', reason } });
    if (reason !== undefined) this.#handOver();
  }

  // --- Raft ------------------------------------------------------------------------------------------------------

  #raftStep(input: RaftInput): void {
    for (const effect of this.#raft.step(input, this.#now)) this.#raftEffect(effect);
  }

  #raftEffect(effect: RaftEffect): void {
    switch (effect.kind) {
      case 'persist': {
        const { ticket } = effect;
        return this.#disk.write({ raft: effect.write }, () =>
          this.#raftStep({ kind: 'persisted', ticket }),
        );
      }
      case 'send':
        return this.#send(effect.to, { kind: 'raft', message: effect.message });
      case 'apply':
        for (const entry of effect.entries) this.#apply(entry);
        return;
      case 'restore':
        this.#state = ClusterState.restore(effect.snapshot.data);
        this.#loss.restored(effect.snapshot.index, effect.snapshot.term, this.#context);
        this.#isDirty = true;
        return;
      case 'role':
        return this.#roleChanged(effect);
      case 'proposed':
        this.#proposed = effect.firstIndex;
        return;
      case 'refused':
        return;
      case 'leadership-confirmed':
      case 'leadership-unconfirmed':
        return; // Reads are answered from the applied state and say so.
      case 'note':
        this.#out.push({ kind: 'note', note: { kind: 'raft', note: effect.note } });
        return;
      default:
        return unreachable(effect);
    }
  }

  #roleChanged(effect: RaftEffect & { readonly kind: 'role' }): void {
    this.#leadership.roleChanged(effect.role === 'leader', effect.term, this.#context);
    this.#loss.roleChanged(effect.role === 'leader', effect.term, effect.leader, this.#context);
    if (effect.leader !== undefined) {
      this.#wants.sayAllAgain(this.#now);
      this.#requests.leaderChanged(this.#context);
    }
    this.#isDirty = true;
  }

  #apply(entry: Entry): void {
    this.#isDirty = true;
    const { index, term } = entry;
    this.#appliedSinceSnapshot += 1;
    if (entry.kind === 'command') {
      const command = entry.command as Command;
      const outcome = this.#state.apply(command, index);
      if (outcome.kind === 'refused') {
        this.#out.push({ kind: 'note', note: { kind: 'refused', text: outcome.message } });
      }
      this.#requests.applied(index, term, outcome, this.#context);
      this.#leadership.applied(index, command, this.#context);
      this.#loss.applied(
        index,
        term,
        outcome.kind === 'applied' ? command : undefined,
        this.#context,
      );
      return;
    }
    this.#state.skip(index);
    if (entry.kind === 'configuration') {
      this.#state.votersChanged(entry.configuration.voters);
    }
    this.#loss.applied(index, term, undefined, this.#context);
  }

  #append(command: Unstamped<Command>): number | undefined {
    this.#proposed = undefined;
    const stamped = { ...command, atMs: this.#wallMs() } as Command;
    this.#raftStep({ kind: 'propose', commands: [stamped] });
    return this.#proposed;
  }

  #send(to: NodeId, message: PeerMessage): void {
    this.#out.push({ kind: 'send', to, message });
  }

  // --- Execution -------------------------------------------------------------------------------------------------

  #execute(input: ExecutorInput): void {
    for (const effect of this.#executor.step(input, this.#now)) this.#executorEffect(effect);
  }

  #executorEffect(effect: ExecutorEffect): void {
    switch (effect.kind) {
      case 'operate':
      case 'cancel':
      case 'watch':
        this.#out.push(effect);
        return;
      case 'answer':
        return this.#reports.answer(effect, this.#context);
      case 'failure':
        return this.#reports.failure(effect, this.#membership.incarnation, this.#context);
      default:
        return unreachable(effect);
    }
  }

  // --- Requests --------------------------------------------------------------------------------------------------

  #request(id: number, request: ApiRequest): void {
    const read = readAnswer(request, this.#membership.incarnation, this.#trouble, this.#context);
    if (read !== undefined) return this.#respond(id, read);
    if (request.kind !== 'leave') return this.#requests.fromClient(id, request, this.#context);
    const unsafe = whyNotLeave(this.#context);
    if (unsafe !== undefined) return this.#respond(id, unsafe);
    this.#handOver();
    this.#membership.leave(this.#context);
    this.#isDirty = true;
    const { index } = this.#state;
    this.#respond(id, { kind: 'done', changed: true, index, plan: undefined });
  }

  #respond(id: number, response: ApiResponse): void {
    this.#out.push({ kind: 'respond', id, response });
  }

  /** Gives leadership away, to the voter with the newest log, if this node leads. */
  #handOver(): void {
    if (this.#raft.role !== 'leader') return;
    const status = this.#raft.status(this.#now);
    const [best] = status.peers
      .filter((peer) => status.configuration.voters.includes(peer.peer))
      .toSorted((a, b) => b.match - a.match);
    if (best !== undefined) this.#raftStep({ kind: 'transfer', to: best.peer });
  }

  // --- What follows from a step ----------------------------------------------------------------------------------

  /** Level-triggered: each part compares the applied state with what it has done, until nothing more follows. */
  #follow(): void {
    for (let round = 0; this.#isDirty; round += 1) {
      assert(round < 100, 'node: a step never settles');
      this.#isDirty = false;
      this.#wants.settle(this.#state);
      this.#membership.advance(this.#context);
      this.#tellPeers();
      if (this.#heartIsThere) {
        this.#heartLink.tell(this.#peers, this.#membership, this.#context);
      }
      this.#tellDuties();
      this.#followAlways();
    }
    this.#followAlways();
    this.#tellEvents();
    this.#compact();
  }

  /** What may be due by time alone. */
  #followAlways(): void {
    this.#sayWants();
    this.#loss.advance(this.#context);
    if (this.#raft.role !== 'leader') return;
    this.#leadership.advance(this.#loss.mayChangeVoters, this.#context);
  }

  #detectMaxMs(): number {
    return (this.#state.config?.options ?? defaultOptions).detectMaxMs;
  }

  #tellEvents(): void {
    const { lastEvent } = this.#state;
    if (lastEvent === this.#toldEvents) return;
    this.#toldEvents = lastEvent;
    this.#out.push({ kind: 'events' });
  }

  #tellPeers(): void {
    const members = this.#state.members();
    const known = members.length > 0 ? members : this.#start.seeds;
    const secrets = members.length > 0 ? this.#state.secrets : this.#start.secrets;
    const peers = known.map(({ node, number, addresses, fingerprint }) => ({
      node,
      number,
      addresses,
      fingerprint,
    }));
    const text = canonicalJson([peers, secrets]);
    if (text === this.#toldPeers) return;
    this.#toldPeers = text;
    this.#peers = peers;
    this.#out.push({ kind: 'peers', peers, secrets });
  }

  #tellDuties(): void {
    const { incarnation } = this.#membership;
    const gateOpen = incarnation !== 0 && this.#gate === incarnation && this.#heartLink.isGuarded;
    const basis = [this.#state.facts(), this.#state.configVersion, incarnation, gateOpen];
    if (basis.every((item, at) => item === this.#toldDuties[at])) return;
    this.#toldDuties = basis;
    const duties = dutiesOf(this.#state, this.#start.self, incarnation, gateOpen);
    this.#execute({ kind: 'duties', duties });
  }

  #sayWants(): void {
    const leader = this.#raft.leader;
    if (leader === undefined) return;
    for (const command of this.#wants.due(this.#now)) {
      if (leader === this.#start.self) this.#append(command);
      else this.#send(leader, { kind: 'propose', command });
    }
  }

  #compact(): void {
    if (this.#appliedSinceSnapshot < SNAPSHOT_EVERY) return;
    this.#appliedSinceSnapshot = 0;
    this.#raftStep({ kind: 'snapshot', index: this.#state.index, data: this.#state.snapshot() });
  }

  #wallMs(): number {
    return Math.round(this.#now + this.#wallOffsetMs);
  }

  /** One object for the machine's whole life: its parts always see the present state. */
  #makeContext(): NodeContext {
    const machine = this;
    return {
      self: this.#start.self,
      version: this.#start.version,
      raft: this.#raft,
      get state() {
        return machine.#state;
      },
      get now() {
        return machine.#now;
      },
      get wallMs() {
        return machine.#wallMs();
      },
      get view() {
        return machine.#view;
      },
      emit: (effect) => {
        this.#out.push(effect);
      },
      send: (to, message) => this.#send(to, message),
      toHeart: (message) => {
        this.#out.push({ kind: 'heart', message });
      },
      append: (command) => this.#append(command),
      raftStep: (input) => this.#raftStep(input),
      persist: (write, done) => this.#disk.write(write, done),
      changed: () => {
        this.#isDirty = true;
      },
    };
  }
}

function isDue(at: Instant | undefined, now: Instant): boolean {
  return at !== undefined && at <= now;
}
