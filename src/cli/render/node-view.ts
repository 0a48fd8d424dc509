import type { StatusReport } from '../../api/requests.ts';
import { sortedBy, sortedTexts } from '../../base/order.ts';
import { primitiveOf } from '../../model/ids.ts';
import type { MemberStatus } from '../../model/status.ts';

/** How a node is, in one word of the glossary. */
export type NodeState =
  | 'online'
  | 'standby'
  | 'maintenance'
  | 'leaving'
  | 'silent'
  | 'lost'
  | 'down'
  | 'left'
  | 'absent';

export interface NodeView {
  readonly node: string;
  readonly self: boolean;
  readonly state: NodeState;
  readonly vote: 'leader' | 'voter' | 'learner' | 'witness' | '-';
  readonly runs: readonly string[];
  readonly sinceMs: number;
  /** Links to it that are up, of all; undefined for this node itself. */
  readonly links: { readonly up: number; readonly all: number } | undefined;
  readonly version: string;
  readonly addresses: readonly string[];
}

/** The nodes of a cluster with their state, by name. */
export function nodeViews(status: StatusReport): readonly NodeView[] {
  return sortedBy(status.facts.members, ({ node }) => node).map((member) =>
    nodeView(status, member),
  );
}

function nodeView(status: StatusReport, member: MemberStatus): NodeView {
  const { node } = member;
  const links = status.links.filter(({ peer }) => peer === node);
  const started = status.facts.instances.filter((i) => i.node === node && i.role === 'started');
  const here = member.presence === 'joined';
  return {
    node,
    self: node === status.self,
    state: stateOf(status, member),
    vote: voteOf(status, member),
    runs: here ? sortedTexts(new Set(started.map(({ instance }) => primitiveOf(instance)))) : [],
    sinceMs: member.sinceMs,
    links:
      node === status.self
        ? undefined
        : { up: links.filter(({ up }) => up).length, all: links.length },
    version: member.version,
    addresses: member.addresses.map(({ link, host, port }) => `${link}=${host}:${port}`),
  };
}

function stateOf(status: StatusReport, { node, presence }: MemberStatus): NodeState {
  if (presence !== 'joined') return presence;
  const peer = status.peers.find((item) => item.node === node);
  if (peer !== undefined && !peer.heard) return 'silent';
  const config = Object.hasOwn(status.nodes, node) ? status.nodes[node] : undefined;
  if (config?.maintenance || status.options.maintenance) return 'maintenance';
  return config?.standby ? 'standby' : 'online';
}

function voteOf({ raft, nodes }: StatusReport, { node }: MemberStatus): NodeView['vote'] {
  if (raft.leader === node) return 'leader';
  if (raft.voters.includes(node)) {
    return Object.hasOwn(nodes, node) && nodes[node]?.role === 'witness' ? 'witness' : 'voter';
  }
  return raft.learners.includes(node) ? 'learner' : '-';
}
