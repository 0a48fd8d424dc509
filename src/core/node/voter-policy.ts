import { sortedBy } from '../../base/order.ts';
import { type ClusterConfig, defaultNode } from '../../model/config.ts';
import type { NodeId } from '../../model/ids.ts';
import type { MemberStatus } from '../../model/status.ts';
import type { RaftConfiguration } from '../raft/entry.ts';

/** More voters make writes slower and protect no better. */
const MOST_VOTERS = 7;

/**
 * The next step towards the voter set that the cluster should have, or undefined where it is so already.
 * An odd number of voters, for an even one survives no more losses; one voter comes or goes at a time.
 * Removed nodes go first, then new ones come in as learners, then learners that are well become voters.
 */
export function nextConfiguration(
  present: RaftConfiguration,
  members: readonly MemberStatus[],
  config: ClusterConfig,
  isHeard: (node: NodeId) => boolean,
): RaftConfiguration | undefined {
  const known = new Set(members.map((member) => member.node));
  const removedLearners = present.learners.filter((node) => !known.has(node));
  if (removedLearners.length > 0) {
    return { ...present, learners: present.learners.filter((node) => known.has(node)) };
  }
  const removedVoter = present.voters.find((node) => !known.has(node));
  if (removedVoter !== undefined && present.voters.length > 1) {
    return { ...present, voters: present.voters.filter((node) => node !== removedVoter) };
  }
  const listed = new Set([...present.voters, ...present.learners]);
  const added = members.filter((member) => !listed.has(member.node)).map((member) => member.node);
  if (added.length > 0) return { ...present, learners: [...present.learners, ...added] };
  return changedVoters(present, members, config, isHeard);
}

function changedVoters(
  present: RaftConfiguration,
  members: readonly MemberStatus[],
  config: ClusterConfig,
  isHeard: (node: NodeId) => boolean,
): RaftConfiguration | undefined {
  const role = (node: NodeId): 'auto' | 'voter' | 'learner' | 'witness' =>
    (config.nodes[node] ?? defaultNode).role;
  const demoted = present.voters.find((node) => role(node) === 'learner');
  if (demoted !== undefined && present.voters.length > 1) {
    return {
      voters: present.voters.filter((node) => node !== demoted),
      learners: [...present.learners, demoted],
    };
  }
  const joined = members.filter((member) => member.presence === 'joined').map((m) => m.node);
  // Asked-for voters and witnesses before those that the cluster chooses.
  const candidates = sortedBy(
    present.learners.filter(
      (node) => role(node) !== 'learner' && joined.includes(node) && isHeard(node),
    ),
    (node) => (role(node) === 'auto' ? '1' : '0') + node,
  );
  const reachable = Math.min(present.voters.length + candidates.length, MOST_VOTERS);
  const wanted = reachable % 2 === 1 ? reachable : reachable - 1;
  const next = candidates[0];
  if (present.voters.length >= wanted || next === undefined) return undefined;
  return {
    voters: [...present.voters, next],
    learners: present.learners.filter((node) => node !== next),
  };
}
