import { assert } from '../../base/assert.ts';

export interface RaftSettings {
  /**
   * A follower campaigns after a silence of its leader between these two. For the shorter one a
   * voter that heard its leader refuses all candidates; for the longer one a leader may miss its
   * quorum. A `peer-silent` input does not wait for either.
   */
  readonly electionMinMs: number;
  readonly electionMaxMs: number;
  /** How often an idle leader speaks. At most half of `electionMinMs`. */
  readonly heartbeatMs: number;
  /** A message carries at most so many entries … */
  readonly maxEntriesPerMessage: number;
  /** … and about so many bytes, but always one entry; a piece of a snapshot has so many characters. */
  readonly maxBytesPerMessage: number;
  /** So many appends may be on their way to one follower unanswered. */
  readonly maxInflightMessages: number;
  /** So many entries before a snapshot are kept for followers that are a little behind. */
  readonly tailEntries: number;
  /** Proposals are refused as `busy` while so many entries are not committed. */
  readonly maxUncommittedEntries: number;
}

export const defaultRaftSettings: RaftSettings = {
  electionMinMs: 1000,
  electionMaxMs: 2000,
  heartbeatMs: 250,
  maxEntriesPerMessage: 256,
  maxBytesPerMessage: 256 * 1024,
  maxInflightMessages: 32,
  tailEntries: 1000,
  maxUncommittedEntries: 10_000,
};

/** Ends the program when settings contradict each other: they are derived, never typed by a person. */
export function assertSettings(settings: RaftSettings): void {
  assert(settings.heartbeatMs > 0, 'raft: the heartbeat interval must be positive');
  assert(
    settings.heartbeatMs * 2 <= settings.electionMinMs,
    'raft: at least two heartbeats must fit into the election timeout',
  );
  assert(
    settings.electionMinMs < settings.electionMaxMs,
    'raft: the election timeout must have room to vary',
  );
  assert(settings.maxEntriesPerMessage >= 1, 'raft: a message must carry an entry');
  assert(settings.maxBytesPerMessage >= 2, 'raft: a snapshot piece must carry something');
  assert(settings.maxInflightMessages >= 1, 'raft: one append must be allowed on its way');
  assert(settings.tailEntries >= 0, 'raft: the tail cannot be negative');
  assert(settings.maxUncommittedEntries >= 1, 'raft: one entry must be allowed uncommitted');
}
