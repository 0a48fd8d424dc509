import { addInstance, markRemoved } from './build-resources.ts';
import { needsFencing } from './settings.ts';
import {
  isAnonymousClone,
  isGuest,
  locationOf,
  type PolicyNode,
  type Resource,
  topOf,
  type World,
} from './state.ts';

/** Which resource an entry of the history speaks of; an instance of an anonymous clone is chosen by node. */
export function findHistoryResource(
  world: World,
  node: PolicyNode,
  id: string,
): Resource | 'not-a-primitive' | undefined {
  let found = world.byId.get(id);
  if (found === undefined) {
    const zero = world.byId.get(`${withoutNumber(id)}:0`);
    if (zero !== undefined && !zero.settings.isUnique) found = zero;
    if (found === undefined) return undefined;
  }
  if (found.kind !== 'primitive') return 'not-a-primitive';
  const top = topOf(found, false);
  if (!isAnonymousClone(top)) return named(found, id);
  if (top.parent?.kind === 'bundle') {
    const replica = top.parent.replicas.find((item) => item.node === node);
    return replica?.child === undefined ? undefined : named(replica.child, id);
  }
  return named(findInstance(world, top, node, withoutNumber(id)), id);
}

function named(resource: Resource, id: string): Resource {
  if (resource.id !== id) resource.historyName = id;
  return resource;
}

export function withoutNumber(id: string): string {
  return id.replace(/:\d+$/, '');
}

function findInstance(world: World, clone: Resource, node: PolicyNode, id: string): Resource {
  let active: Resource | undefined;
  let inactive: Resource | undefined;
  let skipsInactive = false;
  for (const instance of clone.children) {
    if (active !== undefined) break;
    const locations = locationOf(instance, true);
    if (locations.includes(node)) {
      const member = memberOf(instance, id);
      if (member === undefined) continue;
      if (member.runningOn.length > 0) skipsInactive = true;
      else active = member;
    } else if (locations.length === 0 && inactive === undefined && !instance.isBlocked) {
      const member = memberOf(instance, id);
      if (member === undefined || instance.isRemoved) continue;
      if (member.pendingOn === undefined || member.pendingOn === node) inactive = member;
    }
  }
  let found = active ?? (skipsInactive ? undefined : inactive);
  if (found !== undefined && isForgone(found, clone, node)) found = undefined;
  return found ?? addRemovedInstance(world, clone, id);
}

/**
 * What needs no fencing may start elsewhere before this node is fenced: without an instance for every node,
 * what its history says must not take one.
 */
function isForgone(resource: Resource, clone: Resource, node: PolicyNode): boolean {
  if (needsFencing(resource) || node.isOnline || isGuest(node)) return false;
  return !isOnEveryNode(clone);
}

function isOnEveryNode(clone: Resource): boolean {
  return clone.children.filter((child) => !child.isRemoved).length >= clone.table.size;
}

function memberOf(instance: Resource, id: string): Resource | undefined {
  if (instance.config.id === id) return instance;
  return instance.children.find((child) => child.config.id === id);
}

function addRemovedInstance(world: World, clone: Resource, id: string): Resource {
  const instance = addInstance(world, clone, clone.children.length, true);
  markRemoved(instance);
  return memberOf(instance, id) ?? instance;
}

/** Every resource that goes by that name in the history. */
export function findHistoryName(world: World, id: string): readonly Resource[] {
  const found: Resource[] = [];
  for (const resource of world.byId.values()) {
    if (resource.id === id || resource.historyName === id) found.push(resource);
  }
  return found;
}
