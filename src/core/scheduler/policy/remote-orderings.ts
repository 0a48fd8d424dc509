import { actionKey } from './actions.ts';
import { fenceNode } from './fence-node.ts';
import { addOrdering } from './orderings.ts';
import {
  type Action,
  currentNode,
  effects,
  type PolicyNode,
  type Resource,
  roles,
  type World,
} from './state.ts';

const { own, blocksThen, impliesThen, impliesFirst, ordered } = effects;

/** What is done on a node without membership waits for its connection, and ends before it. */
export function orderRemoteActions(world: World): void {
  if (!world.hasRemoteNodes) return;
  for (const action of [...world.actions]) {
    const { resource, node } = action;
    if (resource === undefined || node === undefined || node.kind !== 'remote') continue;
    const { connection } = node;
    if (action.isPseudo || connection === undefined) continue;
    if (action.task === 'start') {
      for (const other of resource.actions) {
        if (other.task !== 'stop' || other.node === node) continue;
        addOrdering(world, {
          firstResource: connection,
          firstKey: actionKey(connection, 'start'),
          thenAction: other,
          effects: ordered,
        });
      }
    }
    if (connection.container === undefined) orderOverRemote(world, action, node, connection);
    else orderOverGuest(world, action, node, connection, connection.container);
  }
}

function startThen(world: World, first: Resource, then: Action, extra: number): void {
  addOrdering(world, {
    firstResource: first,
    firstKey: actionKey(first, 'start'),
    thenAction: then,
    effects: own | blocksThen | extra,
  });
}

function thenStop(world: World, first: Action, then: Resource, extra: number): void {
  addOrdering(world, {
    firstAction: first,
    thenResource: then,
    thenKey: actionKey(then, 'stop'),
    effects: own | extra,
  });
}

type ConnectionState = 'unknown' | 'alive' | 'resting' | 'failed' | 'stopped';

function connectionState(node: PolicyNode, connection: Resource): ConnectionState {
  const host = currentNode(connection);
  if (connection.nextRole === roles.stopped || connection.seat === undefined) {
    if (host?.isUnclean === true) return 'failed';
    if (!connection.isFailed) return 'stopped';
    const mayComeBack =
      connection.nextRole === roles.stopped &&
      connection.settings.reconnectMs > 0 &&
      node.wasFenced &&
      !node.isShuttingDown;
    return mayComeBack ? 'unknown' : 'failed';
  }
  if (host === undefined) return 'unknown';
  if (host.isUnclean || !host.isOnline) return 'resting';
  const isBetween =
    connection.runningOn.length > 1 &&
    connection.partialSource !== undefined &&
    connection.partialTarget !== undefined;
  return isBetween ? 'resting' : 'alive';
}

function orderOverRemote(
  world: World,
  action: Action,
  node: PolicyNode,
  connection: Resource,
): void {
  const state = connectionState(node, connection);
  switch (action.task) {
    case 'start':
    case 'promote':
      startThen(world, connection, action, state === 'failed' ? impliesThen : 0);
      return;
    case 'stop':
    case 'migrate_to':
    case 'migrate_from':
      if (state === 'alive') thenStop(world, action, connection, impliesFirst);
      else if (state === 'failed') fenceNode(world, node);
      else if (connection.nextRole === roles.stopped) {
        thenStop(world, action, connection, impliesFirst);
      } else startThen(world, connection, action, 0);
      return;
    case 'demote':
      if (state === 'resting' || state === 'unknown') startThen(world, connection, action, 0);
      return;
    default:
  }
  if (action.intervalMs > 0) {
    startThen(world, connection, action, impliesThen);
    return;
  }
  if (action.task === 'monitor' && state === 'failed') fenceNode(world, node);
  if (currentNode(connection) !== undefined && state === 'stopped') {
    thenStop(world, action, connection, blocksThen);
  } else startThen(world, connection, action, 0);
}

function orderOverGuest(
  world: World,
  action: Action,
  node: PolicyNode,
  connection: Resource,
  container: Resource,
): void {
  if (container.isFailed) fenceNode(world, node);
  switch (action.task) {
    case 'start':
    case 'promote':
      startThen(world, container, action, impliesThen);
      startThen(world, connection, action, 0);
      return;
    case 'stop':
    case 'demote':
    case 'migrate_to':
    case 'migrate_from':
      if (!container.isFailed) thenStop(world, action, connection, 0);
      return;
    default:
      startThen(world, connection, action, 0);
  }
}
