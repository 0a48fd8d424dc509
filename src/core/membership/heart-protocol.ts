import type { Instant } from '../../base/instant.ts';
import type { InstanceId, LinkId, NodeId } from '../../model/ids.ts';
import type { ConfigurationIndex, Incarnation } from './packet.ts';

/*
 * What passes between the two processes of a node over their local channel: in order, lost only when one of them dies.
 * Both live on one machine, so their instants are of one clock.
 */

/** One peer and where its heart listens, per link. */
export interface HeartPeer {
  readonly node: NodeId;
  readonly addresses: readonly {
    readonly link: LinkId;
    readonly host: string;
    readonly port: number;
  }[];
}

/** Times that the cluster agrees on, in ms (DESIGN section 4). */
export interface HeartTiming {
  /** Between two rounds of heartbeats. */
  readonly intervalMs: number;
  /** Bounds of the lease time D that a voter grants; the maximum is the Dmax of the rules. */
  readonly detectMinMs: number;
  readonly detectMaxMs: number;
  /** S: from the end of the lease until all exclusive resources are down. Fixed within an incarnation. */
  readonly selfStopMs: number;
  /** m of R16. */
  readonly marginMs: number;
  /** How long the heart keeps the node a member without a working agent. */
  readonly agentGraceMs: number;
}

/** A promise as it is on disk (R4): this voter acks that incarnation no more. */
export interface HeldPromise {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  readonly term: number;
  readonly round: number;
}

/** What the applied log says of one node; the newest replaces what was said before. */
export interface MemberFact {
  readonly node: NodeId;
  /** Its newest incarnation. */
  readonly incarnation: Incarnation;
  /** Whether that incarnation is lost (or has left). */
  readonly lost: boolean;
}

/** An address that the heart holds for an instance: it has a kernel lifetime, renewed while the lease stands. */
export interface HeldAddress {
  readonly instance: InstanceId;
  readonly address: string;
  readonly prefix: number;
  readonly device: string;
}

/** What the heart must put down of one instance when the lease ends, beside the control group of the gate. */
export interface GuardEntry {
  readonly instance: InstanceId;
  /** Control groups to kill that lie outside the gate's own group (systemd units). */
  readonly controlGroups: readonly string[];
}

export type AgentToHeart =
  /** First message of each agent process; what was promised and reported before, from disk (R8). */
  | {
      readonly kind: 'hello';
      readonly promises: readonly HeldPromise[];
      /** Index up to which the log must be applied before this node acks again (R8, R15). */
      readonly floor: number;
    }
  | {
      readonly kind: 'configure';
      readonly peers: readonly HeartPeer[];
      readonly timing: HeartTiming;
      /** Whether a confirmed fencing is required before take-over, so that a lost lease need not stop anything. */
      readonly onLeaseLost: 'stop' | 'keep';
    }
  /** The newest voter set in this node's applied log (R14). */
  | {
      readonly kind: 'voters';
      readonly configuration: ConfigurationIndex;
      readonly voters: readonly NodeId[];
    }
  /** Facts of the applied log, up to an index. Sent whenever a member's fact changes, and when the floor is reached. */
  | {
      readonly kind: 'applied';
      readonly index: number;
      readonly members: readonly MemberFact[];
    }
  /** R4: promise as soon as the whole grant has passed in silence; answered by promised or heard. */
  | ({ readonly kind: 'promise' } & HeldPromise)
  /** The leader gave the round up, or R5 ends the promise: ack this incarnation again. */
  | { readonly kind: 'release'; readonly node: NodeId; readonly incarnation: Incarnation }
  /** R15: report as soon as every grant made before now has run out. */
  | { readonly kind: 'drain'; readonly configuration: ConfigurationIndex }
  /** Replaces all guard entries; answered by `guarded`. Operations begin only after that. */
  | { readonly kind: 'guard'; readonly version: number; readonly entries: readonly GuardEntry[] }
  /** Sets an address inside the gate of an incarnation (R11); answered by `address-done`. */
  | {
      readonly kind: 'set-address';
      readonly request: number;
      readonly incarnation: Incarnation;
      readonly held: HeldAddress;
    }
  | { readonly kind: 'remove-address'; readonly request: number; readonly held: HeldAddress }
  /** R12: this node wants to join anew: shut the gate, put everything down, say `all-down`. */
  | { readonly kind: 'put-down' }
  /** The agent is about to end by itself (upgrade, restart): start it again at once, do not count a crash. */
  | { readonly kind: 'bye' }
  | { readonly kind: 'pong'; readonly ping: number };

export type HeartToAgent =
  | {
      readonly kind: 'hello';
      readonly run: number;
      /** 0 also where an earlier agent asked to put it down for good: then this one has to join anew (R12). */
      readonly incarnation: Incarnation;
      readonly leaseUntil: Instant | undefined;
      /** Promises that this run of the heart made, on disk or not. */
      readonly promises: readonly HeldPromise[];
      readonly addresses: readonly HeldAddress[];
    }
  /** The lease was gained, or ended. While it stands only its loss is reported. */
  | { readonly kind: 'lease'; readonly incarnation: Incarnation; readonly standing: boolean }
  /** The gate of an incarnation opened (operations may begin) or was shut. */
  | { readonly kind: 'gate'; readonly incarnation: Incarnation; readonly open: boolean }
  /** Sent on every change of what is up or heard, and once a second with fresh figures. */
  | { readonly kind: 'view'; readonly view: HeartView }
  /** R4: from this moment this voter acks the incarnation no more; write it down, then say so. */
  | ({ readonly kind: 'promised' } & HeldPromise)
  /** The node was heard, or the incarnation is not to be promised: no promise in this round. */
  | ({ readonly kind: 'heard' } & HeldPromise)
  | { readonly kind: 'drained'; readonly configuration: ConfigurationIndex }
  | { readonly kind: 'guarded'; readonly version: number }
  | { readonly kind: 'address-done'; readonly request: number; readonly error: string | undefined }
  /**
   * Nothing exclusive of the incarnation runs any more and its gate is shut. `retired`: no gate opens again for
   * incarnations up to this one; below the own one it speaks of an earlier end, and the gate may be open again (R12).
   */
  | {
      readonly kind: 'all-down';
      readonly incarnation: Incarnation;
      readonly retired: Incarnation;
    }
  | { readonly kind: 'ping'; readonly ping: number };

/** What this node's heart sees; its own statement, not a fact of the cluster. */
export interface HeartView {
  readonly leaseMs: number | undefined;
  readonly peers: readonly PeerView[];
}

export interface PeerView {
  readonly node: NodeId;
  /** Heard on at least one link within the last few intervals. */
  readonly heard: boolean;
  /** Since when, in ms before this report: silent if not heard, heard otherwise. */
  readonly forMs: number;
  readonly agent: boolean;
  readonly incarnation: Incarnation;
  readonly hears: readonly NodeId[];
  /** The D that this node grants it at present, in ms. */
  readonly grantMs: number;
  readonly links: readonly LinkView[];
}

export interface LinkView {
  readonly link: LinkId;
  readonly up: boolean;
  readonly forMs: number;
  readonly rttMs: number | undefined;
  /** Share of heartbeats lost lately, in percent. */
  readonly lossPercent: number;
}
