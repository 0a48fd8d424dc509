import type { Plan, Snapshot } from '../../model/plan.ts';
import { schedule } from '../scheduler/schedule.ts';
import { isSettled } from '../transition/next-orders.ts';
import type { NodeContext } from './context.ts';

export interface Planned {
  readonly plan: Plan;
  readonly settled: boolean;
}

/** What the scheduler makes of the applied state. Any node can ask; only the leader acts on it. */
export function planNow(context: NodeContext, change?: Partial<Snapshot>): Planned | undefined {
  const { state } = context;
  if (state.config === undefined) return undefined;
  const plan = schedule({
    config: state.config,
    status: state.facts(),
    wallMs: context.wallMs,
    wishes: state.wishes,
    leaving: state.leaving,
    changed: state.changed(),
    ...change,
  });
  return { plan, settled: isSettled(plan) };
}
