import { actionFor } from './actions.ts';
import { failCount, isBlockedByFailure } from './fail-count.ts';
import { canFence } from './fence-node.ts';
import { readMigrateFailure, readMigrateTo } from './history-migration.ts';
import type { OperationHistory, ResourceHistory } from './input.ts';
import { isGraver, type Response, responseTo, roleAfter } from './on-fail.ts';
import {
  addToScores,
  INFINITE,
  type PolicyNode,
  type Resource,
  roles,
  topOf,
  type World,
} from './state.ts';

/** The reading of one resource's history on one node. */
export interface Reading {
  readonly world: World;
  readonly node: PolicyNode;
  readonly resource: Resource;
  readonly history: ResourceHistory;
  /** To the gravest failure that stands. */
  response: Response;
  wasUnexpected: boolean;
  lastFailure: OperationHistory | undefined;
}

/** Exit codes of resource agents (OCF). */
const exits = {
  ok: 0,
  invalidParameter: 2,
  unimplemented: 3,
  noPermission: 4,
  notInstalled: 5,
  notConfigured: 6,
  notRunning: 7,
  promoted: 8,
  failedPromoted: 9,
  degraded: 190,
  degradedPromoted: 191,
} as const;

/** How operations ended, by the numbers of the record. */
const statuses = {
  pending: -1,
  done: 0,
  cancelled: 1,
  timeout: 2,
  unsupported: 3,
  error: 4,
  errorHere: 5,
  errorEverywhere: 6,
  notInstalled: 7,
  notConnected: 8,
} as const;

export function sortOperations(
  operations: readonly OperationHistory[],
): readonly OperationHistory[] {
  return operations.toSorted((a, b) => compareOperations(a, b));
}

export function compareOperations(a: OperationHistory, b: OperationHistory): number {
  if (a.callId >= 0 && b.callId >= 0) {
    if (a.callId !== b.callId) return a.callId - b.callId;
    return (a.changedAtS ?? 0) - (b.changedAtS ?? 0);
  }
  if (a.callId < 0 && b.callId < 0) return 0;
  // One of them is pending still, so it is the newer one.
  return a.callId < 0 ? 1 : -1;
}

export function readOperation(reading: Reading, operation: OperationHistory): void {
  const { node } = reading;
  const { task, intervalMs } = operation;
  if (task === 'notify' || task === 'meta-data') return;
  const isOld = operation.status !== statuses.notInstalled && hasExpired(reading, operation);
  const result = remap(reading, operation, isOld);
  if (isOld && result.exitCode !== operation.expectedExitCode && result.status !== statuses.done) {
    if (intervalMs === 0) return;
    if (node.isOnline && !node.isUnclean) return;
  }
  switch (result.status) {
    case statuses.cancelled:
      return;
    case statuses.pending:
      readPending(reading, operation);
      return;
    case statuses.done:
      applySuccess(reading, operation, result.exitCode);
      return;
    case statuses.notConnected:
      if (node.connection?.isManaged === true) {
        node.connection.isFailed = true;
        node.connection.stopsIfFailed = true;
      }
      break;
    default:
  }
  readFailure(reading, operation, result);
}

interface Result {
  readonly exitCode: number;
  readonly status: number;
}

