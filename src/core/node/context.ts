import { addMs, type Instant } from '../../base/instant.ts';
import type { Command } from '../../model/command.ts';
import type { NodeId } from '../../model/ids.ts';
import type { AgentToHeart, HeartView } from '../membership/heart-protocol.ts';
import type { RaftInput } from '../raft/contract.ts';
import type { Raft } from '../raft/raft.ts';
import type { ClusterState } from '../store/cluster-state.ts';
import type { DiskWrite, NodeEffect } from './node-io.ts';
import type { PeerMessage } from './peer-message.ts';

/** A command before the leader has put its clock on it. */
export type Unstamped<C> = C extends unknown ? Omit<C, 'atMs'> : never;

/** What the parts of a node share within one step. */
export interface NodeContext {
  readonly self: NodeId;
  readonly version: string;
  readonly raft: Raft;
  /** The applied state; another object after a snapshot was received. */
  readonly state: ClusterState;
  readonly now: Instant;
  /** Wall clock in ms since 1970. */
  readonly wallMs: number;
  /** What the heart last told; undefined before its first report. */
  readonly view: HeartView | undefined;
  emit(effect: NodeEffect): void;
  send(to: NodeId, message: PeerMessage): void;
  toHeart(message: AgentToHeart): void;
  /** Leader only: puts a command at the end of the log. Undefined where it cannot now. */
  append(command: Unstamped<Command>): number | undefined;
  raftStep(input: RaftInput): void;
  /** All parts are to look at the state anew at the end of this step. */
  changed(): void;
  /** Writes to the disk; `done` once it is durable, in the order of the writes. */
  persist(write: DiskWrite, done: () => void): void;
}

/** Whether this node's heart hears the peer, and the peer has a working agent. */
export function isHeard(context: NodeContext, node: NodeId): boolean {
  if (node === context.self) return true;
  return context.view?.peers.some((peer) => peer.node === node && peer.heard) ?? false;
}

export function later(context: NodeContext, ms: number): Instant {
  return addMs(context.now, ms);
}
