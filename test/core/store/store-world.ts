import { ClusterState } from '../../../src/core/store/cluster-state.ts';
import type { Outcome } from '../../../src/core/store/outcome.ts';
import type { Command, NewOrder } from '../../../src/model/command.ts';
import {
  type ClusterConfig,
  defaultMeta,
  defaultOptions,
  type PrimitiveConfig,
} from '../../../src/model/config.ts';
import { type InstanceId, type NodeId, nodeId, resourceId } from '../../../src/model/ids.ts';

type Unstamped<C> = C extends unknown ? Omit<C, 'atMs'> : never;

export const alpha: NodeId = nodeId('alpha');
export const beta: NodeId = nodeId('beta');
export const gamma: NodeId = nodeId('gamma');

export function primitive(id: string, parameters: Record<string, string> = {}): PrimitiveConfig {
  return {
    kind: 'primitive',
    id: resourceId(id),
    agent: { kind: 'process' },
    parameters,
    operations: {
      startTimeoutMs: 1000,
      stopTimeoutMs: 1000,
      monitors: [{ intervalMs: 1000, timeoutMs: 1000, depth: 0 }],
    },
    meta: defaultMeta,
  };
}

export function configOf(...resources: readonly PrimitiveConfig[]): ClusterConfig {
  return { name: 'test', options: defaultOptions, nodes: {}, resources, rules: [] };
}

/** A replicated state to which commands are applied one after the other. */
export class StoreWorld {
  state: ClusterState = new ClusterState();
  atMs = 1_000;

  constructor(config: ClusterConfig = configOf(primitive('web'))) {
    this.apply({
      kind: 'bootstrap',
      clusterId: 'cluster',
      config,
      source: undefined,
      secrets: { datagramKeys: [{ generation: 1, secretBase64: 'first' }] },
      node: alpha,
    });
  }

  apply(command: Unstamped<Command>): Outcome {
    return this.state.apply({ ...command, atMs: this.atMs } as Command, this.state.index + 1);
  }

  /** Makes a node known and lets it join. */
  join(...nodes: readonly NodeId[]): void {
    for (const node of nodes) {
      if (this.state.member(node) === undefined) {
        this.apply({ kind: 'add-node', node, addresses: [], tokenId: undefined });
      }
      const previous = this.incarnation(node);
      this.apply({ kind: 'join', node, previous, addresses: [], selfStopMs: 500, version: '1' });
    }
  }

  incarnation(node: NodeId): number {
    return this.state.member(node)?.incarnation ?? 0;
  }

  /** Orders something; the id of the order, or undefined where it was refused. */
  order(action: NewOrder['action'], instance: InstanceId, node: NodeId): number | undefined {
    const order: NewOrder = {
      instance,
      node,
      incarnation: this.incarnation(node),
      action,
      takeover: false,
      reason: { rule: 'node-lost', node },
    };
    const before = new Set([...this.state.orders()].map((item) => item.id));
    this.apply({ kind: 'order', decision: 1, orders: [order] });
    return [...this.state.orders()].find((item) => !before.has(item.id))?.id;
  }

  answer(
    order: number | undefined,
    exitCode = 0,
    status: Extract<Command, { kind: 'result' }>['status'] = 'done',
  ): Outcome {
    const asked = this.state.order(order ?? -1);
    return this.apply({
      kind: 'result',
      order: order ?? -1,
      node: asked?.node ?? alpha,
      incarnation: asked?.incarnation ?? 0,
      status,
      exitCode,
      reason: exitCode === 0 ? '' : 'it said no',
      durationMs: 5,
    });
  }

  /** Probes and starts an instance on a node. */
  start(instance: InstanceId, node: NodeId): number | undefined {
    this.answer(this.order('probe', instance, node), 7);
    const order = this.order('start', instance, node);
    if (order !== undefined) this.answer(order);
    return order;
  }

  lastEvent(): unknown {
    return this.state.eventsAfter(this.state.lastEvent - 1, 1)[0]?.what;
  }
}
