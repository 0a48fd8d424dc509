import { failCount } from './fail-count.ts';
import { applyLocation, type PlacedLocation } from './locations.ts';
import {
  addToScores,
  INFINITE,
  type PolicyNode,
  primitivesIn,
  type Resource,
  topOf,
  type World,
} from './state.ts';

/** What speaks for and against each node, apart from other resources. */
export function applyCriteria(world: World, locations: readonly PlacedLocation[]): void {
  if (world.options.locksOnShutdown) {
    for (const resource of world.resources) lockOnShutdown(world, resource);
  }
  for (const { resource, location } of locations) applyLocation(resource, location);
  for (const resource of world.resources) {
    for (const primitive of primitivesIn(resource)) applyStickiness(world, primitive);
  }
  for (const node of world.nodes) {
    for (const resource of world.resources) {
      for (const primitive of primitivesIn(resource)) applyThreshold(world, primitive, node);
      applyExclusiveDiscovery(resource, node);
    }
  }
}

function applyStickiness(world: World, resource: Resource): void {
  const { stickiness } = resource.settings;
  const node = resource.runningOn[0];
  if (!resource.isManaged || stickiness < 1 || resource.runningOn.length !== 1) return;
  if (node === undefined) return;
  if (!world.options.isSymmetric && !resource.table.has(node)) return;
  addToScores(world, resource, node, stickiness);
}

function applyThreshold(world: World, resource: Resource, node: PolicyNode): void {
  if (world.clearing.has(`${resource.id}@${node.name}`)) return;
  if (!hasReachedThreshold(world, resource, node)) return;
  const banned = resource.settings.isUnique ? resource : topOf(resource, false);
  addToScores(world, banned, node, -INFINITE);
}

export function hasReachedThreshold(world: World, resource: Resource, node: PolicyNode): boolean {
  const { migrationThreshold } = resource.settings;
  if (migrationThreshold === 0 || resource.ignoresFailure) return false;
  const count = failCount(world, resource, node, true, true);
  return count > 0 && count >= migrationThreshold;
}

function applyExclusiveDiscovery(resource: Resource, node: PolicyNode): void {
  if (!resource.isDiscoveryExclusive && !topOf(resource, false).isDiscoveryExclusive) return;
  for (const child of resource.children) applyExclusiveDiscovery(child, node);
  const seat = resource.table.get(node);
  if (seat !== undefined && seat.discovery !== 2) seat.score = -INFINITE;
}

/** What ran alone on a node that shuts down waits for its return. */
function lockOnShutdown(world: World, resource: Resource): void {
  if (resource.kind === 'group') {
    for (const member of resource.children) lockOnShutdown(world, member);
    return;
  }
  if (resource.kind !== 'primitive' || resource.isFenceDevice || resource.isConnection) return;
  if (resource.lockedTo !== undefined) {
    if (resource.runningOn.length > 0) resource.lockedTo = undefined;
  } else {
    const node = resource.runningOn[0];
    const isAlone = resource.runningOn.length === 1;
    if (isAlone && node?.isShuttingDown && !node.isUnclean) {
      resource.lockedTo = node;
    }
  }
  if (resource.lockedTo === undefined) return;
  for (const node of world.nodes) {
    if (node !== resource.lockedTo) addToScores(world, resource, node, -INFINITE);
  }
}
