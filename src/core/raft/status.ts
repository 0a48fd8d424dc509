import { type Instant, msBetween } from '../../base/instant.ts';
import type { NodeId } from '../../model/ids.ts';
import type { RaftRole } from './contract.ts';
import type { RaftCore } from './core.ts';
import type { RaftConfiguration } from './entry.ts';
import type { ProgressState } from './progress.ts';
import type { Replication } from './replication.ts';

/** How far one peer is, as its leader knows it. */
export interface PeerStatus {
  readonly peer: NodeId;
  readonly match: number;
  readonly state: ProgressState['kind'];
  /** Since its last answer. */
  readonly silentMs: number;
}

export interface RaftStatus {
  readonly role: RaftRole;
  readonly term: number;
  readonly leader: NodeId | undefined;
  readonly lastIndex: number;
  readonly commit: number;
  readonly applied: number;
  /** Up to here the log is on this node's disk. */
  readonly stable: number;
  /** 0 without a snapshot. Entries after it are the reason to make the next one. */
  readonly snapshotIndex: number;
  readonly configuration: RaftConfiguration;
  /** The configuration's identity; it is committed if this is not greater than `commit`. */
  readonly configurationIndex: number;
  /** In id order; empty unless this node leads. */
  readonly peers: readonly PeerStatus[];
}

export function statusOf(
  core: RaftCore,
  role: RaftRole,
  leader: NodeId | undefined,
  replication: Replication | undefined,
  now: Instant,
): RaftStatus {
  const { log, term } = core;
  return {
    role,
    term,
    leader,
    lastIndex: log.lastIndex,
    commit: log.commit,
    applied: log.applied,
    stable: log.stable,
    snapshotIndex: log.snapshot?.index ?? 0,
    configuration: log.configuration.configuration,
    configurationIndex: log.configuration.index,
    peers: replication === undefined ? [] : peersOf(replication, now),
  };
}

function peersOf(replication: Replication, now: Instant): readonly PeerStatus[] {
  return replication.peers.flatMap((peer) => {
    const progress = replication.progressOf(peer);
    if (progress === undefined) return [];
    const { match, state, heardAt } = progress;
    return [{ peer, match, state: state.kind, silentMs: msBetween(heardAt, now) }];
  });
}
