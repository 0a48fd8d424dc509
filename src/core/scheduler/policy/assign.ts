import { applyColocation } from './apply-colocation.ts';
import { assignBundle } from './assign-bundle.ts';
import { assignClone } from './assign-clone.ts';
import { addDependentScores, withColocatedScores } from './colocated-scores.ts';
import { colocationsThisWith, colocationsWithThis } from './colocations-of.ts';
import { sortNodes } from './node-order.ts';
import { seatPrimitive } from './seat-resource.ts';
import {
  addToScores,
  anyAvailable,
  type Colocation,
  copyTable,
  currentNode,
  INFINITE,
  isAvailable,
  isSeatAvailable,
  isUniqueClone,
  type PolicyNode,
  type Resource,
  roles,
  type Seatable,
  type World,
} from './state.ts';
import { banFullNodes } from './utilization.ts';

/** Every resource gets its node, or none. */
export function assignAll(world: World): void {
  if (world.options.placement !== 'default') sortResources(world);
  const { resources } = world;
  for (const resource of resources) {
    if (resource.isConnection) assign(world, resource, resource.partialTarget, true);
  }
  for (const resource of resources) {
    if (!resource.isConnection) assign(world, resource, undefined, true);
  }
}

/** Gives a resource and its parts their nodes. Returns the one where all of it goes, if that is one. */
export function assign(
  world: World,
  resource: Resource,
  prefer: PolicyNode | undefined,
  stopsIfFailed: boolean,
): PolicyNode | undefined {
  switch (resource.kind) {
    case 'primitive':
      return assignPrimitive(world, resource, prefer, stopsIfFailed);
    case 'group':
      return assignGroup(world, resource, prefer, stopsIfFailed);
    case 'clone':
      assignClone(world, resource, prefer, stopsIfFailed);
      return undefined;
    case 'bundle':
      assignBundle(world, resource, prefer, stopsIfFailed);
      return undefined;
  }
}

function assignGroup(
  world: World,
  group: Resource,
  prefer: PolicyNode | undefined,
  stopsIfFailed: boolean,
): PolicyNode | undefined {
  const first = group.children[0];
  if (!group.isUnassigned) return first?.seat;
  if (group.isAssigning) return undefined;
  group.isAssigning = true;
  if (first !== undefined) group.role = first.role;
  let node: PolicyNode | undefined;
  for (const member of group.children) {
    const seat = assign(world, member, prefer, stopsIfFailed);
    node ??= seat;
  }
  if (first !== undefined) group.nextRole = first.nextRole;
  group.isAssigning = false;
  group.isUnassigned = false;
  return node;
}

function assignPrimitive(
  world: World,
  resource: Resource,
  prefer: PolicyNode | undefined,
  stopsIfFailed: boolean,
): PolicyNode | undefined {
  const { parent } = resource;
  if (parent !== undefined && !parent.isAssigning) assign(world, parent, prefer, stopsIfFailed);
  if (!resource.isUnassigned) return resource.seat;
  if (resource.isAssigning) return undefined;
  resource.isAssigning = true;
  const thisWith = colocationsThisWith(resource);
  const withThis = colocationsWithThis(resource);
  for (const wanted of [isMandatory, isOptional]) {
    for (const item of thisWith) if (wanted(item)) applyThisWith(world, item, resource);
    for (const item of withThis) if (wanted(item)) addDependentScores(item, resource);
  }
  limitRole(world, resource);
  if (world.options.fencing === 'on' && !hasFencing(world)) resource.isManaged = false;
  if (!resource.isManaged) {
    resource.nextRole = resource.role;
    seatPrimitive(resource, currentNode(resource), true, stopsIfFailed);
  } else if (world.options.stopsAll) {
    seatPrimitive(resource, undefined, true, stopsIfFailed);
  } else assignBest(world, resource, prefer, stopsIfFailed);
  resource.isAssigning = false;
  if (resource.isConnection) connectionAssigned(world, resource);
  return resource.seat;
}

