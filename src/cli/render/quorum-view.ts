import type { StatusReport } from '../../api/requests.ts';
import type { Screen } from './status-screen.ts';
import { type Row, tableLines } from './table.ts';

export interface QuorumView {
  readonly quorate: boolean;
  readonly needed: number;
  /** Voters that this node reaches, itself included. */
  readonly reached: readonly string[];
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  readonly leader: string | undefined;
  readonly term: number;
  /** Entries that are committed and that this node has not applied yet. */
  readonly behind: number;
  readonly survives: number;
}

export function quorumView({ raft, peers, self }: StatusReport): QuorumView {
  const heard = new Set<string>([self, ...peers.filter((p) => p.heard).map((p) => p.node)]);
  const needed = Math.floor(raft.voters.length / 2) + 1;
  return {
    quorate: raft.quorate,
    needed,
    reached: raft.voters.filter((voter) => heard.has(voter)),
    voters: raft.voters,
    learners: raft.learners,
    leader: raft.leader,
    term: raft.term,
    behind: Math.max(0, raft.commitIndex - raft.appliedIndex),
    survives: raft.voters.length - needed,
  };
}

/** `holdfast quorum status`. */
export function quorumLines(
  status: StatusReport,
  view: QuorumView,
  { width, paint }: Screen,
): readonly string[] {
  const { voters, learners, reached, needed, leader } = view;
  const state = view.quorate ? paint('good', 'quorate') : paint('bad', 'NOT quorate');
  const rows = [...voters, ...learners].map((node): Row => {
    const peer = status.peers.find((item) => item.node === node);
    const role = leader === node ? 'leader' : voters.includes(node as never) ? 'voter' : 'learner';
    const seen = node === status.self ? 'this node' : peer?.heard ? 'heard' : 'not heard';
    return [node, role, { text: seen, mood: seen === 'not heard' ? 'bad' : undefined }];
  });
  return [
    `${state}: ${reached.length} of ${voters.length} voters in reach, ${needed} needed`,
    `leader ${leader ?? 'none'}, term ${view.term}, entry ${status.raft.appliedIndex} applied` +
      (view.behind > 0 ? `, ${view.behind} behind` : ''),
    view.survives === 0
      ? 'the loss of any voter stops the cluster from acting'
      : `survives the loss of ${view.survives} voter${view.survives === 1 ? '' : 's'}`,
    '',
    ...tableLines(['NODE', 'VOTE', 'SEEN'], rows, width, paint),
  ];
}
