import type { NodeId } from '../../model/ids.ts';
import type { Ties } from './colocation.ts';
import { localAt } from './facts.ts';
import type { Situation } from './situation.ts';
import type { Unit } from './units.ts';

/** The nodes on which it is not known yet whether a unit runs, or anything that colocation rules tie to it. */
export function unprobedNodes(situation: Situation, ties: Ties, unit: Unit): readonly NodeId[] {
  const tied = new Set<Unit>([unit]);
  for (const item of tied) {
    for (const tie of ties.ofDependent.get(item.index) ?? []) tied.add(tie.primary.unit);
    for (const tie of ties.ofPrimary.get(item.index) ?? []) tied.add(tie.dependent.unit);
  }
  const instances = [...tied].flatMap((item) => item.parts.flatMap((part) => part.instances));
  return situation.nodes
    .filter((node) => node.worker)
    .filter((node) =>
      instances.some(
        (instance) =>
          (instance.home === undefined || instance.home === node.index) &&
          localAt(instance.locals, node.index).state === 'unknown',
      ),
    )
    .map((node) => node.id);
}
