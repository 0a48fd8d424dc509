import type { AgentSpec } from './agent-spec.ts';
import type { NodeId, ResourceId } from './ids.ts';

/** What people wrote: the whole configuration of a cluster, complete with its defaults. */
export interface ClusterConfig {
  readonly name: string;
  readonly options: ClusterOptions;
  /** Settings of nodes by name; a member without an entry has the defaults. */
  readonly nodes: Readonly<Record<string, NodeConfig>>;
  /** Every resource once, in the order in which it was written. Group members stand in their group. */
  readonly resources: readonly ResourceConfig[];
  readonly rules: readonly Rule[];
}

export interface ClusterOptions {
  /** Bounds of the lease time D, in ms (DESIGN section 4). */
  readonly detectMinMs: number;
  readonly detectMaxMs: number;
  /** S: from a lost lease until all exclusive resources are down. */
  readonly selfStopMs: number;
  /** How long a node stays a member while its agent restarts. */
  readonly agentGraceMs: number;
  /** What a take-over needs: the passing of D + S, or a confirmed fencing. */
  readonly takeover: 'lease' | 'fencing';
  /** What a lost lease does to exclusive resources; `keep` only where take-over needs fencing. */
  readonly onLeaseLost: 'stop' | 'keep';
  /** The cluster changes nothing. */
  readonly maintenance: boolean;
  /** Score for staying where a resource runs, where it does not say its own. */
  readonly stickiness: number;
  /** Whether resources may run anywhere that no rule forbids. */
  readonly symmetric: boolean;
}

export const defaultOptions: ClusterOptions = {
  detectMinMs: 500,
  detectMaxMs: 5000,
  selfStopMs: 500,
  agentGraceMs: 5000,
  takeover: 'lease',
  onLeaseLost: 'stop',
  maintenance: false,
  stickiness: 1,
  symmetric: true,
};

export interface NodeConfig {
  /** Runs nothing, stays a member. */
  readonly standby: boolean;
  /** The cluster changes nothing on this node. */
  readonly maintenance: boolean;
  /** A witness votes but runs nothing; a learner runs but never votes; auto: the cluster chooses. */
  readonly role: 'auto' | 'voter' | 'learner' | 'witness';
  readonly attributes: Readonly<Record<string, string>>;
}

export const defaultNode: NodeConfig = {
  standby: false,
  maintenance: false,
  role: 'auto',
  attributes: {},
};

export type ResourceConfig = PrimitiveConfig | GroupConfig | CloneConfig;

export interface PrimitiveConfig {
  readonly kind: 'primitive';
  readonly id: ResourceId;
  readonly agent: AgentSpec;
  readonly parameters: Readonly<Record<string, string>>;
  readonly operations: OperationsConfig;
  readonly meta: MetaConfig;
}

/** Members run together on one node, start in this order and stop in the reverse one. */
export interface GroupConfig {
  readonly kind: 'group';
  readonly id: ResourceId;
  readonly members: readonly PrimitiveConfig[];
  readonly meta: MetaConfig;
}

/** Copies of a primitive or group on many nodes. */
export interface CloneConfig {
  readonly kind: 'clone';
  readonly id: ResourceId;
  readonly of: PrimitiveConfig | GroupConfig;
  /** Copies in all; undefined: one for each node. */
  readonly max: number | undefined;
  readonly maxPerNode: number;
  /** Whether what depends on a copy waits for that copy on its own node only. */
  readonly interleave: boolean;
  readonly meta: MetaConfig;
}

export interface OperationsConfig {
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Recurring checks; the first one's timeout bounds probes too. */
  readonly monitors: readonly MonitorConfig[];
}

export interface MonitorConfig {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** OCF_CHECK_LEVEL: 0, 10, 20. */
  readonly depth: number;
}

export interface MetaConfig {
  readonly targetRole: 'started' | 'stopped';
  /** Whether the cluster may act on it. */
  readonly managed: boolean;
  readonly maintenance: boolean;
  /** Higher is placed first. */
  readonly priority: number;
  /** undefined: the cluster's own. */
  readonly stickiness: number | undefined;
  /** Failures on one node within the window: restarts in place up to `restarts`, then it moves. */
  readonly restarts: number;
  readonly failureWindowMs: number;
}

export const defaultMeta: MetaConfig = {
  targetRole: 'started',
  managed: true,
  maintenance: false,
  priority: 0,
  stickiness: undefined,
  restarts: 3,
  failureWindowMs: 600_000,
};

/** A score of this size (or more) is absolute; sums are capped at it. */
export const INFINITY_SCORE = 1_000_000;

export type Rule = LocationRule | ColocationRule | OrderRule;

/** Where a resource would or must (not) run. */
export interface LocationRule {
  readonly kind: 'location';
  readonly id: string;
  readonly resource: ResourceId;
  readonly node: NodeId;
  /** Positive: prefer; negative: avoid; ±1000000: only or never. */
  readonly score: number;
  /** The rule ends by itself at this wall-clock time (ms since 1970), e.g. a ban with a lifetime. */
  readonly untilMs?: number;
}

/** The dependent is placed with (positive) or apart from (negative) the primary. */
export interface ColocationRule {
  readonly kind: 'colocation';
  readonly id: string;
  readonly dependent: ResourceId;
  readonly primary: ResourceId;
  readonly score: number;
}

/** `first` starts before `then`; if symmetrical, `then` stops before `first`. */
export interface OrderRule {
  readonly kind: 'order';
  readonly id: string;
  readonly first: ResourceId;
  readonly then: ResourceId;
  readonly strength: 'mandatory' | 'optional';
  readonly symmetrical: boolean;
}
