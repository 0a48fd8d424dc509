import type { Entry, RaftConfiguration } from './entry.ts';

/**
 * What nodes say to each other. Any message may be lost, doubled or overtaken.
 * `term` is the sender's term, but for a pre-vote and its grant: there it is the term to come.
 */
export type RaftMessage =
  | PreVoteMessage
  | PreVoteReply
  | VoteMessage
  | VoteReply
  | AppendMessage
  | AppendReply
  | CommitMessage
  | HeartbeatMessage
  | HeartbeatReply
  | SnapshotMessage
  | SnapshotReply
  | TimeoutNowMessage;

/** "Would you vote for me in this coming term?" Changes nothing at the receiver (dissertation 9.6). */
export interface PreVoteMessage {
  readonly kind: 'pre-vote';
  readonly term: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
}

export interface PreVoteReply {
  readonly kind: 'pre-vote-reply';
  /** The coming term when granted, else the receiver's own. */
  readonly term: number;
  readonly granted: boolean;
}

/** RequestVote (3.4). */
export interface VoteMessage {
  readonly kind: 'vote';
  readonly term: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The old leader asked for this election: voters that hear it do not refuse (4.2.3). */
  readonly transfer: boolean;
}

export interface VoteReply {
  readonly kind: 'vote-reply';
  readonly term: number;
  readonly granted: boolean;
}

/** AppendEntries (3.5). */
export interface AppendMessage {
  readonly kind: 'append';
  readonly term: number;
  readonly previousIndex: number;
  readonly previousTerm: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
}

export type AppendReply = AppendAccepted | AppendRejected;

export interface AppendAccepted {
  readonly kind: 'append-accepted';
  readonly term: number;
  /** Up to here the sender's log is on its disk and equal to the leader's. */
  readonly match: number;
}

export interface AppendRejected {
  readonly kind: 'append-rejected';
  readonly term: number;
  /** The `previousIndex` that did not fit. */
  readonly previousIndex: number;
  /** The last entry of the sender that may fit: at or before `previousIndex`, of no later term. */
  readonly hintIndex: number;
  readonly hintTerm: number;
}

/** News of a commit, where no entries are due. Needs no reply: the next heartbeat says it again. */
export interface CommitMessage {
  readonly kind: 'commit';
  readonly term: number;
  readonly commit: number;
}

/** Proof of leadership while there is nothing to append. It never waits for a disk. */
export interface HeartbeatMessage {
  readonly kind: 'heartbeat';
  readonly term: number;
  readonly commit: number;
  /** Echoed in the reply, so that the leader knows what the reply came after (6.4). */
  readonly round: number;
}

export interface HeartbeatReply {
  readonly kind: 'heartbeat-reply';
  readonly term: number;
  readonly round: number;
}

/** One piece of a snapshot (InstallSnapshot, 5.1). The last one is answered by `append-accepted`. */
export interface SnapshotMessage {
  readonly kind: 'snapshot';
  readonly term: number;
  readonly index: number;
  readonly snapshotTerm: number;
  readonly configuration: RaftConfiguration;
  readonly configurationIndex: number;
  /** Where this piece begins, in characters of the data. */
  readonly offset: number;
  readonly text: string;
  readonly last: boolean;
}

export interface SnapshotReply {
  readonly kind: 'snapshot-reply';
  readonly term: number;
  readonly index: number;
  /** The offset of the piece that this answers. */
  readonly offset: number;
  /** The offset of the piece that is wanted next. */
  readonly next: number;
}

/** The leader hands over: campaign at once (3.10). */
export interface TimeoutNowMessage {
  readonly kind: 'timeout-now';
  readonly term: number;
}
