import { sortedBy } from '../../base/order.ts';
import { defaultNode } from '../../model/config.ts';
import type { NodeId } from '../../model/ids.ts';
import type { Snapshot } from '../../model/plan.ts';
import type { Reason } from '../../model/reason.ts';
import type { MemberStatus } from '../../model/status.ts';

/** A member as the scheduler sees it. Nodes are numbered by name, so that equal choices go to the first name. */
export interface NodeView {
  readonly index: number;
  readonly id: NodeId;
  readonly presence: MemberStatus['presence'];
  readonly incarnation: number;
  /** Joined and no witness: every instance is probed on it. */
  readonly worker: boolean;
  /** Why nothing may be assigned to it; undefined where something may. */
  readonly refusal: Reason | undefined;
  /** Why nothing that runs on it may be touched. */
  readonly handsOff: Reason | undefined;
}

export function readNodes(snapshot: Snapshot): readonly NodeView[] {
  const leaving = new Set(snapshot.leaving);
  const members = sortedBy(snapshot.status.members, (member) => member.node);
  return members.map((member, index) => {
    const node = member.node;
    const config = snapshot.config.nodes[node] ?? defaultNode;
    const joined = member.presence === 'joined';
    const maintenance: Reason | undefined = config.maintenance
      ? { rule: 'node-maintenance', node }
      : undefined;
    return {
      index,
      id: node,
      presence: member.presence,
      incarnation: member.incarnation,
      worker: joined && config.role !== 'witness',
      refusal:
        absence(member) ??
        (config.role === 'witness' ? { rule: 'witness', node } : undefined) ??
        maintenance ??
        (leaving.has(node) ? { rule: 'node-leaving', node } : undefined) ??
        (config.standby ? { rule: 'node-standby', node } : undefined),
      handsOff: maintenance,
    };
  });
}

function absence(member: MemberStatus): Reason | undefined {
  const node = member.node;
  switch (member.presence) {
    case 'joined':
      return undefined;
    case 'lost':
    case 'down':
      return { rule: 'node-lost', node };
    case 'left':
      return { rule: 'node-left', node };
    case 'absent':
      return { rule: 'not-joined', node };
  }
}
