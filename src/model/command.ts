import type { ClusterConfig } from './config.ts';
import type { InstanceId, NodeId, ResourceId } from './ids.ts';
import type { AgentAction } from './operation.ts';
import type { Reason } from './reason.ts';
import type { MemberAddress, Order } from './status.ts';

/** What the log holds: each changes the replicated state in the same way on every node. */
export type Command = (
  | {
      readonly kind: 'bootstrap';
      readonly clusterId: string;
      readonly config: ClusterConfig;
      /** The text that people wrote, if they did. */
      readonly source: string | undefined;
      readonly secrets: ClusterSecrets;
      /** The first member. */
      readonly node: NodeId;
    }
  /** A node becomes known (by join token): it may connect now and join by itself. */
  | {
      readonly kind: 'add-node';
      readonly node: NodeId;
      readonly addresses: readonly MemberAddress[];
      /** SHA-256 of its certificate, hexadecimal: an older one under its name counts no more. */
      readonly fingerprint?: string;
      readonly tokenId: string | undefined;
    }
  | {
      readonly kind: 'remove-node';
      readonly node: NodeId;
      /** A fresh datagram key (base64), so that the removed node's knowledge is worthless. */
      readonly newDatagramSecret: string | undefined;
      readonly by: string;
    }
  /** Gives the node its next incarnation: the index of this entry (R12). */
  | {
      readonly kind: 'join';
      readonly node: NodeId;
      readonly previous: number;
      readonly addresses: readonly MemberAddress[];
      readonly selfStopMs: number;
      readonly version: string;
    }
  | { readonly kind: 'leave'; readonly node: NodeId; readonly incarnation: number }
  /** Asks for everything to move away before the node leaves, or takes that back. */
  | {
      readonly kind: 'leaving';
      readonly node: NodeId;
      readonly incarnation: number;
      readonly on: boolean;
    }
  /** The first entry of a leader's own: it says in the history who leads. */
  | { readonly kind: 'lead'; readonly node: NodeId; readonly term: number }
  /** R6: a majority of voters promised the incarnation away. */
  | { readonly kind: 'lost'; readonly node: NodeId; readonly incarnation: number }
  /** R7 or a confirmed fencing: nothing of the lost incarnation can run any more. */
  | {
      readonly kind: 'down';
      readonly node: NodeId;
      readonly incarnation: number;
      readonly proof: 'lease' | 'fencing' | 'confirmed';
    }
  | {
      readonly kind: 'configure';
      readonly config: ClusterConfig;
      /** Refused if the configuration has changed since that version. */
      readonly ifVersion: number;
      /** The text that people wrote, kept with its comments; undefined after a change by command. */
      readonly source: string | undefined;
      readonly by: string;
      readonly what: string;
    }
  | {
      readonly kind: 'wish';
      readonly wish:
        | { readonly kind: 'move'; readonly resource: ResourceId; readonly to: NodeId }
        | { readonly kind: 'restart'; readonly resource: ResourceId };
      readonly by: string;
    }
  | { readonly kind: 'wish-done'; readonly id: number; readonly fulfilled: boolean }
  | { readonly kind: 'order'; readonly decision: number; readonly orders: readonly NewOrder[] }
  | {
      readonly kind: 'result';
      readonly order: number;
      readonly node: NodeId;
      readonly incarnation: number;
      readonly status: 'done' | 'timed-out' | 'cancelled' | 'refused' | 'not-installed';
      readonly exitCode: number;
      readonly reason: string;
      readonly durationMs: number;
    }
  /** A recurring monitor failed, or an event told of a death. */
  | {
      readonly kind: 'failure';
      readonly node: NodeId;
      readonly incarnation: number;
      readonly instance: InstanceId;
      /** The assignment under which it ran, so that an old report does not hit a newer start. */
      readonly assignment: number;
      readonly action: AgentAction | 'exit';
      readonly exitCode: number;
      readonly reason: string;
    }
  /** A node put right by itself what somebody had undone, such as an address taken away. For the history only. */
  | {
      readonly kind: 'mended';
      readonly node: NodeId;
      readonly instance: InstanceId;
      /** Grows with each report of the node, so that a second copy is known. */
      readonly report: number;
      readonly text: string;
    }
  | {
      readonly kind: 'cleanup';
      readonly resource: ResourceId | undefined;
      readonly node: NodeId | undefined;
      readonly by: string;
    }
  | {
      readonly kind: 'token';
      readonly id: string;
      readonly secretHash: string;
      readonly untilMs: number;
      readonly by: string;
    }
) & {
  /** Leader's wall clock when it was proposed, for display and windows; ms since 1970. */
  readonly atMs: number;
};

export type NewOrder = Pick<Order, 'instance' | 'node' | 'incarnation' | 'action' | 'takeover'> & {
  readonly reason: Reason;
};

/** What only members know. */
export interface ClusterSecrets {
  /** Keys that seal datagrams, newest first; the second is accepted during a rotation. */
  readonly datagramKeys: readonly { readonly generation: number; readonly secretBase64: string }[];
}
