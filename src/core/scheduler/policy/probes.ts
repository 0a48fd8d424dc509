import { actionFor, actionKey } from './actions.ts';
import { addOrdering } from './orderings.ts';
import {
  effects,
  isGuest,
  isTrue,
  type PolicyNode,
  type Resource,
  roles,
  topOf,
  type World,
} from './state.ts';
import { orderAfterUnfencing } from './unfencing.ts';

/** Asks for what is not known yet: whether a resource runs on a node. */
export function createProbes(world: World): void {
  if (!world.options.probes) return;
  for (const node of world.nodes) {
    if (!node.isOnline || node.isUnclean || node.isDiscoveryOff || node.kind === 'ping') {
      if (!node.isExclusive || !node.isOnline) continue;
    }
    if (node.attributes.get('#probed') !== undefined && !isTrue(node.attributes.get('#probed'))) {
      continue;
    }
    for (const resource of world.resources) probe(world, resource, node);
  }
}

function probe(world: World, resource: Resource, node: PolicyNode): void {
  if (resource.kind === 'clone' && !resource.settings.isUnique) {
    const known = resource.children.some((child) => isKnown(child, node));
    const instance = resource.children.find((child) => child.seat === node) ?? resource.children[0];
    if (!known && instance !== undefined) probe(world, instance, node);
    return;
  }
  if (resource.children.length > 0) {
    for (const child of resource.children) probe(world, child, node);
    return;
  }
  if (isWanted(resource, node)) probePrimitive(world, resource, node);
}

function isKnown(resource: Resource, node: PolicyNode): boolean {
  if (resource.children.length > 0) return resource.children.some((child) => isKnown(child, node));
  return resource.knownOn.has(node);
}

function isWanted(resource: Resource, node: PolicyNode): boolean {
  if (resource.isRemoved || resource.knownOn.has(node)) return false;
  const isFar = node.kind === 'remote';
  if (isFar && (resource.isFenceDevice || resource.isConnection)) return false;
  if (isFar && resource.bundlePart === 'container') return false;
  if (isGuest(node) && resource.fillers.some((filler) => filler.isConnection)) return false;
  if (resource.container !== undefined && !resource.isConnection) return false;
  const seat = resource.table.get(node);
  if (node.isExclusive && seat === undefined) return false;
  if (resource.bundlePart === 'child' && !node.isExclusive) return false;
  if (resource.isDiscoveryExclusive || topOf(resource, false).isDiscoveryExclusive) {
    if (seat?.discovery !== 2) return false;
  }
  if (seat?.discovery === 1) return false;
  if (!isGuest(node)) return true;
  const guest = node.connection?.container;
  if (guest === undefined || guest.role === roles.stopped) return false;
  return guest.nextRole !== roles.stopped && !guest.isFailed;
}

function probePrimitive(world: World, resource: Resource, node: PolicyNode): void {
  const action = actionFor(world, resource, 'monitor', node, false);
  orderAfterUnfencing(world, resource, node, action, effects.ordered);
  let top = topOf(resource, true);
  if ((resource.isFenceDevice && world.usesUnfencing) || top.kind !== 'clone') top = resource;
  const isBlocking = !action.isRunnable && top.runningOn.length === 0;
  addOrdering(world, {
    firstAction: action,
    thenResource: top,
    thenKey: actionKey(top, 'start'),
    effects: effects.ordered | (isBlocking ? effects.blocksThen : 0),
  });
}
