import type { ClusterSecrets } from '../../model/command.ts';
import type { ClusterConfig, PrimitiveConfig } from '../../model/config.ts';
import type { ClusterEvent } from '../../model/event.ts';
import type { InstanceId, NodeId } from '../../model/ids.ts';
import type { Wish } from '../../model/plan.ts';
import type { Failure, InstanceStatus, MemberStatus, Order } from '../../model/status.ts';

/** The replicated state as the handlers change it. Only `ClusterState` holds one. */
export interface State {
  /** Index of the last applied entry. */
  index: number;
  /** Leader's wall clock of the last command. */
  lastMs: number;
  clusterId: string;
  /** Undefined until the bootstrap command. */
  config: ClusterConfig | undefined;
  configVersion: number;
  configSource: string | undefined;
  secrets: ClusterSecrets;
  readonly members: Map<NodeId, MemberStatus>;
  /** Nodes that asked to leave. */
  readonly leaving: Set<NodeId>;
  /** By `instance@node`. */
  readonly instances: Map<string, InstanceStatus>;
  /** By `instance@node`: the resource as it was when its start was ordered; its stop goes by this. */
  readonly definitions: Map<string, PrimitiveConfig>;
  /** By id, oldest first. */
  readonly orders: Map<number, Order>;
  failures: readonly Failure[];
  wishes: readonly Wish[];
  readonly tokens: Map<string, JoinToken>;
  /** The newest ones, oldest first. */
  readonly events: ClusterEvent[];
  nextOrder: number;
  nextWish: number;
  nextNumber: number;
  nextEvent: number;
}

/** A join token that was made and not yet used. */
export interface JoinToken {
  readonly secretHash: string;
  readonly untilMs: number;
}

export function emptyState(): State {
  return {
    index: 0,
    lastMs: 0,
    clusterId: '',
    config: undefined,
    configVersion: 0,
    configSource: undefined,
    secrets: { datagramKeys: [] },
    members: new Map(),
    leaving: new Set(),
    instances: new Map(),
    definitions: new Map(),
    orders: new Map(),
    failures: [],
    wishes: [],
    tokens: new Map(),
    events: [],
    nextOrder: 1,
    nextWish: 1,
    nextNumber: 1,
    nextEvent: 1,
  };
}

export function instanceKey(instance: InstanceId, node: NodeId): string {
  return `${instance}@${node}`;
}
