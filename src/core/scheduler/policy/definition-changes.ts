import { actionFor, actionKey } from './actions.ts';
import { failCount } from './fail-count.ts';
import { unfence } from './fence-node.ts';
import { findHistoryName } from './history-names.ts';
import { sortOperations } from './history-operation.ts';
import type { OperationHistory, ResourceHistory } from './input.ts';
import { nodeOf } from './node-status.ts';
import { addOrdering } from './orderings.ts';
import { effects, type PolicyNode, type Resource, type World } from './state.ts';

/** Restarts or reloads what runs with another definition than the present one. */
export function applyDefinitionChanges(world: World): void {
  for (const state of world.input.states) {
    const node = nodeOf(world, state);
    if (node === undefined || node.isUnclean || !isReachable(node)) continue;
    for (const history of state.history) {
      for (const resource of findHistoryName(world, history.resource)) {
        checkResource(world, node, resource, history);
      }
    }
  }
}

function isReachable(node: PolicyNode): boolean {
  return node.isOnline || node.isMaintenance;
}

function checkResource(
  world: World,
  node: PolicyNode,
  resource: Resource,
  history: ResourceHistory,
): void {
  if (resource.kind !== 'primitive' || resource.isRemoved) return;
  if (!resource.runningOn.includes(node)) return;
  const { agent } = resource.config;
  const isOther =
    agent.standard !== history.agent.standard ||
    agent.provider !== history.agent.provider ||
    agent.type !== history.agent.type;
  if (isOther && resource.bundlePart === undefined && !resource.isConnection) {
    actionFor(world, resource, 'stop', node, false);
    resource.isStartPending = true;
  }
  const operations = sortOperations(history.operations);
  const { startIndex, stopIndex } = activeRange(operations);
  if (startIndex < stopIndex) return;
  for (const [index, operation] of operations.entries()) {
    if (index >= startIndex) checkOperation(world, node, resource, operation);
  }
}

/** From where on the record speaks of the present run. */
function activeRange(operations: readonly OperationHistory[]): {
  readonly startIndex: number;
  readonly stopIndex: number;
} {
  let startIndex = -1;
  let stopIndex = -1;
  let impliedMonitor = -1;
  let impliedRole = -1;
  for (const [index, { task, status, exitCode }] of operations.entries()) {
    if (task === 'stop' && status === 0) stopIndex = index;
    else if (task === 'start' || task === 'migrate_from') startIndex = index;
    else if (task === 'monitor' && impliedMonitor <= stopIndex) {
      if (exitCode === 0 || exitCode === 8) impliedMonitor = index;
    } else if (task === 'promote' || task === 'demote') impliedRole = index;
  }
  if (startIndex === -1) startIndex = impliedRole === -1 ? impliedMonitor : impliedRole;
  return { startIndex, stopIndex };
}

function checkOperation(
  world: World,
  node: PolicyNode,
  resource: Resource,
  operation: OperationHistory,
): void {
  const { task, intervalMs, definition } = operation;
  if (intervalMs > 0 || definition === 'same') return;
  if (!['monitor', 'start', 'promote', 'migrate_from'].includes(task)) return;
  if (failCount(world, resource, node, true) > 0) {
    world.clearing.add(`${resource.id}@${node.name}`);
  }
  if (definition === 'reload') {
    unfenceFor(world, resource, node);
    reload(world, resource, node);
    return;
  }
  actionFor(world, resource, 'start', undefined, false);
  unfenceFor(world, resource, node);
}

function unfenceFor(world: World, resource: Resource, node: PolicyNode): void {
  if (resource.isFenceDevice && world.usesUnfencing) unfence(world, node);
}

function reload(world: World, resource: Resource, node: PolicyNode): void {
  if (!resource.isManaged || resource.isFailed) return;
  if (resource.isStartPending) {
    actionFor(world, resource, 'stop', node, false);
    return;
  }
  resource.isReloading = true;
  const action = actionFor(world, resource, 'reload-agent', node, false);
  for (const task of ['stop', 'demote']) {
    addOrdering(world, {
      firstAction: action,
      thenResource: resource,
      thenKey: actionKey(resource, task),
      effects: effects.ordered | effects.thenCancelsFirst,
    });
  }
}
