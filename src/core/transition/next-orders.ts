import type { NewOrder } from '../../model/command.ts';
import type { NodeId } from '../../model/ids.ts';
import type { Plan, PlannedAction } from '../../model/plan.ts';
import type { ClusterStatus } from '../../model/status.ts';

/** A node gets no more than this many orders at a time, so that a take-over does not start everything at once. */
export const ORDERS_PER_NODE = 32;

/**
 * The orders that a plan allows to give out now: those that wait for nothing. There is no other barrier, and no
 * memory: after every change of the facts the plan is made anew, and what was done is no longer in it.
 */
export function nextOrders(plan: Plan, status: ClusterStatus): readonly NewOrder[] {
  const incarnations = new Map<NodeId, number>();
  for (const member of status.members) {
    if (member.presence === 'joined') incarnations.set(member.node, member.incarnation);
  }
  const busy = new Map<NodeId, number>();
  for (const order of status.orders) busy.set(order.node, (busy.get(order.node) ?? 0) + 1);
  const orders: NewOrder[] = [];
  for (const action of plan.actions) {
    const incarnation = incarnations.get(action.node);
    const load = busy.get(action.node) ?? 0;
    if (!isReady(action) || incarnation === undefined || load >= ORDERS_PER_NODE) continue;
    busy.set(action.node, load + 1);
    orders.push({
      instance: action.instance,
      node: action.node,
      incarnation,
      action: action.action,
      takeover: action.takeover,
      reason: action.reason,
    });
  }
  return orders;
}

function isReady(action: PlannedAction): boolean {
  return !action.inFlight && action.blockedBy === undefined && action.after.length === 0;
}

/** Whether everything is as the plan wants it, or at least nothing more can be done now. */
export function isSettled(plan: Plan): boolean {
  return (
    plan.actions.every((action) => action.blockedBy !== undefined) && plan.wishesDone.length === 0
  );
}