/** What an exit code means for this operation, whatever its record says. */
function remap(reading: Reading, operation: OperationHistory, isOld: boolean): Result {
  const { resource } = reading;
  const { task, intervalMs, expectedExitCode: expected } = operation;
  const isProbe = task === 'monitor' && intervalMs === 0;
  let exitCode = operation.exitCode;
  let status: number = operation.status;
  if (exitCode === exits.degraded) exitCode = exits.ok;
  if (exitCode === exits.degradedPromoted) exitCode = exits.promoted;
  if (exitCode !== operation.exitCode) status = statuses.done;
  if (status !== statuses.done && status !== statuses.error) return { exitCode, status };
  status = statuses.done;
  if (expected < 0) status = exitCode === exits.ok ? statuses.done : statuses.error;
  else if (exitCode !== expected) status = statuses.error;
  switch (exitCode) {
    case exits.ok:
      if (isProbe && expected === exits.notRunning) {
        status = statuses.done;
        reading.wasUnexpected = true;
      }
      break;
    case exits.notRunning:
      if (isProbe || expected === exitCode || !resource.isManaged) {
        status = statuses.done;
        resource.role = roles.stopped;
        reading.response = 'ignore';
        resource.nextRole = roles.unknown;
      }
      break;
    case exits.promoted:
      if (isProbe && exitCode !== expected) status = statuses.done;
      if (!isOld || exitCode === expected) resource.role = roles.promoted;
      break;
    case exits.failedPromoted:
      if (!isOld) resource.role = roles.promoted;
      status = statuses.error;
      break;
    case exits.notConfigured:
      status = statuses.errorEverywhere;
      break;
    case exits.unimplemented:
    case exits.notInstalled:
    case exits.invalidParameter:
    case exits.noPermission:
      if (exitCode === exits.unimplemented && intervalMs > 0) {
        status = statuses.unsupported;
        break;
      }
      if (!isOld && task === 'stop' && !canFence(reading.world, reading.node)) {
        resource.isManaged = false;
        resource.isBlocked = true;
      }
      status = statuses.errorHere;
      break;
    default:
      if (status === statuses.done) status = statuses.error;
  }
  return { exitCode, status };
}

/** Whether a failure is so old that it no longer counts; clears its count as well then. */
function hasExpired(reading: Reading, operation: OperationHistory): boolean {
  const { world, node, resource } = reading;
  const { changedAtS, task, intervalMs, exitCode } = operation;
  let isOld = false;
  let clears = false;
  const isLastFailure = operation.id.endsWith('_last_failure_0');
  if (resource.failureTimeoutS > 0 && changedAtS !== undefined) {
    const timeoutS = isBlockedByFailure(world, resource, node) ? 0 : resource.failureTimeoutS;
    isOld =
      timeoutS > 0 && world.input.nowS >= changedAtS + timeoutS && !awaitsReset(reading, operation);
  }
  if (isOld) {
    if (failCount(world, resource, node, false) > 0) {
      if (failCount(world, resource, node, true) === 0) clears = true;
      else isOld = false;
    } else if (isLastFailure && resource.settings.reconnectMs > 0) clears = true;
  }
  const canRetry = task === 'start' || task === 'monitor' || task === 'promote';
  if (!isOld && isLastFailure && canRetry && operation.definition !== 'same') clears = true;
  if (clears) world.clearing.add(`${resource.id}@${node.name}`);
  const isTrueProbe =
    task === 'monitor' &&
    intervalMs === 0 &&
    [exits.ok, exits.notRunning, exits.promoted, exits.degraded, exits.degradedPromoted].some(
      (code) => code === exitCode,
    );
  return isOld && !isTrueProbe;
}

/** A remote node whose connection was lost is forgiven only after its fencing. */
function awaitsReset({ world, resource }: Reading, operation: OperationHistory): boolean {
  if (!resource.isConnection || !operation.id.endsWith('_last_failure_0')) return false;
  if (operation.task !== 'monitor' || operation.intervalMs === 0) return false;
  if (resource.settings.reconnectMs === 0) return false;
  const remote = world.nodeByName.get(resource.id);
  return remote !== undefined && !remote.wasFenced;
}

function readPending(reading: Reading, operation: OperationHistory): void {
  const { world, node, resource } = reading;
  const { task, intervalMs } = operation;
  if (task === 'start') {
    resource.isStartPending = true;
    setActive(resource);
  } else if (task === 'promote') resource.role = roles.promoted;
  else if (task === 'migrate_to' && node.isUnclean) {
    const target = world.nodeByName.get(operation.migrateTarget ?? '');
    if (target !== undefined) actionFor(world, resource, 'stop', target, false);
  }
  if (task !== 'monitor' || intervalMs > 0) resource.pendingOn ??= node;
  else resource.pendingOn ??= node;
}

function setActive(resource: Resource): void {
  const top = topOf(resource, false);
  resource.role = top.settings.isPromotable ? roles.unpromoted : roles.started;
}

