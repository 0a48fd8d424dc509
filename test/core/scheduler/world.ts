import { schedule } from '../../../src/core/scheduler/schedule.ts';
import { ClusterState } from '../../../src/core/store/cluster-state.ts';
import { nextOrders } from '../../../src/core/transition/next-orders.ts';
import type { Command } from '../../../src/model/command.ts';
import { type ClusterConfig, defaultOptions } from '../../../src/model/config.ts';
import { type InstanceId, isExclusive, type NodeId, nodeId } from '../../../src/model/ids.ts';
import type { Plan, Snapshot } from '../../../src/model/plan.ts';
import type { Reason } from '../../../src/model/reason.ts';
import type { ClusterStatus, InstanceStatus, Order } from '../../../src/model/status.ts';

/** How a node answers an order. */
export interface Answer {
  readonly exitCode: number;
  readonly reason: string;
}

const good: Answer = { exitCode: 0, reason: '' };

// Commands without the leader's time, which the world adds.
type Unstamped<C> = C extends unknown ? Omit<C, 'atMs'> : never;

/**
 * A cluster with the real replicated state, in which orders are carried out by a model that knows what truly runs.
 * It fails the test as soon as an instance that may run once is started while it runs on another living node.
 */
export class World {
  readonly state: ClusterState = new ClusterState();
  config: ClusterConfig;
  wallMs = 1_000_000;
  changed: readonly InstanceId[] = [];
  /** `instance@node` of all that truly runs, known to the cluster or not. */
  readonly running: Set<string> = new Set();
  readonly #stops = new Map<string, { readonly order: number; readonly reason: Reason }>();

  constructor(config: Partial<ClusterConfig> = {}) {
    this.config = {
      name: 'test',
      options: defaultOptions,
      nodes: {},
      resources: [],
      rules: [],
      ...config,
    };
    this.apply({
      kind: 'bootstrap',
      clusterId: 'test',
      config: this.config,
      source: undefined,
      node: nodeId('alpha'),
      secrets: { datagramKeys: [] },
    });
  }

  apply(command: Unstamped<Command>): void {
    this.state.apply({ ...command, atMs: this.wallMs } as Command, this.state.index + 1);
  }

  add(node: NodeId): void {
    this.apply({ kind: 'add-node', node, addresses: [], tokenId: undefined });
  }

