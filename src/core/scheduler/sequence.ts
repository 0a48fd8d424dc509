import { primitiveOf } from '../../model/ids.ts';
import type { PlannedAction } from '../../model/plan.ts';
import type { Draft } from './drafts.ts';
import { afterNeeds } from './topology.ts';
import type { Waits } from './waits.ts';

/**
 * Stage 7: the actions one after the other, each after what it waits for. What waits for something blocked is
 * blocked by the same cause, and so is what waits for itself in a circle.
 */
export function sequenceActions(drafts: readonly Draft[], waits: Waits): readonly PlannedAction[] {
  const done = new Map<Draft, PlannedAction>();
  for (const draft of afterNeeds(byUrgency(drafts), (item) => waits.before.get(item) ?? none)) {
    done.set(draft, plannedAction(draft, waits, done));
  }
  return [...done.values()];
}

const none: readonly never[] = [];

function plannedAction(
  draft: Draft,
  waits: Waits,
  done: ReadonlyMap<Draft, PlannedAction>,
): PlannedAction {
  const needs = waits.before.get(draft) ?? none;
  const after = needs.map((need) => need.id);
  let blockedBy = draft.inFlight ? undefined : (draft.blockedBy ?? waits.blocked.get(draft));
  for (const need of needs) {
    if (blockedBy !== undefined) break;
    const before = done.get(need);
    blockedBy =
      before === undefined
        ? { rule: 'order-cycle', resource: primitiveOf(draft.instance) }
        : before.blockedBy;
  }
  return { ...draft, after, blockedBy };
}

/** What is under way, then what frees and starts, then what merely looks. */
function byUrgency(drafts: readonly Draft[]): readonly Draft[] {
  const lists = {
    inFlight: [] as Draft[],
    stop: [] as Draft[],
    start: [] as Draft[],
    probe: [] as Draft[],
  };
  for (const draft of drafts) lists[draft.inFlight ? 'inFlight' : draft.action].push(draft);
  return [lists.inFlight, lists.stop, lists.start, lists.probe].flat();
}
