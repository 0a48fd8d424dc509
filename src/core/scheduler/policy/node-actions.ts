import { actionsOf, firstAction, nodeAction, orderActions } from './actions.ts';
import { canFence, fenceAction } from './fence-node.ts';
import { addOrdering } from './orderings.ts';
import { needsFencing } from './settings.ts';
import {
  type Action,
  effects,
  isBundled,
  isGuest,
  type PolicyNode,
  type Resource,
  topOf,
  type World,
} from './state.ts';

/** Fences what must be fenced and shuts down what asked for it. */
export function createNodeActions(world: World): void {
  const isAnyManaged = world.resources.some((resource) => hasManaged(resource));
  for (const node of world.nodes) {
    if (isGuest(node)) {
      if (node.needsReset && isAnyManaged && canFence(world, node)) fenceGuest(world, node);
      continue;
    }
    if (isAnyManaged && node.isUnclean && canFence(world, node)) {
      orderAroundFencing(world, fenceAction(world, node, undefined, false), node);
    } else if (node.kind === 'member' && node.isOnline && node.isShuttingDown) {
      shutDown(world, node);
    }
  }
}

function hasManaged(resource: Resource): boolean {
  return resource.isManaged || resource.children.some((child) => hasManaged(child));
}

function shutDown(world: World, node: PolicyNode): void {
  const action = nodeAction(world, `shutdown-${node.name}`, 'shutdown', node, false);
  for (const stop of [...world.actions]) {
    const { resource } = stop;
    if (stop.task !== 'stop' || stop.node !== node || resource === undefined) continue;
    if (resource.settings.isMaintenance || node.isMaintenance) continue;
    if (!resource.isManaged && !resource.isBlocked) continue;
    stop.isOptional = false;
    addOrdering(world, {
      firstAction: stop,
      thenAction: action,
      effects: effects.ordered | effects.blocksThen,
    });
  }
}

function orderAroundFencing(world: World, fencing: Action, node: PolicyNode): void {
  for (const resource of [...world.byId.values()]) {
    if (resource.children.length > 0 || !resource.isManaged) continue;
    implyStops(resource, fencing, node);
  }
}

/** With its node everything on it ends: nothing is left to stop or to demote there. */
function implyStops(resource: Resource, fencing: Action, node: PolicyNode): void {
  const isImplicit = needsFencing(resource) || isGuest(node);
  const stops = actionsOf(resource, 'stop', node, true);
  const parentStop = isImplicit ? firstAction(topOf(resource, true), 'stop') : undefined;
  for (const stop of stops) {
    stop.isPseudo = true;
    stop.isRunnable = true;
    if (!isImplicit) continue;
    if (!isBundled(resource)) orderActions(fencing, stop, effects.own);
    orderActions(fencing, parentStop, effects.own);
  }
  for (const demote of actionsOf(resource, 'demote', node, true)) {
    if (node.isOnline && !node.isUnclean && !resource.isFailed) continue;
    demote.isPseudo = true;
    demote.isRunnable = true;
    if (!isBundled(resource) && isImplicit) {
      orderActions(fencing, demote, effects.own | effects.ordered);
    }
  }
}

/** A guest is fenced by the recovery of its container; the action says so to whoever waits for it. */
function fenceGuest(world: World, node: PolicyNode): void {
  const container = node.connection?.container;
  const stop = container && firstAction(container, 'stop');
  const restarts = container !== undefined && firstAction(container, 'start') !== undefined;
  const action = fenceAction(world, node, restarts ? 'reboot' : 'off', false);
  action.isPseudo = true;
  action.isRunnable = true;
  const what = effects.blocksThen | effects.impliesThen;
  if (stop?.isPseudo === true && stop.node !== undefined) {
    orderActions(fenceAction(world, stop.node, undefined, false), action, what);
  } else if (stop !== undefined) orderActions(stop, action, what);
  else {
    const own = node.connection && firstAction(node.connection, 'stop');
    orderActions(own, action, effects.ordered);
  }
  orderAroundFencing(world, action, node);
}