  join(node: NodeId): void {
    for (const place of [...this.running]) {
      if (place.endsWith(`@${node}`) && this.#wasOrdered(place)) this.running.delete(place);
    }
    const previous = this.state.member(node)?.incarnation ?? 0;
    this.apply({ kind: 'join', node, previous, addresses: [], selfStopMs: 500, version: '1' });
  }

  /** What the cluster had started there ends with the incarnation. */
  down(node: NodeId): void {
    for (const place of [...this.running]) {
      if (place.endsWith(`@${node}`)) this.running.delete(place);
    }
    this.apply({ kind: 'down', node, incarnation: this.incarnation(node), proof: 'lease' });
  }

  incarnation(node: NodeId): number {
    return this.state.member(node)?.incarnation ?? 0;
  }

  configure(change: Partial<ClusterConfig>): void {
    this.config = { ...this.config, ...change };
    this.apply({
      kind: 'configure',
      config: this.config,
      ifVersion: this.state.configVersion,
      source: undefined,
      by: 'test',
      what: 'test',
    });
  }

  snapshot(): Snapshot {
    return {
      config: this.config,
      status: this.#facts(),
      wallMs: this.wallMs,
      wishes: this.state.wishes,
      leaving: this.state.leaving,
      changed: this.changed,
    };
  }

  plan(): Plan {
    return schedule(this.snapshot());
  }

  /** Gives out what the plan allows now, and ends its wishes. */
  giveOrders(limit: number = Number.POSITIVE_INFINITY): readonly Order[] {
    const plan = this.plan();
    for (const { id, fulfilled } of plan.wishesDone) {
      this.apply({ kind: 'wish-done', id, fulfilled });
    }
    const orders = nextOrders(plan, this.state.facts()).slice(0, limit);
    if (orders.length === 0) return [];
    const before = new Set([...this.state.orders()].map((order) => order.id));
    const event = this.state.lastEvent;
    this.apply({ kind: 'order', decision: this.state.index, orders });
    for (const { what } of this.state.eventsAfter(event, 1000)) {
      if (what.kind === 'refused') throw new Error(`the state refused an order: ${what.text}`);
    }
    return [...this.state.orders()].filter((order) => !before.has(order.id));
  }

  /** The node carries out an order and says what came of it. */
  answer(order: Order, answer: Answer = good): void {
    const place = `${order.instance}@${order.node}`;
    let exitCode = answer.exitCode;
    if (order.action === 'probe' && exitCode === 0 && !this.running.has(place)) exitCode = 7;
    if (order.action === 'start') this.#start(order, exitCode === 0);
    if (order.action === 'stop' && exitCode === 0) this.running.delete(place);
    if (order.action === 'stop' && exitCode === 0) {
      this.#stops.set(place, { order: order.id, reason: order.reason });
    }
    this.apply({
      kind: 'result',
      order: order.id,
      node: order.node,
      incarnation: order.incarnation,
      status: 'done',
      exitCode,
      reason: answer.reason,
      durationMs: 1,
    });
    if (order.action === 'start') {
      this.changed = this.changed.filter((instance) => instance !== order.instance);
    }
  }

  /** Something that runs is found dead. */
  fail(instance: InstanceId, node: NodeId, answer: Answer): void {
    const status = this.instance(instance, node);
    this.running.delete(`${instance}@${node}`);
    if (status?.assignment === undefined) throw new Error(`${instance} is not active on ${node}`);
    this.apply({
      kind: 'failure',
      node,
      incarnation: this.incarnation(node),
      instance,
      assignment: status.assignment,
      action: 'monitor',
      ...answer,
    });
  }

  instance(instance: InstanceId, node: NodeId): InstanceStatus | undefined {
    return this.state.instance(instance, node);
  }

  /** Carries out everything with success until nothing is left to be ordered; the ids in their order. */
  settle(maxRounds: number = 200): readonly string[] {
    const done: string[] = [];
    for (let round = 0; round < maxRounds; round += 1) {
      for (const order of [...this.state.orders()]) this.answer(order);
      const orders = this.giveOrders();
      done.push(...orders.map((order) => `${order.action} ${order.instance} on ${order.node}`));
      if (orders.length === 0 && this.#isQuiet()) return done;
    }
    throw new Error(`not settled after ${maxRounds} rounds: ${done.slice(-8).join(', ')}`);
  }

  /** Where an instance runs as the cluster knows it. */
  placesOf(instance: InstanceId): readonly NodeId[] {
    return this.state
      .facts()
      .instances.filter((item) => item.instance === instance && item.role === 'started')
      .filter((item) => this.state.member(item.node)?.presence === 'joined')
      .map((item) => item.node);
  }

  #isQuiet(): boolean {
    const plan = this.plan();
    return plan.wishesDone.length === 0 && nextOrders(plan, this.state.facts()).length === 0;
  }

  /** The facts, each stopped instance with the stop that ended it. */
  #facts(): ClusterStatus {
    const facts = this.state.facts();
    const instances = facts.instances.map((item): InstanceStatus => {
      const stop = this.#stops.get(`${item.instance}@${item.node}`);
      return item.role === 'started' || stop === undefined ? item : { ...item, lastStop: stop };
    });
    return { ...facts, instances };
  }

  #start(order: Order, succeeds: boolean): void {
    if (isExclusive(order.instance)) {
      for (const member of this.state.members()) {
        if (member.node === order.node || !this.running.has(`${order.instance}@${member.node}`)) {
          continue;
        }
        throw new Error(
          `${order.instance} started on ${order.node} while it runs on ${member.node}`,
        );
      }
    }
    if (succeeds) this.running.add(`${order.instance}@${order.node}`);
  }

  #wasOrdered(place: string): boolean {
    const [instance, node] = place.split('@') as [InstanceId, NodeId];
    return this.instance(instance, node)?.assignment !== undefined;
  }
}
