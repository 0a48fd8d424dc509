import { actionFor, actionKey, actionsByKey } from './actions.ts';
import { createRemoved, targetRole } from './build-resources.ts';
import { fenceNode } from './fence-node.ts';
import { findHistoryResource } from './history-names.ts';
import { readOperation, sortOperations } from './history-operation.ts';
import type { NodeStateInput, ResourceHistory } from './input.ts';
import { nodeOf, readRemoteStates } from './node-status.ts';
import type { Response } from './on-fail.ts';
import {
  addToScores,
  INFINITE,
  isGuest,
  isRemote,
  type PolicyNode,
  type Resource,
  roles,
  type World,
} from './state.ts';

/** Reads what happened on each node into what runs where and what failed. */
export function readHistory(world: World): void {
  while (readReadyNodes(world, false)) {
    // Nodes without membership become readable as their connections are found.
  }
  if (world.options.fencing === 'on') readReadyNodes(world, true);
  for (const container of world.stopContainers) {
    for (const node of container.runningOn) actionFor(world, container, 'stop', node, false);
  }
  readRemoteStates(world);
  for (const node of world.nodes) {
    if (node.kind === 'remote' && isGuest(node)) readGuestTrouble(node);
  }
}

function readGuestTrouble(node: PolicyNode): void {
  if (node.isUnclean && !node.isOnline) node.needsReset = true;
}

/** True if any node was read: that may make others readable. */
function readReadyNodes(world: World, includingUnclean: boolean): boolean {
  let found = false;
  for (const state of world.input.states) {
    const node = nodeOf(world, state);
    if (node === undefined || node.isUnpacked) continue;
    if (!includingUnclean && !isReadable(node, world)) continue;
    node.isUnpacked = true;
    found = true;
    readNode(world, node, state);
  }
  return found;
}

function isReadable(node: PolicyNode, world: World): boolean {
  if (isGuest(node)) {
    return isUp(node.connection) && isUp(node.connection?.container);
  }
  if (isRemote(node)) return isUp(node.connection);
  return node.isOnline || (world.options.locksOnShutdown && world.options.fencing === 'off');
}

function isUp(resource: Resource | undefined): boolean {
  return resource?.role === roles.started;
}

function readNode(world: World, node: PolicyNode, state: NodeStateInput): void {
  if (node.kind === 'remote') readRemoteStates(world);
  const unexpected: Resource[] = [];
  for (const history of state.history) {
    const resource = readResourceHistory(world, node, history);
    if (resource?.wasUnexpected === true) unexpected.push(resource.resource);
  }
  // A guest that runs although nobody started it, while its connection does not: recover it as a whole.
  for (const container of unexpected) {
    const guest = container.fillers.find((filler) => filler.isConnection);
    if (guest !== undefined && guest.bundlePart === undefined && guest.role !== roles.started) {
      container.isFailed = true;
      container.stopsIfFailed = true;
    }
  }
}

function readResourceHistory(
  world: World,
  node: PolicyNode,
  history: ResourceHistory,
): { resource: Resource; wasUnexpected: boolean } | undefined {
  if (history.operations.length === 0 && history.lockedAtS === undefined) return undefined;
  const found = findHistoryResource(world, node, history.resource);
  if (found === 'not-a-primitive') return undefined;
  if (found === undefined && history.operations.length === 0) return undefined;
  const resource = found ?? createRemoved(world, history.resource, history.agent);
  if (found === undefined && history.container !== undefined) {
    const container = world.byId.get(history.container);
    if (container !== undefined) {
      resource.container = container;
      container.fillers.push(resource);
    }
  }
  readLock(world, node, resource, history);
  const before = resource.role;
  resource.role = roles.unknown;
  const reading = {
    world,
    node,
    resource,
    history,
    response: 'ignore' as Response,
    wasUnexpected: false,
    lastFailure: undefined,
  };
  for (const operation of sortOperations(history.operations)) readOperation(reading, operation);
  settle(world, node, resource, reading.response);
  applyTargetRole(resource);
  if (before > resource.role) resource.role = before;
  return { resource, wasUnexpected: reading.wasUnexpected };
}

function readLock(
  world: World,
  node: PolicyNode,
  resource: Resource,
  history: ResourceHistory,
): void {
  if (history.lockedAtS === undefined || !world.options.locksOnShutdown) return;
  const { lockLimitS } = world.options;
  if (lockLimitS > 0 && world.input.nowS > history.lockedAtS + lockLimitS) return;
  resource.lockedTo = node;
  resource.lockedAtS = history.lockedAtS;
}

function applyTargetRole(resource: Resource): void {
  const wanted = targetRole(resource);
  if (wanted === undefined) return;
  if (resource.nextRole === roles.unknown || wanted < resource.nextRole) {
    resource.nextRole = wanted;
  }
}

