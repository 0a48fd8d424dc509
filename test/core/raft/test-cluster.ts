import { addMs, type Instant, instant } from '../../../src/base/instant.ts';
import { Prng } from '../../../src/base/prng.ts';
import type { RaftEffect, RaftInput } from '../../../src/core/raft/contract.ts';
import type { RaftConfiguration } from '../../../src/core/raft/entry.ts';
import type { RaftMessage } from '../../../src/core/raft/messages.ts';
import type { RaftSettings } from '../../../src/core/raft/settings.ts';
import { type NodeId, nodeId } from '../../../src/model/ids.ts';
import { must, Oracle } from './oracle.ts';
import { type Mutation, TestNode } from './test-node.ts';

export interface Faults {
  /** Probabilities for each message. */
  readonly loss: number;
  readonly doubling: number;
  /** A message is on its way for 1 ms up to so long, so later ones overtake it. */
  readonly delayMaxMs: number;
  /** A write takes up to so long. */
  readonly diskMaxMs: number;
}

export const calm: Faults = { loss: 0, doubling: 0, delayMaxMs: 2, diskMaxMs: 3 };

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
  readonly #reads = new Map<number, number>();
  /** A binary heap. */
  readonly #events: Event[] = [];
  #order = 0;
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
    const termOf = (node: TestNode): number => node.raft?.status(this.now).term ?? 0;
    return leaders.sort((a, b) => termOf(b) - termOf(a))[0];
  }

  start(node: TestNode): void {
    if (node.isUp) return;
    node.start(this.prng.uint32(), this.now);
    this.#arm(node);
  }

  crash(node: TestNode): void {
    node.crash(this.prng.integer(0, node.writes.length));
  }

  /** A read at this moment must see all that is committed now. */
  read(node: TestNode, id: number): void {
    this.#reads.set(id, this.oracle.commit);
    this.input(node, { kind: 'confirm-leadership', id });
  }

  input(node: TestNode, input: RaftInput): void {
    if (!node.isUp) return;
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
          this.#send(node, effect.to, effect.message);
          break;
        case 'role':
          if (effect.role === 'leader') this.oracle.elected(node.id, effect.term, node.disk);
          break;
        case 'apply':
          for (const entry of effect.entries) {
            this.oracle.applied(node.id, node.machine, entry);
            node.machine.apply(entry);
          }
          break;
        case 'restore':
          this.oracle.restored(node.id, node.machine, effect.snapshot);
          node.machine.restore(effect.snapshot);
          break;
        case 'leadership-confirmed':
          must(effect.index >= (this.#reads.get(effect.id) ?? 0), `stale read ${effect.id}`);
          must(node.machine.index >= effect.index, `read ${effect.id} before it was applied`);
          break;
        case 'refused':
          this.#mark(`refused ${effect.what}: ${effect.reason}`);
          break;
        default:
          break;
      }
    }
  }

  #mark(name: string): void {
    this.marks.set(name, (this.marks.get(name) ?? 0) + 1);
  }

  /** Writes end in the order of their tickets; some share one answer. */
  #write(node: TestNode, ticket: number): void {
    const { incarnation } = node;
    this.after(this.prng.fraction() * this.faults.diskMaxMs, () => {
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
    for (let i = 0; i < copies; i += 1) {
      if (this.prng.chance(this.faults.loss)) continue;
      this.after(1 + this.prng.fraction() * this.faults.delayMaxMs, () => {
        if (target === undefined || this.cuts.has(`${node.id}>${to}`)) return;
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

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
