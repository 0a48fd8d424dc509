import { fenceNode } from './fence-node.ts';
import type { NodeStateInput } from './input.ts';
import { isTrue, type PolicyNode, roles, type World } from './state.ts';

/** Attributes and membership of the nodes that have a state at all. */
export function readNodeStates(world: World): void {
  for (const state of world.input.states) {
    const node = nodeOf(world, state);
    if (node === undefined) continue;
    node.isUnseen = false;
    for (const [name, value] of Object.entries(state.attributes)) node.attributes.set(name, value);
    if (isTrue(node.attributes.get('standby'))) node.isStandby = true;
    if (isTrue(node.attributes.get('maintenance')) || state.isMaintenance)
      node.isMaintenance = true;
    if (node.attributes.get('resource-discovery-enabled') === 'false' && node.kind === 'remote') {
      node.isDiscoveryOff = true;
    }
    node.wasFenced = state.wasFenced;
    if (node.kind === 'remote') {
      node.isUnclean = false;
      const shutdown = node.attributes.get('shutdown');
      if (isSet(shutdown)) node.isShuttingDown = true;
      continue;
    }
    readMembership(world, state, node);
  }
}

export function nodeOf(world: World, state: NodeStateInput): PolicyNode | undefined {
  return world.nodes.find((node) => node.id === state.id) ?? world.nodeByName.get(state.name);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '0' && value !== '';
}

function readMembership(world: World, state: NodeStateInput, node: PolicyNode): void {
  node.isUnclean = false;
  node.isShuttingDown = isSet(node.attributes.get('shutdown'));
  node.isExpectedUp = !node.isShuttingDown && state.expected === 'member';
  if (node.kind === 'ping') return;
  node.isOnline =
    world.options.fencing === 'off'
      ? isOnlineWithoutFencing(state, node)
      : isOnlineWithFencing(world, state, node);
  if (node.isOnline && !world.isQuorate && world.withoutQuorum === 'fence') fenceNode(world, node);
}

function isOnlineWithoutFencing(state: NodeStateInput, node: PolicyNode): boolean {
  if (state.isMember !== true) return false;
  if (state.isOnline) return state.join === 'member';
  if (node.isExpectedUp) node.isUnclean = true;
  return false;
}

function isOnlineWithFencing(world: World, state: NodeStateInput, node: PolicyNode): boolean {
  const { isMember, isOnline, join, expected } = state;
  const asksForFencing = asksForTermination(node);
  if (node.isShuttingDown && !asksForFencing) return isOnline;
  if (isMember === undefined) {
    fenceNode(world, node);
    return false;
  }
  if (join === 'nack' || join === 'banned') fenceNode(world, node);
  else if (asksForFencing) {
    if (!isMember && !isOnline && join === 'down') return false;
    fenceNode(world, node);
  } else if (expected === undefined || expected === 'down') {
    if (isMember || isOnline) markPending(node);
  } else if (!isMember || !isOnline) fenceNode(world, node);
  else if (join === 'member') return true;
  else if (join === 'pending' || join === 'down') markPending(node);
  else fenceNode(world, node);
  return isMember;
}

function markPending(node: PolicyNode): void {
  node.isStandby = true;
  node.isPending = true;
}

function asksForTermination(node: PolicyNode): boolean {
  const value = node.attributes.get('terminate');
  if (value === undefined) return false;
  return isTrue(value) || (/^[1-9]\d*$/.test(value) && Number(value) > 0);
}

/** Whether nodes without membership are online, by what is known of their connections and containers. */
export function readRemoteStates(world: World): void {
  for (const node of world.nodes) {
    if (node.kind !== 'remote') continue;
    if (node.connection !== undefined) readRemoteState(node);
  }
}

function readRemoteState(node: PolicyNode): void {
  const connection = node.connection;
  if (connection === undefined) {
    node.isOnline = false;
    return;
  }
  const container = connection.container;
  const host = container?.runningOn.length === 1 ? container.runningOn[0] : undefined;
  node.isOnline = true;
  if (connection.role === roles.started && connection.nextRole === roles.stopped) {
    node.isShuttingDown = true;
  }
  if (container?.isFailed === true) {
    node.isOnline = false;
    node.needsReset = true;
  } else if (connection.isFailed) {
    node.isOnline = false;
  } else if (connection.role === roles.stopped || container?.role === roles.stopped) {
    node.isOnline = false;
    node.needsReset = false;
  } else if (host !== undefined && !host.isOnline && host.isUnclean) {
    node.isOnline = false;
    node.needsReset = true;
  }
}