/** What follows from the role and the gravest failure of a resource on a node. */
function settle(world: World, node: PolicyNode, resource: Resource, found: Response): void {
  markKnown(resource, node);
  if (
    resource.role > roles.stopped &&
    !node.isOnline &&
    !node.isMaintenance &&
    resource.isManaged
  ) {
    fenceForResource(world, node, resource);
  }
  const response: Response = node.isUnclean ? 'ignore' : found;
  respond(world, node, resource, response);
  if (resource.isFailed && resource.isConnection) {
    const remote = world.nodeByName.get(resource.id);
    if (remote?.isUnclean === true) remote.isUnseen = false;
  }
  if (resource.role !== roles.stopped && resource.role !== roles.unknown) {
    addRunning(world, resource, node);
    if (response !== 'ignore') {
      resource.isFailed = true;
      if (response !== 'demote' && response !== 'block') resource.stopsIfFailed = true;
    }
  } else if (resource.historyName?.includes(':') === true) {
    resource.historyName = undefined;
  } else {
    for (const stop of actionsByKey(resource, actionKey(resource, 'stop'), node)) {
      stop.isOptional = true;
    }
  }
  if (
    resource.role === roles.stopped &&
    resource.partialSource === node &&
    resource.partialTarget !== undefined
  ) {
    resource.role = roles.started;
  }
}

function markKnown(resource: Resource, node: PolicyNode): void {
  if (resource.role === roles.unknown) return;
  for (let up: Resource | undefined = resource; up !== undefined; up = up.parent) {
    up.knownOn.add(node);
    if (up.settings.isUnique) break;
  }
}

function fenceForResource(world: World, node: PolicyNode, resource: Resource): void {
  if (isGuest(node)) {
    resource.isFailed = true;
    resource.stopsIfFailed = true;
    fenceNode(world, node);
    return;
  }
  if (world.options.fencing === 'off') return;
  // A remote node whose connection may come up elsewhere needs no fencing then.
  if (isRemote(node) && node.connection !== undefined && !node.connection.isFailed) {
    node.isUnseen = true;
  }
  fenceNode(world, node);
}

function respond(world: World, node: PolicyNode, resource: Resource, response: Response): void {
  const isUpNow = resource.role !== roles.stopped && resource.role !== roles.unknown;
  switch (response) {
    case 'ignore':
      return;
    case 'demote':
      resource.isFailed = true;
      actionFor(world, resource, 'demote', node, false);
      return;
    case 'fence':
      fenceNode(world, node);
      return;
    case 'standby':
      node.isStandby = true;
      node.isStandbyOnFail = true;
      return;
    case 'block':
      resource.isManaged = false;
      resource.isBlocked = true;
      return;
    case 'ban':
      addToScores(world, resource, node, -INFINITE);
      return;
    case 'stop':
      resource.nextRole = roles.stopped;
      return;
    case 'restart':
      if (!isUpNow) return;
      fail(resource);
      actionFor(world, resource, 'stop', node, false);
      return;
    case 'restart-container':
      fail(resource);
      if (resource.container !== undefined && resource.bundlePart !== undefined) {
        world.stopContainers.push(resource.container);
      } else if (resource.container !== undefined) {
        actionFor(world, resource.container, 'stop', node, false);
      } else if (isUpNow) actionFor(world, resource, 'stop', node, false);
      return;
    case 'reset-remote':
      resetRemote(world, node, resource);
  }
}

function fail(resource: Resource): void {
  resource.isFailed = true;
  resource.stopsIfFailed = true;
}

function resetRemote(world: World, node: PolicyNode, resource: Resource): void {
  fail(resource);
  if (world.options.fencing === 'on') {
    const remote = world.nodeByName.get(resource.id);
    if (remote !== undefined && isRemote(remote) && !remote.wasFenced) fenceNode(world, remote);
  }
  if (resource.role > roles.stopped) actionFor(world, resource, 'stop', node, false);
  if (resource.settings.reconnectMs > 0) resource.nextRole = roles.stopped;
}

/** A resource is active on one more node. */
export function addRunning(world: World, resource: Resource, node: PolicyNode): void {
  if (resource.runningOn.includes(node)) return;
  resource.runningOn.push(node);
  if (resource.kind === 'primitive') {
    node.running.push(resource);
    if (node.isMaintenance) {
      resource.isManaged = false;
    }
  }
  if (!resource.isManaged) {
    addToScores(world, resource, node, INFINITE);
    for (let up = resource.parent; up !== undefined && node.isOnline; up = up.parent) {
      up.runningOn.push(node);
    }
    return;
  }
  if (resource.kind === 'primitive' && resource.runningOn.length > 1) {
    tooManyNodes(world, resource);
  }
  if (resource.parent !== undefined) addRunning(world, resource.parent, node);
}

function tooManyNodes(world: World, resource: Resource): void {
  switch (resource.settings.multiplyActive) {
    case 'stop':
      for (const node of world.nodes) {
        resource.table.delete(node);
        addToScores(world, resource, node, -INFINITE);
      }
      return;
    case 'block': {
      block(resource);
      const { parent } = resource;
      if (parent?.kind === 'group' || (parent?.kind === 'bundle' && isInBundle(resource))) {
        for (const sibling of parent.children) block(sibling);
      }
      return;
    }
    default:
  }
}

function isInBundle(resource: Resource): boolean {
  return resource.bundlePart !== undefined;
}

function block(resource: Resource): void {
  resource.isManaged = false;
  resource.isBlocked = true;
}
