import { addRunning } from './history.ts';
import { compareOperations, type Reading } from './history-operation.ts';
import type { OperationHistory } from './input.ts';
import { type PolicyNode, roles, type World } from './state.ts';

type Past = readonly OperationHistory[];

function pastOf(world: World, resource: string, node: string | undefined): Past | undefined {
  const state = world.input.states.find((item) => item.name === node);
  return state?.history.find((item) => item.resource === resource)?.operations;
}

function isNewer(a: OperationHistory, b: OperationHistory, onSameNode: boolean): boolean {
  if (onSameNode) return compareOperations(a, b) > 0;
  if (a.changedAtS === undefined || b.changedAtS === undefined) return false;
  return a.changedAtS > b.changedAtS;
}

/** Whether anything but a monitor ran there after that operation. */
function ranAfter(
  past: Past | undefined,
  operation: OperationHistory,
  onSameNode: boolean,
): boolean {
  return (past ?? []).some(
    (item) =>
      ['start', 'stop', 'promote', 'demote'].includes(item.task) &&
      item.status !== -1 &&
      isNewer(item, operation, onSameNode),
  );
}

function foundStoppedAfter(
  past: Past | undefined,
  operation: OperationHistory,
  onSameNode: boolean,
): boolean {
  return (past ?? []).some(
    (item) =>
      item.task === 'monitor' && item.exitCode === 7 && isNewer(item, operation, onSameNode),
  );
}

function hasNewerState(
  past: Past | undefined,
  to: OperationHistory,
  from: OperationHistory | undefined,
  isTarget: boolean,
): boolean {
  const isFromThere = isTarget && from !== undefined;
  const reference = isFromThere ? from : to;
  const onSameNode = isFromThere || !isTarget;
  return ranAfter(past, reference, onSameNode) || foundStoppedAfter(past, reference, onSameNode);
}

function migrateFrom(
  world: World,
  resource: string,
  source: string | undefined,
  target: string | undefined,
): OperationHistory | undefined {
  return pastOf(world, resource, target)?.find(
    (item) => item.task === 'migrate_from' && (item.migrateSource ?? source) === source,
  );
}

/** A live migration left its source: it may have arrived, failed to, or be on its way. */
export function readMigrateTo(reading: Reading, operation: OperationHistory): void {
  const { world, node, resource, history } = reading;
  const sourceName = operation.migrateSource ?? node.name;
  const targetName = operation.migrateTarget;
  const source = world.nodeByName.get(sourceName);
  const target = world.nodeByName.get(targetName ?? '');
  const id = history.resource;
  const targetPast = pastOf(world, id, targetName);
  const from = migrateFrom(world, id, sourceName, targetName);
  const sourceMoved = ranAfter(pastOf(world, id, sourceName), operation, true);
  const targetMoved = hasNewerState(targetPast, operation, from, true);
  if (sourceMoved && targetMoved) return;
  if (from !== undefined && from.exitCode === 0 && from.status === 0) {
    if (!sourceMoved) {
      resource.role = roles.stopped;
      resource.dangling.push(node);
    }
    return;
  }
  resource.role = roles.started;
  const arrives = !targetMoved && target?.isOnline === true;
  if (from !== undefined && from.status !== -1) {
    if (arrives && target !== undefined) addRunning(world, resource, target);
    else failMigration(reading);
    return;
  }
  if (target?.isOnline === true && (targetPast ?? []).length === 0) return;
  if (arrives && target !== undefined) {
    addRunning(world, resource, target);
    if (source?.isOnline === true) {
      resource.partialTarget = target;
      resource.partialSource = source;
    }
  } else if (!sourceMoved) failMigration(reading);
}

function failMigration({ resource }: Reading): void {
  resource.isFailed = true;
  resource.stopsIfFailed = true;
  resource.canMigrate = false;
}

export function readMigrateFailure(reading: Reading, operation: OperationHistory): void {
  reading.resource.role = roles.started;
  if (operation.task === 'migrate_to') failedToLeave(reading, operation);
  else failedToArrive(reading, operation);
}

function failedToLeave(reading: Reading, operation: OperationHistory): void {
  const { world, node, resource, history } = reading;
  const sourceName = operation.migrateSource ?? node.name;
  const target = world.nodeByName.get(operation.migrateTarget ?? '');
  const past = pastOf(world, history.resource, operation.migrateTarget);
  const from = migrateFrom(world, history.resource, sourceName, operation.migrateTarget);
  const isUnknown = (past ?? []).length === 0;
  if (!isUnknown && !hasNewerState(past, operation, from, true)) {
    if (target?.isOnline === true) addRunning(world, resource, target);
  } else if (!ranAfter(pastOf(world, history.resource, sourceName), operation, true)) {
    resource.dangling.push(node);
  }
}

function failedToArrive(reading: Reading, operation: OperationHistory): void {
  const { world, resource, history } = reading;
  const source: PolicyNode | undefined = world.nodeByName.get(operation.migrateSource ?? '');
  const past = pastOf(world, history.resource, operation.migrateSource);
  const to = past?.find((item) => item.task === 'migrate_to');
  if ((past ?? []).length === 0 || to === undefined) return;
  if (hasNewerState(past, to, operation, false)) return;
  if (source?.isOnline === true) addRunning(world, resource, source);
}
