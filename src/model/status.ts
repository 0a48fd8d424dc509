import type { InstanceId, LinkId, NodeId } from './ids.ts';
import type { AgentAction } from './operation.ts';
import type { Reason } from './reason.ts';

/** What happened: facts of the committed log, the same on every node. Wall-clock times are for display. */
export interface ClusterStatus {
  /** Index of the last entry that these facts contain. */
  readonly index: number;
  readonly members: readonly MemberStatus[];
  readonly instances: readonly InstanceStatus[];
  /** Orders that are not yet answered, oldest first. */
  readonly orders: readonly Order[];
  readonly failures: readonly Failure[];
}

export interface MemberStatus {
  readonly node: NodeId;
  /** Small number of the node in datagrams; never used again for another node. */
  readonly number: number;
  readonly addresses: readonly MemberAddress[];
  /** SHA-256 of the certificate that counts, hexadecimal; undefined where none was named. */
  readonly fingerprint?: string | undefined;
  /** Index of its newest join entry; 0 if it never joined. */
  readonly incarnation: number;
  /**
   * joined: a member now. lost: no longer, and not yet proven down. down: lost, and nothing of it can run any
   * more. left: it went by itself after putting all down. absent: known, never joined.
   */
  readonly presence: 'absent' | 'joined' | 'lost' | 'down' | 'left';
  /** S of this incarnation (R7). */
  readonly selfStopMs: number;
  readonly sinceMs: number;
  /** Version of its program. */
  readonly version: string;
}

export interface MemberAddress {
  readonly link: LinkId;
  readonly host: string;
  /** Datagrams (UDP) and streams (TLS) both use this port number. */
  readonly port: number;
}

/** One instance on one node. Nodes on which nothing is known of it are not listed. */
export interface InstanceStatus {
  readonly instance: InstanceId;
  readonly node: NodeId;
  /** As the last operation or report left it. */
  readonly role: 'stopped' | 'started';
  /** The order that gave it to this node, while the node owns it (R11, R13); undefined otherwise. */
  readonly assignment: number | undefined;
  /** Set while it needs recovery: it must be stopped before it may start anywhere. */
  readonly failed: Failure | undefined;
  /** Set when a stop failed: nobody knows whether it runs. Only a clean-up or the node's loss ends that. */
  readonly blocked: Failure | undefined;
  readonly sinceMs: number;
  /** The newest stop that ended it here, and why: what is active nowhere goes back to its last place. */
  readonly lastStop?: { readonly order: number; readonly reason: Reason };
}

/** A failed operation or a death seen by an event. */
export interface Failure {
  readonly instance: InstanceId;
  readonly node: NodeId;
  readonly action: AgentAction | 'exit';
  readonly exitCode: number;
  readonly reason: string;
  readonly atMs: number;
}

/** A committed instruction to one incarnation of one node, carried out once. */
export interface Order {
  /** Grows with every order of the cluster. */
  readonly id: number;
  readonly instance: InstanceId;
  readonly node: NodeId;
  readonly incarnation: number;
  readonly action: 'probe' | 'start' | 'stop';
  /** A start after the loss of the former owner: an address may linger in a frozen kernel for a moment. */
  readonly takeover: boolean;
  /** The decision it belongs to, for timelines. */
  readonly decision: number;
  readonly reason: Reason;
  readonly atMs: number;
}
