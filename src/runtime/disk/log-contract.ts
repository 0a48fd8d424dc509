import type { HeldPromise } from '../../core/membership/heart-protocol.ts';
import type { RaftWrite } from '../../core/raft/contract.ts';
import type { Entry, RaftConfiguration, RaftSnapshot } from '../../core/raft/entry.ts';
import type { NodeId } from '../../model/ids.ts';
import type { DiskErrorKind } from './disk-error.ts';

/** To whom a state directory belongs. */
export interface LogIdentity {
  readonly clusterUuid: string;
  readonly node: NodeId;
}

/** One atomic change: all of its parts, or none. */
export interface LogWrite {
  readonly raft?: RaftWrite;
  /** R4, R5: all that stand, in place of those before. */
  readonly promises?: readonly HeldPromise[];
  /** R15; it only grows. */
  readonly floor?: number;
  /** R8, in ms. */
  readonly detectMaxMs?: number;
}

/** All that a state directory holds. */
export interface StoredState {
  /** Just created: nothing was ever written. */
  readonly fresh: boolean;
  readonly term: number;
  readonly votedFor: NodeId | undefined;
  readonly commit: number;
  readonly snapshot: RaftSnapshot | undefined;
  readonly entries: readonly Entry[];
  readonly promises: readonly HeldPromise[];
  readonly floor: number;
  readonly detectMaxMs: number;
}

/** How a log is opened; what the worker thread is started with. */
export interface LogOpening {
  /** The state directory; made where it is missing, if `create` says so. */
  readonly directory: string;
  readonly identity: LogIdentity;
  /** Whether a missing log is made. Only for a new node: a voter must not lose its memory unnoticed. */
  readonly create: boolean;
  /** The file grows no larger than this, so that nothing else on the disk starves. */
  readonly bytesMax: number;
  /** How long another process may still hold the log: a predecessor that is about to end. */
  readonly lockWaitMs: number;
}

/** A write with its entries in the form in which they are stored. */
export interface PreparedWrite {
  readonly hardState: string | undefined;
  readonly snapshot: PreparedSnapshot | undefined;
  readonly discardBefore: number | undefined;
  readonly truncateFrom: number | undefined;
  readonly append: readonly PreparedEntry[];
  readonly promises: readonly HeldPromise[] | undefined;
  readonly floor: number | undefined;
  readonly detectMaxMs: number | undefined;
}

export interface PreparedEntry {
  readonly index: number;
  readonly term: number;
  readonly body: string;
}

export interface PreparedSnapshot {
  readonly index: number;
  readonly term: number;
  readonly configuration: RaftConfiguration;
  readonly configurationIndex: number;
  readonly data: string;
}

export type ToLogWorker =
  | { readonly kind: 'write'; readonly write: PreparedWrite }
  | { readonly kind: 'close' };

export interface LogProblem {
  readonly kind: DiskErrorKind;
  readonly message: string;
}

export type FromLogWorker =
  | { readonly kind: 'opened'; readonly state: StoredState }
  | { readonly kind: 'not-opened'; readonly problem: LogProblem }
  /** The next `count` writes are on disk. */
  | { readonly kind: 'written'; readonly count: number; readonly tookMs: number }
  /** Writes wait; they are tried again unless it is final. */
  | { readonly kind: 'trouble'; readonly problem: LogProblem; readonly final: boolean }
  | { readonly kind: 'recovered' }
  | { readonly kind: 'closed' };
