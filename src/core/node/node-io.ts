import type { ApiRequest, ApiResponse } from '../../api/requests.ts';
import type { Instant } from '../../base/instant.ts';
import type { Prng } from '../../base/prng.ts';
import type { ClusterSecrets } from '../../model/command.ts';
import type { PrimitiveConfig } from '../../model/config.ts';
import type { InstanceId, NodeId } from '../../model/ids.ts';
import type { Operation, OperationResult } from '../../model/operation.ts';
import type { MemberAddress } from '../../model/status.ts';
import type { AgentToHeart, HeartToAgent, HeldPromise } from '../membership/heart-protocol.ts';
import type { LossNote } from '../membership/loss.ts';
import type { RaftWrite } from '../raft/contract.ts';
import type { Entry, RaftSnapshot } from '../raft/entry.ts';
import type { RaftNote } from '../raft/notes.ts';
import type { PeerMessage } from './peer-message.ts';

export type NodeInput =
  /** The deadline has passed. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'message'; readonly from: NodeId; readonly message: PeerMessage }
  /** A stream to the peer is there now, or is gone. */
  | { readonly kind: 'stream'; readonly peer: NodeId; readonly up: boolean }
  /** This write and all before it are on disk. */
  | { readonly kind: 'persisted'; readonly ticket: number }
  /** The disk takes no writes at present (full, read-only), or takes them again (undefined). */
  | { readonly kind: 'disk-trouble'; readonly reason: string | undefined }
  | { readonly kind: 'heart'; readonly message: HeartToAgent }
  | {
      readonly kind: 'operation-done';
      readonly operation: number;
      readonly result: OperationResult;
    }
  /** An instance ended. `certain`: no check needed before it is reported. */
  | {
      readonly kind: 'ended';
      readonly instance: InstanceId;
      readonly detail: string;
      readonly certain: boolean;
    }
  /** The runtime put right by itself what somebody had undone; the instance goes on. */
  | { readonly kind: 'mended'; readonly instance: InstanceId; readonly detail: string }
  | { readonly kind: 'request'; readonly id: number; readonly request: ApiRequest }
  /** Wall clock = now + offset, for display and windows only. At the start and after each step of it. */
  | { readonly kind: 'wall-clock'; readonly offsetMs: number };

export type NodeEffect =
  | { readonly kind: 'send'; readonly to: NodeId; readonly message: PeerMessage }
  | { readonly kind: 'persist'; readonly ticket: number; readonly write: DiskWrite }
  | { readonly kind: 'heart'; readonly message: AgentToHeart }
  | { readonly kind: 'operate'; readonly operation: Operation }
  | { readonly kind: 'cancel'; readonly operation: number }
  | {
      readonly kind: 'watch';
      readonly instance: InstanceId;
      readonly primitive: PrimitiveConfig | undefined;
      readonly on: boolean;
    }
  | { readonly kind: 'respond'; readonly id: number; readonly response: ApiResponse }
  /** Whom to connect to and whose connections to accept, and the keys of datagrams. */
  | {
      readonly kind: 'peers';
      readonly peers: readonly PeerAddress[];
      readonly secrets: ClusterSecrets;
    }
  /** The history grew: readers that wait may look. */
  | { readonly kind: 'events' }
  /** This node is no member any more and has nothing left to do: the process may end. */
  | { readonly kind: 'end'; readonly reason: string }
  | { readonly kind: 'note'; readonly note: NodeNote };

export interface PeerAddress {
  readonly node: NodeId;
  readonly number: number;
  readonly addresses: readonly MemberAddress[];
  /** SHA-256 of the certificate that counts, hexadecimal; undefined: each that the authority signed. */
  readonly fingerprint?: string | undefined;
}

/** One atomic change of the disk; done in the order of the tickets. */
export interface DiskWrite {
  readonly raft?: RaftWrite;
  /** R4: each takes the place of one of the same node and incarnation. */
  readonly promises?: readonly HeldPromise[];
  /** R5: promises that are over. */
  readonly endPromises?: readonly { readonly node: NodeId; readonly incarnation: number }[];
  /** R15: up to where the log must be applied before this voter acks after a restart; it only grows. */
  readonly floor?: number;
  /** R8: the greatest Dmax by which may have been granted of late, in ms. */
  readonly detectMaxMs?: number;
}

/** All that a node finds on its disk. */
export interface DiskState {
  readonly term: number;
  readonly votedFor: NodeId | undefined;
  readonly commit: number;
  readonly snapshot: RaftSnapshot | undefined;
  readonly entries: readonly Entry[];
  readonly promises: readonly HeldPromise[];
  readonly floor: number;
  /** R8, in ms; 0 where nothing was ever granted. */
  readonly detectMaxMs: number;
}

export interface NodeStart {
  readonly self: NodeId;
  readonly version: string;
  readonly addresses: readonly MemberAddress[];
  readonly disk: DiskState;
  /** Whom a node that has no log yet may talk to, from its admission. */
  readonly seeds: readonly PeerAddress[];
  readonly secrets: ClusterSecrets;
  readonly prng: Prng;
  readonly now: Instant;
  readonly wallOffsetMs: number;
  /** Ids of operations count from here; must be above those of former agent processes on this boot. */
  readonly firstOperation: number;
}

/** Typed events of this node for its journal, and coverage marks. The cluster's own history is `events`. */
export type NodeNote =
  | { readonly kind: 'raft'; readonly note: RaftNote }
  | { readonly kind: 'join-asked'; readonly previous: number }
  | { readonly kind: 'member'; readonly incarnation: number }
  | { readonly kind: 'loss'; readonly note: LossNote }
  | {
      readonly kind: 'decided';
      readonly decision: number;
      readonly orders: number;
    }
  | { readonly kind: 'disk-trouble'; readonly reason: string | undefined }
  | { readonly kind: 'refused'; readonly text: string };
