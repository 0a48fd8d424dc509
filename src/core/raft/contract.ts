import type { Prng } from '../../base/prng.ts';
import type { NodeId } from '../../model/ids.ts';
import type { Entry, RaftConfiguration, RaftSnapshot } from './entry.ts';
import type { RaftMessage } from './messages.ts';
import type { RaftNote } from './notes.ts';
import type { RaftSettings } from './settings.ts';

/** What a node has on its disk, and how it is to behave. */
export interface RaftStart {
  readonly self: NodeId;
  /** The term of the last write; 0 on a new node. */
  readonly term: number;
  readonly votedFor?: NodeId;
  /** An index known to be committed: that of the last write, or a later one that was applied. */
  readonly commit?: number;
  /** The state machine must already hold this snapshot's state: no `restore` is sent for it. */
  readonly snapshot?: RaftSnapshot;
  /** All entries on disk, in order. They may begin before the snapshot's index (the tail). */
  readonly entries: readonly Entry[];
  /**
   * In force until a snapshot or an entry brings another. The first voters of a new cluster all
   * start with the same one; a node that will be added later starts with `noConfiguration`.
   */
  readonly configuration: RaftConfiguration;
  readonly settings: RaftSettings;
  readonly prng: Prng;
}

export type RaftInput =
  /** The deadline has passed. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'message'; readonly from: NodeId; readonly message: RaftMessage }
  /** All writes up to this ticket are on disk. */
  | { readonly kind: 'persisted'; readonly ticket: number }
  /** Answered in the same step by `proposed` or `refused`. Committed is what `apply` shows. */
  | { readonly kind: 'propose'; readonly commands: readonly unknown[] }
  /** Answered in the same step by `proposed` or `refused`. One voter more or less at a time. */
  | { readonly kind: 'change-configuration'; readonly configuration: RaftConfiguration }
  /** Hand leadership to a voter (3.10). Ends with a change of role, or with `refused`. */
  | { readonly kind: 'transfer'; readonly to: NodeId }
  /** The heart no longer hears a peer, or hears it again. A hint, never a proof. */
  | { readonly kind: 'peer-silent'; readonly peer: NodeId }
  | { readonly kind: 'peer-heard'; readonly peer: NodeId }
  /** A new stream to the peer: what was on its way may be lost. */
  | { readonly kind: 'stream-up'; readonly peer: NodeId }
  /** The state machine's state after `index`, which was applied: older entries may go. */
  | { readonly kind: 'snapshot'; readonly index: number; readonly data: string }
  /** For linearizable reads (6.4): answered by `leadership-confirmed` or `leadership-unconfirmed`. */
  | { readonly kind: 'confirm-leadership'; readonly id: number };

/**
 * One atomic change of the disk. Writes are done in the order of their tickets, each wholly or
 * not at all, its parts in the order of the fields; several may share one sync.
 */
export interface RaftWrite {
  readonly term: number;
  /** Absent: no vote in this term. */
  readonly votedFor?: NodeId;
  /** Committed as far as this node knows; for `RaftStart.commit`. */
  readonly commit: number;
  /** Replaces the snapshot on disk. */
  readonly snapshot?: RaftSnapshot;
  /** Remove the entries with a smaller index. */
  readonly discardBefore?: number;
  /** Remove the entries with this or a greater index. */
  readonly truncateFrom?: number;
  /** Follow without a gap on what is on disk then. */
  readonly append?: readonly Entry[];
}

export type RaftRole = 'follower' | 'candidate' | 'leader';

export type RaftRefusal =
  /** `leader` is who may know better, where this node knows one. */
  | 'not-leader'
  /** A transfer of leadership is under way. */
  | 'transferring'
  /** Too many entries wait for their commit. */
  | 'busy'
  /** Nothing of this leader's own term is committed yet; soon it will be. */
  | 'not-ready'
  /** The last change of the configuration is not committed yet. */
  | 'change-in-progress'
  /** The wanted configuration is the present one. */
  | 'unchanged'
  /** No voter, a node named twice, or a name that is both voter and learner. */
  | 'invalid-configuration'
  /** More than one voter would come or go. */
  | 'more-than-one-voter'
  /** The new voter is not a learner yet, is silent, or has too little of the log. */
  | 'not-caught-up'
  /** Leadership can go only to another voter. */
  | 'not-a-voter'
  /** The transfer took longer than an election timeout. */
  | 'timed-out';

export type RaftRequest = 'propose' | 'change-configuration' | 'transfer';

export type RaftEffect =
  | { readonly kind: 'persist'; readonly ticket: number; readonly write: RaftWrite }
  /** Best effort; all that must be on disk before it is there already. */
  | { readonly kind: 'send'; readonly to: NodeId; readonly message: RaftMessage }
  /** Committed and on this node's disk, in order, each entry once per start. */
  | { readonly kind: 'apply'; readonly entries: readonly Entry[] }
  /** The leader's snapshot takes the place of the state machine's state. It is on disk. */
  | { readonly kind: 'restore'; readonly snapshot: RaftSnapshot }
  | {
      readonly kind: 'role';
      readonly role: RaftRole;
      readonly term: number;
      readonly leader?: NodeId;
    }
  | {
      readonly kind: 'proposed';
      readonly term: number;
      readonly firstIndex: number;
      readonly lastIndex: number;
    }
  | {
      readonly kind: 'refused';
      readonly what: RaftRequest;
      readonly reason: RaftRefusal;
      readonly leader?: NodeId;
    }
  /** All up to `index` was given to the state machine, and no later leader had been elected before the question. */
  | { readonly kind: 'leadership-confirmed'; readonly id: number; readonly index: number }
  | { readonly kind: 'leadership-unconfirmed'; readonly id: number }
  | { readonly kind: 'note'; readonly note: RaftNote };
