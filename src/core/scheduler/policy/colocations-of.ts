import { insertSorted } from './colocations.ts';
import { type Colocation, INFINITE, type Resource, topOf } from './state.ts';

type Side = 'thisWith' | 'withThis';

const others: Readonly<Record<Side, (item: Colocation) => Resource>> = {
  thisWith: (item) => item.primary,
  withThis: (item) => item.dependent,
};

/** Every colocation in which the resource is the dependent, its own and those of what it is part of. */
export function colocationsThisWith(resource: Resource): readonly Colocation[] {
  return collect(resource, 'thisWith');
}

/** Every colocation in which the resource is the primary. */
export function colocationsWithThis(resource: Resource): readonly Colocation[] {
  return collect(resource, 'withThis');
}

function collect(resource: Resource, side: Side): readonly Colocation[] {
  const list: Colocation[] = [];
  addFrom(resource, resource, side, list);
  return list;
}

function addAll(list: Colocation[], more: readonly Colocation[], side: Side): void {
  for (const item of more) insertSorted(list, item, others[side]);
}

function addFrom(resource: Resource, asker: Resource, side: Side, list: Colocation[]): void {
  const own = resource[side];
  switch (resource.kind) {
    case 'primitive':
      addAll(list, own, side);
      if (resource.parent !== undefined) addFrom(resource.parent, asker, side, list);
      return;
    case 'group':
      addFromGroup(resource, asker, side, list);
      return;
    case 'clone':
      addAll(list, own, side);
      if (resource.parent !== undefined) addFrom(resource.parent, asker, side, list);
      return;
    case 'bundle':
      if (concernsBundle(resource, asker)) addAll(list, own, side);
  }
}

/** As a dependent a group is led by its first member, as a primary it is complete with its last. */
function addFromGroup(group: Resource, asker: Resource, side: Side, list: Colocation[]): void {
  const first = group.children[0];
  const last = group.children.at(-1);
  const isLead = asker === group || asker === (side === 'thisWith' ? first : last);
  if (isLead) {
    addAll(list, group[side], side);
    if (group.parent !== undefined) addFrom(group.parent, asker, side, list);
    return;
  }
  if (side === 'withThis') return;
  // An unmanaged member breaks the chain that leads to the first one.
  for (const member of group.children) {
    if (member === asker) return;
    if (member.isManaged) continue;
    addAll(
      list,
      group.thisWith.filter((item) => item.score >= INFINITE),
      side,
    );
    return;
  }
}

function concernsBundle(bundle: Resource, asker: Resource): boolean {
  if (asker === bundle || asker.bundlePart === 'container') return true;
  const clone = bundle.children.find((child) => child.kind === 'clone');
  if (clone === undefined || !clone.settings.isPromotable) return false;
  if (topOf(asker, false) !== clone) return false;
  return asker === clone ? clone.hasPromotionOrder : !asker.isUnassigned;
}

/** Whether the dependent's wishes count when the primary is placed. */
export function hasInfluence(colocation: Colocation, asker?: Resource): boolean {
  const resource = asker ?? colocation.primary;
  if (
    colocation.dependent.bundlePart === 'connection' &&
    !resource.isFailed &&
    resource.runningOn.length === 1
  ) {
    return false;
  }
  return colocation.isInfluential || resource.runningOn.length === 0;
}
