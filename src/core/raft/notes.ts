import type { NodeId } from '../../model/ids.ts';

/** Why a vote or a pre-vote was refused. */
export type VoteRefusal = 'hears-leader' | 'voted-otherwise' | 'log-behind' | 'term-behind';

/** Why a leader ceased to lead. */
export type StepDownReason = 'newer-term' | 'quorum-silent' | 'no-longer-voter';

/** Events for the log and marks for the tests. Nothing depends on them. */
export type RaftNote =
  | { readonly kind: 'pre-vote-started'; readonly term: number }
  | { readonly kind: 'pre-vote-lost'; readonly term: number }
  | { readonly kind: 'election-started'; readonly term: number; readonly transfer: boolean }
  | { readonly kind: 'election-lost'; readonly term: number }
  | { readonly kind: 'election-won'; readonly term: number }
  | { readonly kind: 'vote-granted'; readonly term: number; readonly candidate: NodeId }
  | {
      readonly kind: 'vote-refused';
      readonly term: number;
      readonly candidate: NodeId;
      readonly reason: VoteRefusal;
    }
  | { readonly kind: 'stepped-down'; readonly term: number; readonly reason: StepDownReason }
  | { readonly kind: 'leader-silent'; readonly leader: NodeId }
  | { readonly kind: 'stalled'; readonly lateMs: number }
  | { readonly kind: 'entries-replaced'; readonly fromIndex: number; readonly count: number }
  | { readonly kind: 'configuration-in-force'; readonly index: number }
  | { readonly kind: 'configuration-undone'; readonly index: number }
  | { readonly kind: 'peer-behind'; readonly peer: NodeId; readonly index: number }
  | { readonly kind: 'snapshot-sending'; readonly peer: NodeId; readonly index: number }
  | { readonly kind: 'snapshot-installed'; readonly index: number }
  | { readonly kind: 'log-compacted'; readonly index: number }
  | { readonly kind: 'transfer-started'; readonly to: NodeId }
  | { readonly kind: 'transfer-abandoned'; readonly to: NodeId }
  | { readonly kind: 'disk-slow'; readonly waitedMs: number };
