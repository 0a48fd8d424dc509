import type { ClusterConfig } from './config.ts';
import type { InstanceId, NodeId, ResourceId } from './ids.ts';
import type { Reason } from './reason.ts';
import type { ClusterStatus } from './status.ts';

/** What the scheduler decides from: equal snapshots give equal plans. */
export interface Snapshot {
  readonly config: ClusterConfig;
  readonly status: ClusterStatus;
  /** Wall-clock time in ms since 1970, for failure windows and bans with an end. */
  readonly wallMs: number;
  /** One-time wishes of operators that are not configuration: `resource move`, `resource restart`. */
  readonly wishes: readonly Wish[];
  /** Nodes that asked to leave: everything moves away from them first. */
  readonly leaving: readonly NodeId[];
  /** Instances that run with an older definition (agent, parameters): they are restarted in place. */
  readonly changed?: readonly InstanceId[];
}

/** Gone as soon as it is fulfilled or cannot be. */
export type Wish =
  | {
      readonly kind: 'move';
      readonly id: number;
      readonly resource: ResourceId;
      readonly to: NodeId;
    }
  | {
      readonly kind: 'restart';
      readonly id: number;
      readonly resource: ResourceId;
      /** Instances started by an order newer than this have been restarted. */
      readonly afterOrder: number;
    };

/** What the scheduler decides. */
export interface Plan {
  readonly assignments: readonly Assignment[];
  /** In an order in which they could be done one after the other. */
  readonly actions: readonly PlannedAction[];
  /** Wishes that are fulfilled or hopeless, to be forgotten. */
  readonly wishesDone: readonly {
    readonly id: number;
    readonly fulfilled: boolean;
    readonly reason: Reason | undefined;
  }[];
  /** When the plan may change without any new fact (a failure is forgotten, a ban ends); wall clock, ms. */
  readonly recheckAtMs: number | undefined;
}

/** Where an instance shall run, and why there; or why nowhere. */
export interface Assignment {
  readonly instance: InstanceId;
  readonly resource: ResourceId;
  readonly node: NodeId | undefined;
  readonly reason: Reason;
  /** Every node that was looked at, best first, with its score and what made it. */
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly node: NodeId;
  /** -1000000: impossible. */
  readonly score: number;
  readonly reasons: readonly Reason[];
}

export interface PlannedAction {
  /** Unique in the plan, stable for equal plans: `start web on alpha`. */
  readonly id: string;
  readonly action: 'probe' | 'start' | 'stop';
  readonly instance: InstanceId;
  readonly node: NodeId;
  /** Already ordered and not yet answered: not to be ordered again; what depends on it waits. */
  readonly inFlight: boolean;
  /** Ids of the actions that must have succeeded before. No other barrier exists. */
  readonly after: readonly string[];
  /** Why it cannot be done now although the plan wants it; such actions are never ordered. */
  readonly blockedBy: Reason | undefined;
  readonly takeover: boolean;
  readonly reason: Reason;
}
