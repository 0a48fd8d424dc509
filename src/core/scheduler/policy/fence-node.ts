import { nodeAction } from './actions.ts';
import { type Action, isGuest, type PolicyNode, type World } from './state.ts';

/** Whether a node can be made sure to be down. */
export function canFence(world: World, node: PolicyNode): boolean {
  if (isGuest(node)) {
    const hosts = node.connection?.container?.runningOn ?? [];
    return hosts.every((host) => host.isOnline || canFence(world, host));
  }
  if (world.options.fencing === 'off') return false;
  if (!world.hasFenceDevice && !world.options.hasWatchdogFencing) return false;
  return world.isQuorate || world.withoutQuorum === 'ignore' || node.isOnline;
}

/** Marks a node as one that must be fenced; a guest by the recovery of its container. */
export function fenceNode(world: World, node: PolicyNode): void {
  if (isGuest(node)) {
    const container = node.connection?.container;
    if (container === undefined || container.isFailed) return;
    if (!container.isManaged) return;
    node.needsReset = true;
    container.isFailed = true;
    container.stopsIfFailed = true;
    return;
  }
  if (node.kind === 'remote') {
    if (node.connection === undefined) {
      node.needsReset = true;
      return;
    }
    if (!node.connection.isManaged) return;
    node.needsReset = true;
    node.isUnclean = true;
    fenceAction(world, node, undefined, true);
    return;
  }
  node.isUnclean = true;
  fenceAction(world, node, undefined, true);
}

export function fenceAction(
  world: World,
  node: PolicyNode,
  kind: 'on' | 'off' | 'reboot' | undefined,
  isOptional: boolean,
): Action {
  const what = kind ?? world.options.fenceAction;
  const action = nodeAction(world, `fence-${node.name}-${what}`, 'fence', node, isOptional);
  action.fence = what;
  if (!isOptional && (what === 'on' || canFence(world, node) || isGuest(node))) {
    action.isOptional = false;
  }
  return action;
}

export function isUnfenced(node: PolicyNode): boolean {
  const value = node.attributes.get('#node-unfenced');
  return value !== undefined && value !== '0';
}

/** Has a node unfenced, where it is up and unfencing is in use. */
export function unfence(world: World, node: PolicyNode): void {
  if (!world.usesUnfencing) return;
  if (node.isOnline && !node.isShuttingDown && !node.isUnclean) {
    fenceAction(world, node, 'on', false);
  }
}
