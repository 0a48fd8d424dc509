import {
  isAvailable,
  isGuest,
  numberOf,
  type PolicyNode,
  type Resource,
  roles,
  type World,
} from './state.ts';

/** Gives a primitive its node for good (or none). With `isForced`, also one that can take nothing. */
export function seatPrimitive(
  resource: Resource,
  chosen: PolicyNode | undefined,
  isForced: boolean,
  stopsIfFailed: boolean,
): boolean {
  const before = resource.seat;
  let node = chosen;
  if (!isForced && node !== undefined) {
    const score = resource.table.get(node)?.score ?? 0;
    if (score < 0 || (!isAvailable(node) && !isGuest(node))) {
      if (stopsIfFailed) resource.nextRole = roles.stopped;
      node = undefined;
    }
  }
  unseat(resource);
  resource.isUnassigned = false;
  if (node === undefined) {
    if (!stopsIfFailed) return before !== undefined;
    resource.nextRole = roles.stopped;
    for (const action of resource.actions) {
      if (action.task === 'stop') action.isOptional = false;
      else if (action.task === 'start') action.isRunnable = false;
    }
    return before !== undefined;
  }
  resource.seat = node;
  node.assignedCount += 1;
  changeCapacity(node, resource, -1);
  return before !== node;
}

export function unseat(resource: Resource): void {
  const { seat } = resource;
  if (seat === undefined) {
    return;
  }
  resource.isUnassigned = true;
  resource.seat = undefined;
  seat.assignedCount -= 1;
  changeCapacity(seat, resource, 1);
}

function changeCapacity(node: PolicyNode, resource: Resource, sign: number): void {
  for (const [name, value] of Object.entries(resource.config.utilization)) {
    const left = node.capacity.get(name);
    if (left !== undefined) node.capacity.set(name, left + sign * numberOf(value, 0));
  }
}

/** Takes its place from a resource and all its parts; true if any had one. */
export function unseatAll(world: World, resource: Resource): boolean {
  if (resource.children.length === 0) {
    const had = resource.seat !== undefined;
    seatPrimitive(resource, undefined, true, true);
    return had;
  }
  let changed = false;
  for (const child of resource.children) if (unseatAll(world, child)) changed = true;
  return changed;
}
