import { assign } from './assign.ts';
import { assignInstances, compareInstances } from './assign-instances.ts';
import { addDependentScores } from './colocated-scores.ts';
import { colocationsThisWith, colocationsWithThis } from './colocations-of.ts';
import { addPromotionScores, chooseRoles } from './promotion.ts';
import type { PolicyNode, Resource, World } from './state.ts';

export function assignClone(
  world: World,
  clone: Resource,
  prefer: PolicyNode | undefined,
  stopsIfFailed: boolean,
): void {
  if (!clone.isUnassigned || clone.isAssigning) return;
  clone.isAssigning = true;
  if (clone.settings.isPromotable) addPromotionScores(clone);
  for (const { primary } of colocationsThisWith(clone)) {
    assign(world, primary, prefer, stopsIfFailed);
  }
  for (const colocation of colocationsWithThis(clone)) addDependentScores(colocation, clone);
  clone.children = clone.children.toSorted((a, b) => compareInstances(a, b));
  const { cloneMax, cloneNodeMax } = clone.settings;
  assignInstances(world, clone, clone.children, cloneMax, cloneNodeMax);
  if (clone.settings.isPromotable) chooseRoles(world, clone);
  clone.isUnassigned = false;
  clone.isAssigning = false;
}
