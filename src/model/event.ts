import type { InstanceId, NodeId, ResourceId } from './ids.ts';
import type { AgentAction } from './operation.ts';
import type { Reason } from './reason.ts';

/** One line of the cluster's history. Made from the committed log, so every node tells the same story. */
export interface ClusterEvent {
  /** Grows by one with every event of the cluster. */
  readonly number: number;
  /** Index of the log entry that it comes from. */
  readonly index: number;
  /** Leader's wall clock, ms since 1970. */
  readonly atMs: number;
  readonly what: Happening;
}

export type Happening =
  | { readonly kind: 'cluster-created'; readonly name: string; readonly node: NodeId }
  | { readonly kind: 'node-added' | 'node-removed'; readonly node: NodeId }
  | {
      readonly kind: 'node-joined' | 'node-left' | 'node-leaving' | 'node-stays';
      readonly node: NodeId;
      readonly incarnation: number;
    }
  | { readonly kind: 'node-lost'; readonly node: NodeId; readonly incarnation: number }
  | {
      readonly kind: 'node-down';
      readonly node: NodeId;
      readonly incarnation: number;
      readonly proof: 'lease' | 'fencing' | 'confirmed';
    }
  | { readonly kind: 'leader-elected'; readonly node: NodeId; readonly term: number }
  | { readonly kind: 'voters-changed'; readonly voters: readonly NodeId[] }
  | {
      readonly kind: 'configured';
      readonly version: number;
      readonly by: string;
      readonly text: string;
    }
  | {
      readonly kind: 'ordered';
      readonly decision: number;
      readonly order: number;
      readonly action: 'probe' | 'start' | 'stop';
      readonly instance: InstanceId;
      readonly node: NodeId;
      readonly reason: Reason;
    }
  | {
      readonly kind: 'done';
      readonly order: number;
      readonly action: 'probe' | 'start' | 'stop';
      readonly instance: InstanceId;
      readonly node: NodeId;
      readonly outcome: 'started' | 'stopped';
      readonly durationMs: number;
    }
  | {
      readonly kind: 'failed';
      readonly instance: InstanceId;
      readonly node: NodeId;
      readonly action: AgentAction | 'exit';
      readonly exitCode: number;
      readonly text: string;
    }
  /** What ran was put right in place; nothing was restarted for it. */
  | {
      readonly kind: 'mended';
      readonly instance: InstanceId;
      readonly node: NodeId;
      readonly report: number;
      readonly text: string;
    }
  | {
      readonly kind: 'asked';
      readonly by: string;
      readonly what: 'move' | 'restart' | 'cleanup';
      readonly resource: ResourceId | undefined;
      readonly node: NodeId | undefined;
    }
  | { readonly kind: 'wish-ended'; readonly resource: ResourceId; readonly fulfilled: boolean }
  /** A command of the log that the state refused, e.g. an order for an instance that another node owns. */
  | { readonly kind: 'refused'; readonly text: string };
