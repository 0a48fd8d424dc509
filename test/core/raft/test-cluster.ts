import { addMs, type Instant, instant } from '../../../src/base/instant.ts';
import { Prng } from '../../../src/base/prng.ts';
import type { RaftEffect, RaftInput } from '../../../src/core/raft/contract.ts';
import type { Entry, RaftConfiguration } from '../../../src/core/raft/entry.ts';
import type { RaftMessage } from '../../../src/core/raft/messages.ts';
import type { RaftSettings } from '../../../src/core/raft/settings.ts';
import { type NodeId, nodeId } from '../../../src/model/ids.ts';
import { must, Oracle } from './oracle.ts';
import { type Mutation, TestNode } from './test-node.ts';

export interface Faults {
  /** Probabilities for each message. */
  readonly loss: number;
  readonly doubling: number;
  /** Most messages take 1 to 3 ms, some up to so long, so later ones overtake them. */
  readonly delayMaxMs: number;
  /** How many of them do. */
  readonly delayed: number;
  /** A write takes up to so long. */
  readonly diskMaxMs: number;
}

export const calm: Faults = {
  loss: 0,
  doubling: 0,
  delayMaxMs: 3,
  delayed: 0,
  diskMaxMs: 3,
};

interface Event {
  readonly at: Instant;
  readonly order: number;
  readonly run: () => void;
}

export interface ClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly voters: number;
  readonly settings: RaftSettings;
  readonly faults: Faults;
  readonly mutation?: Mutation | undefined;
}

/** A cluster with its network and disks in virtual time, all from one seed. */
export class TestCluster {
  readonly prng: Prng;
  readonly oracle: Oracle = new Oracle();
  readonly nodes: readonly TestNode[];
  faults: Faults;
  /** Pairs `from>to` between which nothing passes. */
  readonly cuts: Set<string> = new Set();
  now: Instant = instant(0);
  /** Marks that were reached, to see that a run was not idle. */
  readonly marks: Map<string, number> = new Map();
  /** Stalled nodes and what waits for them. */
  readonly #stalled = new Map<TestNode, RaftInput[]>();
  /** A binary heap. */
  readonly #events: Event[] = [];
  #order = 0;
  /** Until when the disk of a node hangs. */
  readonly #hanging = new Map<TestNode, Instant>();
  readonly #alarms = new Map<TestNode, Instant>();

  constructor(options: ClusterOptions) {
    this.prng = new Prng(options.seed);
    this.faults = options.faults;
    const ids = Array.from({ length: options.nodes }, (_, i) => nodeId(`n${i + 1}`));
    const voters = ids.slice(0, options.voters);
    this.nodes = ids.map((id) => {
      const configuration: RaftConfiguration = voters.includes(id)
        ? { voters, learners: [] }
        : { voters: [], learners: [] };
      return new TestNode(id, configuration, options.settings, options.mutation);
    });
    for (const node of this.nodes) this.start(node);
  }

  get leader(): TestNode | undefined {
    const leaders = this.nodes.filter((node) => node.raft?.role === 'leader');
    return leaders.sort((a, b) => termOf(b, this.now) - termOf(a, this.now))[0];
  }

  start(node: TestNode): void {
    if (node.isUp) return;
    node.start(this.prng.uint32(), this.now);
    this.#arm(node);
  }

