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
  const indexOf = new Map(drafts.map((draft, index) => [draft.id, index]));
  const needs = drafts.map((draft) =>
    (waits.before.get(draft.id) ?? []).flatMap((id) => indexOf.get(id) ?? []),
  );
  const preferred = [...drafts.keys()].sort(
    (a, b) => urgency(drafts[a]) - urgency(drafts[b]) || a - b,
  );
  const done = new Map<number, PlannedAction>();
  for (const index of afterNeeds(preferred, (item) => needs[item] ?? [])) {
    const draft = drafts[index];
    if (draft === undefined) continue;
    let blockedBy = draft.inFlight ? undefined : (draft.blockedBy ?? waits.blocked.get(draft.id));
    const after: string[] = [];
    for (const need of needs[index] ?? []) {
      const before = done.get(need);
      const id = drafts[need]?.id;
      if (id !== undefined) after.push(id);
      blockedBy ??=
        before === undefined
          ? { rule: 'order-cycle', resource: primitiveOf(draft.instance) }
          : before.blockedBy;
    }
    done.set(index, { ...draft, after, blockedBy });
  }
  return [...done.values()];
}

/** What is under way, then what frees and starts, then what merely looks. */
function urgency(draft: Draft | undefined): number {
  if (draft === undefined || draft.inFlight) return 0;
  return { stop: 1, start: 2, probe: 3 }[draft.action];
}
