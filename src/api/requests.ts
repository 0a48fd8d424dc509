import type { ClusterConfig } from '../model/config.ts';
import type { ConfigProblem } from '../model/config-file/config-problem.ts';
import type { ClusterEvent } from '../model/event.ts';
import type { LinkId, NodeId, ResourceId } from '../model/ids.ts';
import type { Assignment, PlannedAction } from '../model/plan.ts';
import type { ClusterStatus, MemberAddress } from '../model/status.ts';

/** Version of the control API: grows when an answer loses or changes a field. */
export const API_VERSION = 1;

/** What clients may ask of the agent. `by` names the user for events and the audit. */
export type ApiRequest =
  | { readonly kind: 'status' }
  | { readonly kind: 'config' }
  /** Events with a number above `after`, at most `limit`, oldest first. */
  | { readonly kind: 'events'; readonly after: number; readonly limit: number }
  | {
      readonly kind: 'configure';
      readonly config: ClusterConfig;
      readonly source: string;
      readonly ifVersion: number;
      readonly by: string;
      readonly what: string;
      readonly dryRun: boolean;
    }
  | {
      readonly kind: 'move';
      readonly resource: ResourceId;
      readonly to: NodeId | undefined;
      readonly by: string;
    }
  | { readonly kind: 'restart'; readonly resource: ResourceId; readonly by: string }
  | {
      readonly kind: 'cleanup';
      readonly resource: ResourceId | undefined;
      readonly node: NodeId | undefined;
      readonly by: string;
    }
  /** Moves everything away from this node, then ends its membership. */
  | { readonly kind: 'leave'; readonly by: string }
  | {
      readonly kind: 'create-token';
      readonly tokenId: string;
      readonly secretHash: string;
      readonly lifetimeMs: number;
      readonly by: string;
    }
  /** Checks and uses up a join token, and makes the node known. From the join handshake only. */
  | {
      readonly kind: 'admit';
      readonly tokenId: string;
      readonly secretHash: string;
      readonly node: NodeId;
      readonly addresses: readonly MemberAddress[];
      /** SHA-256 of the certificate that it gets, hexadecimal. */
      readonly fingerprint: string;
    }
  | {
      readonly kind: 'remove-node';
      readonly node: NodeId;
      /** A fresh datagram key (base64), so that what the node knows is worthless at once. */
      readonly newDatagramSecret: string | undefined;
      readonly by: string;
    }
  | { readonly kind: 'transfer-leadership'; readonly to: NodeId | undefined; readonly by: string };

export type ApiResponse =
  | { readonly kind: 'status'; readonly status: StatusReport }
  | {
      readonly kind: 'config';
      readonly version: number;
      readonly config: ClusterConfig;
      readonly source: string | undefined;
    }
  | { readonly kind: 'events'; readonly events: readonly ClusterEvent[]; readonly last: number }
  /** A write that is committed and applied (or needed nothing). `index`: wait for this to see its effects. */
  | {
      readonly kind: 'done';
      readonly changed: boolean;
      readonly index: number;
      readonly plan: readonly PlannedAction[] | undefined;
    }
  | {
      readonly kind: 'error';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | undefined;
      /** With `invalid-config`: everything that is wrong with the text. */
      readonly problems?: readonly ConfigProblem[];
    };

/** Closed list; the CLI maps each to an exit code. */
export type ErrorCode =
  | 'bad-request'
  | 'invalid-config'
  | 'not-found'
  | 'exists'
  | 'conflict'
  | 'no-quorum'
  | 'no-leader'
  | 'unsafe'
  | 'timeout'
  | 'unavailable'
  | 'denied'
  | 'disk'
  | 'bad-token'
  | 'internal';

/** Everything that `status` and its kin show; computed by the asked node from its own applied state and view. */
export interface StatusReport {
  readonly apiVersion: typeof API_VERSION;
  readonly version: string;
  readonly cluster: string;
  readonly clusterId: string;
  readonly self: NodeId;
  readonly configVersion: number;
  readonly raft: {
    readonly role: 'leader' | 'follower' | 'candidate' | 'learner';
    readonly term: number;
    readonly leader: NodeId | undefined;
    /** Whether this node knows of a leader that a majority follows: it may be out of date otherwise. */
    readonly quorate: boolean;
    readonly voters: readonly NodeId[];
    readonly learners: readonly NodeId[];
    readonly commitIndex: number;
    readonly appliedIndex: number;
    readonly lastIndex: number;
  };
  readonly lease: {
    readonly standing: boolean;
    readonly incarnation: number;
    readonly leftMs: number | undefined;
  };
  /** From the effective times: silence until a node is lost, until its resources may start elsewhere. */
  readonly failover: { readonly detectMs: number; readonly takeoverMs: number };
  readonly links: readonly LinkReport[];
  readonly peers: readonly PeerReport[];
  readonly options: ClusterConfig['options'];
  readonly nodes: ClusterConfig['nodes'];
  readonly resources: ClusterConfig['resources'];
  readonly facts: ClusterStatus;
  readonly assignments: readonly Assignment[];
  /** What the cluster is about to do, or would do if it could. */
  readonly actions: readonly PlannedAction[];
  /** No order in flight and nothing left to order. */
  readonly settled: boolean;
  /** Trouble of this node itself, e.g. its disk is full: it votes no more. */
  readonly trouble: readonly string[];
  readonly wallMs: number;
}

export interface PeerReport {
  readonly node: NodeId;
  readonly heard: boolean;
  readonly forMs: number;
  readonly agent: boolean;
  readonly hears: readonly NodeId[];
  readonly grantMs: number;
}

export interface LinkReport {
  readonly peer: NodeId;
  readonly link: LinkId;
  readonly up: boolean;
  readonly forMs: number;
  readonly rttMs: number | undefined;
  readonly lossPercent: number;
}