function applySuccess(reading: Reading, operation: OperationHistory, exitCode: number): void {
  const { resource } = reading;
  const { task } = operation;
  let clears = false;
  if (exitCode === exits.notRunning) clears = true;
  else if (exitCode === exits.notInstalled) resource.role = roles.stopped;
  else if (task === 'monitor') {
    clears = reading.lastFailure?.key === operation.key;
    if (resource.role < roles.started) setActive(resource);
  } else if (task === 'start' || task === 'migrate_from') {
    resource.role = roles.started;
    clears = true;
  } else if (task === 'stop') {
    resource.role = roles.stopped;
    clears = true;
  } else if (task === 'promote') {
    resource.role = roles.promoted;
    clears = true;
  } else if (task === 'demote') {
    clears = reading.response === 'demote';
    resource.role = roles.unpromoted;
  } else if (task === 'migrate_to') readMigrateTo(reading, operation);
  else if (resource.role < roles.started) setActive(resource);
  if (clears) clearFailure(reading);
}

function clearFailure(reading: Reading): void {
  const { resource } = reading;
  switch (reading.response) {
    case 'ban':
    case 'stop':
    case 'standby':
    case 'fence':
      return;
    case 'reset-remote':
      if (resource.settings.reconnectMs > 0) return;
      break;
    default:
  }
  reading.response = 'ignore';
  resource.nextRole = roles.unknown;
}

function readFailure(reading: Reading, operation: OperationHistory, result: Result): void {
  const { world, node, resource } = reading;
  const { task, intervalMs, expectedExitCode } = operation;
  const banned = resource.settings.isUnique ? resource : topOf(resource, false);
  let response = responseTo(world, resource, task, intervalMs);
  if (result.status === statuses.notInstalled) {
    if (response === 'ignore') response = 'ban';
    addToScores(world, banned, node, -INFINITE);
    noteFailure(reading, operation, result, response);
    return;
  }
  if (response === 'ignore' || (response === 'restart-container' && task === 'stop')) {
    applySuccess(reading, operation, expectedExitCode);
    resource.ignoresFailure = true;
    if (response === 'restart-container' && !isGraver(reading.response, 'restart')) {
      reading.response = response;
    }
    return;
  }
  noteFailure(reading, operation, result, response);
  if (result.status === statuses.errorHere) addToScores(world, banned, node, -INFINITE);
  if (result.status === statuses.errorEverywhere) {
    addToScores(world, banned, undefined, -INFINITE);
  }
}

function noteFailure(
  reading: Reading,
  operation: OperationHistory,
  result: Result,
  response: Response,
): void {
  const { world, node, resource } = reading;
  const { task, intervalMs } = operation;
  reading.lastFailure = operation;
  if (isGraver(response, reading.response)) reading.response = response;
  if (task === 'stop') addToScores(world, resource, node, -INFINITE);
  else if (task === 'migrate_to' || task === 'migrate_from') readMigrateFailure(reading, operation);
  else if (task === 'promote') resource.role = roles.promoted;
  else if (task === 'demote') failDemote(resource, result.exitCode, response);
  if (task === 'monitor' && intervalMs === 0 && result.exitCode === exits.notInstalled) {
    resource.role = roles.stopped;
  } else if (resource.role < roles.started) setActive(resource);
  const role = roleAfter(resource, task, response);
  if (role !== roles.started && resource.nextRole < role) resource.nextRole = role;
  if (role === roles.stopped) banEverywhere(world, resource);
}

function failDemote(resource: Resource, exitCode: number, response: Response): void {
  if (response === 'block') {
    resource.role = roles.promoted;
    resource.nextRole = roles.stopped;
  } else if (exitCode === exits.notRunning) resource.role = roles.stopped;
  else resource.role = roles.unpromoted;
}

function banEverywhere(world: World, resource: Resource): void {
  let banned = resource;
  const top = topOf(resource, false);
  if (top.kind === 'clone' && !top.settings.isUnique) banned = top;
  for (const node of world.nodes) {
    if (node.isExclusive) continue;
    banned.table.delete(node);
    addToScores(world, banned, node, -INFINITE);
  }
}
