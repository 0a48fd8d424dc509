import {
  API_VERSION,
  type LinkReport,
  type PeerReport,
  type StatusReport,
} from '../../api/requests.ts';
import { defaultOptions } from '../../model/config.ts';
import type { NodeContext } from './context.ts';
import { planNow } from './planning.ts';

/** Everything that `status` and its kin show, by this node's own applied state and its heart's view. */
export function statusReport(
  context: NodeContext,
  incarnation: number,
  trouble: readonly string[],
): StatusReport {
  const { state, view } = context;
  const planned = planNow(context);
  const options = state.config?.options ?? defaultOptions;
  return {
    apiVersion: API_VERSION,
    version: context.version,
    cluster: state.config?.name ?? '',
    clusterId: state.clusterId,
    self: context.self,
    configVersion: state.configVersion,
    raft: raftReport(context),
    lease: {
      standing: view?.leaseMs !== undefined,
      incarnation,
      leftMs: view?.leaseMs,
    },
    failover: failoverTimes(context),
    links: linkReports(context),
    peers: peerReports(context),
    options,
    nodes: state.config?.nodes ?? {},
    resources: state.config?.resources ?? [],
    facts: state.facts(),
    assignments: planned?.plan.assignments ?? [],
    actions: planned?.plan.actions ?? [],
    settled: planned?.settled ?? false,
    trouble,
    wallMs: context.wallMs,
  };
}

function raftReport(context: NodeContext): StatusReport['raft'] {
  const status = context.raft.status(context.now);
  const isVoter = status.configuration.voters.includes(context.self);
  return {
    role: isVoter ? status.role : 'learner',
    term: status.term,
    leader: status.leader,
    quorate: status.leader !== undefined,
    voters: status.configuration.voters,
    learners: status.configuration.learners,
    commitIndex: status.commit,
    appliedIndex: status.applied,
    lastIndex: status.lastIndex,
  };
}

/** From what is granted at present: how long a silence is until a node is lost, and until others may take over. */
function failoverTimes(context: NodeContext): StatusReport['failover'] {
  const options = context.state.config?.options ?? defaultOptions;
  const grants = context.view?.peers.map((peer) => peer.grantMs) ?? [];
  const detectMs = Math.max(options.detectMinMs, ...grants);
  return { detectMs, takeoverMs: detectMs + options.selfStopMs };
}

function linkReports(context: NodeContext): readonly LinkReport[] {
  return (context.view?.peers ?? []).flatMap((peer) =>
    peer.links.map((link) => ({ peer: peer.node, ...link })),
  );
}

function peerReports(context: NodeContext): readonly PeerReport[] {
  return (context.view?.peers ?? []).map((peer) => ({
    node: peer.node,
    heard: peer.heard,
    forMs: peer.forMs,
    agent: peer.agent,
    hears: peer.hears,
    grantMs: peer.grantMs,
  }));
}
