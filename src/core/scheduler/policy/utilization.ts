import { colocationAffects } from './apply-colocation.ts';
import { colocationsThisWith, colocationsWithThis } from './colocations-of.ts';
import { compareCapacities } from './node-order.ts';
import {
  addToScores,
  INFINITE,
  isSeatAvailable,
  numberOf,
  type PolicyNode,
  type Resource,
  type World,
} from './state.ts';

/**
 * Bans nodes without room for a resource and all that must run with it; where none has that much, those without
 * room for it alone. Then the node with most to spare is named.
 */
export function banFullNodes(world: World, resource: Resource): PolicyNode | undefined {
  if (world.options.placement === 'default') return undefined;
  const together = colocatedResources(world, resource);
  const needed = new Map<string, number>();
  for (const other of together) addUtilization(other, together, needed);
  let roomiest: PolicyNode | undefined;
  let isRoom = false;
  for (const seat of resource.table.values()) {
    if (!isSeatAvailable(seat)) continue;
    if (hasRoom(seat.node, needed)) isRoom = true;
    if (roomiest === undefined || compareCapacities(seat.node, roomiest) < 0) roomiest = seat.node;
  }
  const own = isRoom ? needed : utilizationOf(resource);
  for (const seat of [...resource.table.values()]) {
    if (isSeatAvailable(seat) && !hasRoom(seat.node, own)) {
      addToScores(world, resource, seat.node, -INFINITE);
    }
  }
  return isRoom ? undefined : roomiest;
}

function utilizationOf(resource: Resource): ReadonlyMap<string, number> {
  const needed = new Map<string, number>();
  for (const [name, value] of Object.entries(resource.config.utilization)) {
    needed.set(name, numberOf(value, 0));
  }
  return needed;
}

function hasRoom(node: PolicyNode, needed: ReadonlyMap<string, number>): boolean {
  for (const [name, value] of needed) if (value > (node.capacity.get(name) ?? 0)) return false;
  return true;
}

function addUtilization(
  resource: Resource,
  all: readonly Resource[],
  needed: Map<string, number>,
): void {
  if (!resource.isUnassigned) return;
  if (resource.kind === 'primitive') {
    for (const [name, value] of Object.entries(resource.config.utilization)) {
      needed.set(name, (needed.get(name) ?? 0) + numberOf(value, 0));
    }
    return;
  }
  const parts = resource.kind === 'group' ? resource.children : resource.children.slice(0, 1);
  for (const part of parts) {
    if (part.isUnassigned && !all.includes(part)) addUtilization(part, all, needed);
  }
}

/** A resource and all that must run where it does. */
function colocatedResources(world: World, resource: Resource): readonly Resource[] {
  const found: Resource[] = [];
  addColocated(world, resource, resource, found);
  if (!found.includes(resource)) found.push(resource);
  return found;
}

function addColocated(world: World, resource: Resource, origin: Resource, found: Resource[]): void {
  if (found.includes(resource)) return;
  if (resource.kind === 'group') {
    found.push(resource);
    for (const member of resource.children) addColocated(world, member, origin, found);
    addLinked(world, resource, origin, found);
    return;
  }
  found.push(resource);
  addLinked(world, resource, origin, found);
}

function addLinked(world: World, resource: Resource, origin: Resource, found: Resource[]): void {
  for (const colocation of colocationsThisWith(resource)) {
    const { primary } = colocation;
    if (primary === origin || colocation.score < INFINITE) continue;
    if (colocationAffects(resource, primary, colocation, true) !== 'location') continue;
    addColocated(world, primary, origin, found);
  }
  for (const colocation of colocationsWithThis(resource)) {
    const { dependent } = colocation;
    if (dependent === origin || colocation.score < INFINITE) continue;
    if (resource.kind === 'clone' && dependent.kind !== 'clone') continue;
    if (colocationAffects(dependent, resource, colocation, true) !== 'location') continue;
    addColocated(world, dependent, origin, found);
  }
}
