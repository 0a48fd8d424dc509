import type { InstanceId, NodeId } from '../../model/ids.ts';
import type { Reason } from '../../model/reason.ts';
import type { ClusterStatus, Failure, InstanceStatus, Order } from '../../model/status.ts';
import type { NodeView } from './nodes.ts';

/** What is known of one instance on one node. */
export interface Local {
  readonly state: 'unknown' | 'stopped' | 'started' | 'failed' | 'blocked';
  /** Of a failed or blocked one. */
  readonly failure: Failure | undefined;
  /** The order that gave it to this node. */
  readonly assignment: number | undefined;
  /** An order that is not answered yet. */
  readonly order: Order | undefined;
  /** The newest stop that ended it here. */
  readonly lastStop: LastStop | undefined;
}

export interface LastStop {
  readonly order: number;
  readonly reason: Reason;
  readonly atMs: number;
}

/** By instance: what is known on each node, in the order of the nodes. */
export type Facts = ReadonlyMap<InstanceId, readonly Local[]>;

const unknown: Local = {
  state: 'unknown',
  failure: undefined,
  assignment: undefined,
  order: undefined,
  lastStop: undefined,
};
const stopped: Local = { ...unknown, state: 'stopped' };

export function readFacts(status: ClusterStatus, nodes: readonly NodeView[]): Facts {
  const nodeOf = new Map<NodeId, NodeView>(nodes.map((node) => [node.id, node]));
  const facts = new Map<InstanceId, Local[]>();
  const row = (instance: InstanceId): Local[] => {
    const found = facts.get(instance) ?? [...unknownEverywhere(nodes)];
    facts.set(instance, found);
    return found;
  };
  for (const item of status.instances) {
    const node = nodeOf.get(item.node);
    if (node !== undefined) row(item.instance)[node.index] = localOf(item);
  }
  for (const order of status.orders) {
    const node = nodeOf.get(order.node);
    // An order to a former incarnation can do nothing any more.
    if (node === undefined || node.incarnation !== order.incarnation) continue;
    const local = row(order.instance);
    local[node.index] = { ...(local[node.index] ?? unknown), order };
  }
  return facts;
}

export function unknownEverywhere(nodes: readonly NodeView[]): readonly Local[] {
  return nodes.map(() => unknown);
}

export function localAt(locals: readonly Local[], node: number): Local {
  return locals[node] ?? unknown;
}

/** It runs, or must be stopped before it may be taken for stopped. */
export function isActive(local: Local): boolean {
  return local.state === 'started' || local.state === 'failed';
}

/** It runs well and nothing is under way. */
export function isUp(local: Local): boolean {
  return local.state === 'started' && local.order === undefined;
}

/** Whether a node that cannot be asked any more may run it, or did so until it went down. */
export function mayRun(local: Local): boolean {
  if (local.state !== 'unknown' && local.state !== 'stopped') return true;
  return local.assignment !== undefined || local.order?.action === 'start';
}

function localOf(item: InstanceStatus): Local {
  const failure = item.blocked ?? item.failed;
  const { assignment, lastStop, sinceMs: atMs } = item;
  const state = stateOf(item);
  if (state === 'stopped' && assignment === undefined && lastStop === undefined) return stopped;
  return { ...unknown, state, failure, assignment, lastStop: lastStop && { ...lastStop, atMs } };
}

function stateOf(item: InstanceStatus): Local['state'] {
  if (item.blocked !== undefined) return 'blocked';
  return item.failed === undefined ? item.role : 'failed';
}