function hasFencing(world: World): boolean {
  return world.hasFenceDevice || world.options.hasWatchdogFencing;
}

function isMandatory(item: Colocation): boolean {
  return Math.abs(item.score) >= INFINITE;
}

function isOptional(item: Colocation): boolean {
  return !isMandatory(item);
}

function applyThisWith(world: World, colocation: Colocation, resource: Resource): void {
  const { primary, score } = colocation;
  const isSoft = colocation.dependentRole >= roles.promoted || (score < 0 && score > -INFINITE);
  const before = isSoft ? copyTable(resource.table) : undefined;
  if (primary.isUnassigned) assign(world, primary, undefined, true);
  applyColocation(world, resource, primary, colocation);
  if (before !== undefined && !anyAvailable(resource.table)) resource.table = before;
}

function limitRole(world: World, resource: Resource): void {
  if (resource.nextRole === roles.stopped) {
    addToScores(world, resource, undefined, -INFINITE);
  } else if (
    resource.nextRole > resource.role &&
    !world.isQuorate &&
    world.withoutQuorum === 'freeze'
  ) {
    resource.nextRole = resource.role;
  }
}

function assignBest(
  world: World,
  resource: Resource,
  wish: PolicyNode | undefined,
  stopsIfFailed: boolean,
): void {
  const roomiest = banFullNodes(world, resource);
  const prefer = wish ?? roomiest;
  if (!resource.isUnassigned) return;
  const current = currentNode(resource);
  const seats = sortNodes(world, [...resource.table.values()], current);
  const best = seats[0];
  let chosen: Seatable | undefined;
  if (prefer !== undefined && best !== undefined) {
    const seat = resource.table.get(prefer);
    if (seat !== undefined && seat.score >= best.score && isSeatAvailable(seat)) chosen = seat;
  }
  if (chosen === undefined && best !== undefined) {
    chosen = best;
    const mayStay =
      !isUniqueClone(resource.parent) &&
      best.score > 0 &&
      isAvailable(best.node) &&
      current !== undefined &&
      isAvailable(current);
    if (mayStay) {
      const same = seats.find((seat) => seat.node === current && seat.score === best.score);
      if (same !== undefined) chosen = same;
    }
  }
  seatPrimitive(resource, chosen?.node, false, stopsIfFailed);
}

/** A remote node is online as soon as its connection has a place. */
function connectionAssigned(world: World, connection: Resource): void {
  const node = world.nodeByName.get(connection.id);
  if (node === undefined) return;
  if (connection.seat !== undefined && connection.nextRole !== roles.stopped) {
    node.isOnline = true;
    if (node.isUnseen) node.isUnclean = false;
  } else node.isShuttingDown = true;
}

/** Which resource is placed first where capacity counts: priority, score where it runs, score anywhere. */
function sortResources(world: World): void {
  const nodes = sortNodes(
    world,
    world.nodes.map((node) => ({ node, score: 0, count: 0, discovery: 0 })),
    undefined,
  ).map((seat) => seat.node);
  const tables = new Map(
    world.resources.map((resource) => [
      resource,
      withColocatedScores(undefined, {
        source: resource,
        target: undefined,
        colocation: undefined,
        factor: 1,
        selection: { thisWith: true },
      }) ?? resource.table,
    ]),
  );
  const at = (resource: Resource, node: PolicyNode | undefined): number => {
    const seat = node === undefined ? undefined : tables.get(resource)?.get(node);
    return seat?.score ?? -INFINITE;
  };
  world.resources.sort((a, b) => {
    if (a.priority !== b.priority) return b.priority - a.priority;
    const here = at(b, currentNode(b)) - at(a, currentNode(a));
    if (here !== 0) return here;
    for (const node of nodes) {
      const difference = at(b, node) - at(a, node);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}