  /** The process stands still for so long; then it gets all that came meanwhile, late. */
  stall(node: TestNode, ms: number): void {
    if (!node.isUp || this.#stalled.has(node)) return;
    this.#stalled.set(node, []);
    this.after(ms, () => {
      const inputs = this.#stalled.get(node) ?? [];
      this.#stalled.delete(node);
      for (const input of inputs) this.input(node, input);
    });
  }

  /** Nothing reaches the disk for so long. */
  hang(node: TestNode, ms: number): void {
    this.#hanging.set(node, addMs(this.now, ms));
  }

  crash(node: TestNode): void {
    if (this.#stalled.has(node)) this.#stalled.set(node, []);
    node.crash(this.prng.integer(0, node.writes.length));
  }

  /** A read at this moment must see all that is committed now. */
  read(node: TestNode, id: number): void {
    this.oracle.asked(id);
    this.input(node, { kind: 'confirm-leadership', id });
  }

  input(node: TestNode, input: RaftInput): void {
    if (!node.isUp) return;
    const waiting = this.#stalled.get(node);
    if (waiting !== undefined) {
      waiting.push(input);
      return;
    }
    this.#perform(node, node.step(input, this.now));
    this.#arm(node);
  }

  after(ms: number, run: () => void): void {
    this.#push({ at: addMs(this.now, ms), order: this.#order, run });
    this.#order += 1;
  }

  runFor(ms: number): void {
    const end = addMs(this.now, ms);
    for (;;) {
      const [next] = this.#events;
      if (next === undefined || next.at > end) break;
      this.#pop();
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }

  runUntil(condition: () => boolean, limitMs: number): boolean {
    const end = addMs(this.now, limitMs);
    while (this.now < end) {
      if (condition()) return true;
      this.runFor(10);
    }
    return condition();
  }

  #arm(node: TestNode): void {
    const deadline = node.deadline();
    if (deadline === undefined || this.#alarms.get(node) === deadline) return;
    this.#alarms.set(node, deadline);
    this.after(Math.max(0, deadline - this.now), () => {
      if (this.#alarms.get(node) === deadline) this.#alarms.delete(node);
      if (node.deadline() === deadline) this.input(node, { kind: 'wake' });
    });
  }

  #perform(node: TestNode, effects: readonly RaftEffect[]): void {
    for (const effect of effects) {
      this.#mark(effect.kind === 'note' ? effect.note.kind : effect.kind);
      switch (effect.kind) {
        case 'persist':
          this.#write(node, effect.ticket);
          break;
        case 'send':
          this.oracle.sent(node.id, effect.to, effect.message);
          this.#send(node, effect.to, effect.message);
          break;
        case 'role':
          if (effect.role === 'leader') this.#elected(node, effect.term);
          break;
        case 'apply':
          this.#apply(node, effect.entries);
          break;
        case 'restore':
          this.oracle.restored(node.id, node.machine, effect.snapshot);
          node.machine.restore(effect.snapshot);
          break;
        case 'leadership-confirmed':
          this.oracle.confirmed(effect.id, effect.index, termOf(node, this.now), node.machine);
          break;
        case 'refused':
          this.#mark(`refused ${effect.what}: ${effect.reason}`);
          break;
        default:
          break;
      }
    }
  }

  #elected(node: TestNode, term: number): void {
    const voters = node.raft?.status(this.now).configuration.voters ?? [];
    // Alone it asks nobody, so its own vote is seen only here.
    if (voters.length === 1 && voters[0] === node.id) this.oracle.voted(node.id, term, node.id);
    this.oracle.elected(node.id, term, voters, node.disk);
  }

  #apply(node: TestNode, entries: readonly Entry[]): void {
    const term = termOf(node, this.now);
    for (const entry of entries) {
      this.oracle.applied(node.id, term, node.machine, entry);
      node.machine.apply(entry);
    }
  }

  #mark(name: string): void {
    this.marks.set(name, (this.marks.get(name) ?? 0) + 1);
  }

  /** Writes end in the order of their tickets; some share one answer. */
  #write(node: TestNode, ticket: number): void {
    const { incarnation } = node;
    const hangsUntil = this.#hanging.get(node) ?? this.now;
    const hangMs = Math.max(0, hangsUntil - this.now);
    this.after(hangMs + this.prng.fraction() * this.faults.diskMaxMs, () => {
      if (!node.isUp || node.incarnation !== incarnation) return;
      const done = node.writes.filter((pending) => pending.ticket <= ticket);
      if (done.length === 0) return;
      node.writes = node.writes.filter((pending) => pending.ticket > ticket);
      for (const { write } of done) node.store(write);
      this.input(node, { kind: 'persisted', ticket });
    });
  }

  #send(node: TestNode, to: NodeId, message: RaftMessage): void {
    const target = this.nodes.find((other) => other.id === to);
    must(target !== undefined && target !== node, `${node.id} sends to ${to}`);
    const copies = this.prng.chance(this.faults.doubling) ? 2 : 1;
    // What is on its way when a cut comes still arrives.
    if (target === undefined || this.cuts.has(`${node.id}>${to}`)) return;
    for (let i = 0; i < copies; i += 1) {
      if (this.prng.chance(this.faults.loss)) continue;
      const maxMs = this.prng.chance(this.faults.delayed) ? this.faults.delayMaxMs : 3;
      this.after(1 + this.prng.fraction() * (maxMs - 1), () => {
        this.input(target, { kind: 'message', from: node.id, message });
      });
    }
  }

  #push(event: Event): void {
    const heap = this.#events;
    heap.push(event);
    let i = heap.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, event)) break;
      heap[i] = above;
      heap[parent] = event;
      i = parent;
    }
  }

  #pop(): void {
    const heap = this.#events;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child += 1;
      const below = heap[child];
      if (below === undefined || isBefore(last, below)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
  }
}

function termOf(node: TestNode, now: Instant): number {
  return node.raft?.status(now).term ?? 0;
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
