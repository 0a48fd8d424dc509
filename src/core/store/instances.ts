import type { Command } from '../../model/command.ts';
import {
  type InstanceId,
  isExclusive,
  type NodeId,
  primitiveOf,
  type ResourceId,
} from '../../model/ids.ts';
import { primitiveById, resourceContains } from '../../model/resources.ts';
import type { Failure, InstanceStatus, Order } from '../../model/status.ts';
import { record } from './event-log.ts';
import { applied, type Outcome, unchanged } from './outcome.ts';
import { instanceKey, type State } from './state.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

/** Hands out orders. One that would give an instance a second owner is refused here as well (P1). */
export function order(state: State, command: Of<'order'>): Outcome {
  let changed = false;
  for (const wanted of command.orders) {
    const why = whyNotOrdered(state, wanted);
    if (why !== undefined) {
      record(state, command.atMs, { kind: 'refused', text: why });
      continue;
    }
    const id = state.nextOrder;
    state.nextOrder += 1;
    state.orders.set(id, { ...wanted, id, decision: command.decision, atMs: command.atMs });
    if (wanted.action === 'start') keepDefinition(state, wanted.instance, wanted.node);
    record(state, command.atMs, {
      kind: 'ordered',
      decision: command.decision,
      order: id,
      action: wanted.action,
      instance: wanted.instance,
      node: wanted.node,
      reason: wanted.reason,
    });
    changed = true;
  }
  return changed ? applied : unchanged;
}

function whyNotOrdered(state: State, wanted: Of<'order'>['orders'][number]): string | undefined {
  const { instance, node, action } = wanted;
  const member = state.members.get(node);
  if (member?.presence !== 'joined' || member.incarnation !== wanted.incarnation) {
    return `${action} ${instance} on ${node}: that incarnation of ${node} is no member now`;
  }
  for (const pending of state.orders.values()) {
    if (pending.instance === instance && pending.node === node) {
      return `${action} ${instance} on ${node}: order ${pending.id} for it is not answered yet`;
    }
  }
  const status = state.instances.get(instanceKey(instance, node));
  if (status?.blocked !== undefined) return `${action} ${instance} on ${node}: it is blocked`;
  if (action !== 'start') return undefined;
  if (status === undefined) return `start ${instance} on ${node}: it was not probed there`;
  if (status.role === 'started') return `start ${instance} on ${node}: it is active there`;
  if (!isExclusive(instance)) return undefined;
  const owner = otherOwner(state, instance, node);
  if (owner === undefined) return undefined;
  return `start ${instance} on ${node}: ${owner} may still run it`;
}

/** Another node on which an exclusive instance may be active. */
function otherOwner(state: State, instance: InstanceId, node: NodeId): NodeId | undefined {
  const mayRun = (other: NodeId): boolean => {
    const presence = state.members.get(other)?.presence;
    return other !== node && (presence === 'joined' || presence === 'lost');
  };
  for (const status of state.instances.values()) {
    if (status.instance !== instance || !mayRun(status.node)) continue;
    if (status.role === 'started' || status.assignment !== undefined) return status.node;
    if (status.blocked !== undefined) return status.node;
  }
  for (const pending of state.orders.values()) {
    if (pending.instance === instance && pending.action === 'start' && mayRun(pending.node)) {
      return pending.node;
    }
  }
  return undefined;
}

/** The answer to an order. A second copy of it, or one of an older incarnation, changes nothing. */
export function result(state: State, command: Of<'result'>): Outcome {
  const answered = state.orders.get(command.order);
  if (answered === undefined || answered.node !== command.node) return unchanged;
  if (answered.incarnation !== command.incarnation) return unchanged;
  state.orders.delete(answered.id);
  const before = state.instances.get(instanceKey(answered.instance, answered.node));
  const after = afterResult(answered, before, command);
  if (after === undefined) {
    state.instances.delete(instanceKey(answered.instance, answered.node));
    return applied;
  }
  setInstance(state, after);
  const failure =
    answered.action === 'start' && neverBegan(command)
      ? failureOf(answered, command)
      : (after.failed ?? after.blocked);
  if (failure !== undefined && failure !== before?.failed) {
    // Found running on its own is something to mend, not a failure that counts.
    if (answered.action !== 'probe') addFailure(state, failure);
    else recordFailure(state, failure);
  } else {
    if (answered.action === 'start') dropFormerOwners(state, answered);
    record(state, command.atMs, {
      kind: 'done',
      order: answered.id,
      action: answered.action,
      instance: answered.instance,
      node: answered.node,
      outcome: after.role,
      durationMs: command.durationMs,
    });
  }
  return applied;
}

/** What the answer says of the instance; undefined: nothing, so that it is probed again. */
function afterResult(
  answered: Order,
  before: InstanceStatus | undefined,
  command: Of<'result'>,
): InstanceStatus | undefined {
  const succeeded = command.status === 'done' && command.exitCode === 0;
  const base: InstanceStatus = {
    instance: answered.instance,
    node: answered.node,
    role: 'stopped',
    assignment: undefined,
    failed: undefined,
    blocked: undefined,
    sinceMs: command.atMs,
  };
  const failure = failureOf(answered, command);
  switch (answered.action) {
    case 'probe':
      if (command.status === 'cancelled') return undefined;
      // Not running, or what would run it is not even installed here.
      if (command.status === 'not-installed' || command.status === 'refused') return base;
      if (command.exitCode === 7 || command.exitCode === 5) return base;
      if (before?.assignment !== undefined && succeeded) return before;
      return {
        ...base,
        role: 'started',
        failed: succeeded ? { ...failure, reason: 'found running outside the cluster' } : failure,
      };
    case 'start':
      if (succeeded) return { ...base, role: 'started', assignment: answered.id };
      // It was never begun, so there is nothing to stop; the failure counts all the same.
      if (neverBegan(command)) return base;
      return { ...base, role: 'started', assignment: answered.id, failed: failure };
    case 'stop':
      if (succeeded || command.exitCode === 7 || command.status === 'not-installed') {
        return { ...base, lastStop: { order: answered.id, reason: answered.reason } };
      }
      return {
        ...base,
        role: 'started',
        assignment: before?.assignment,
        blocked: failure,
      };
  }
}

function failureOf(answered: Order, command: Of<'result'>): Failure {
  return {
    instance: answered.instance,
    node: answered.node,
    action: answered.action === 'probe' ? 'monitor' : answered.action,
    exitCode: command.exitCode,
    reason: command.reason,
    atMs: command.atMs,
  };
}

/** Refused by the gate, or there is no such agent. */
function neverBegan(command: Of<'result'>): boolean {
  return command.status === 'refused' || command.status === 'not-installed';
}

/** A monitor failed or a death was seen. Reports that speak of an older assignment are late. */
export function failure(state: State, command: Of<'failure'>): Outcome {
  const member = state.members.get(command.node);
  const status = state.instances.get(instanceKey(command.instance, command.node));
  if (member?.incarnation !== command.incarnation || status === undefined) return unchanged;
  if (status.assignment !== command.assignment || status.failed !== undefined) return unchanged;
  const found: Failure = {
    instance: command.instance,
    node: command.node,
    action: command.action,
    exitCode: command.exitCode,
    reason: command.reason,
    atMs: command.atMs,
  };
  setInstance(state, { ...status, failed: found });
  addFailure(state, found);
  return applied;
}

/** Reports come again until they are seen in the history. */
const REPORTS_LOOKED_AT = 100;

/** Goes into the history, once. */
export function mended(state: State, command: Of<'mended'>): Outcome {
  const { node, instance, report, text } = command;
  const isKnown = state.events
    .slice(-REPORTS_LOOKED_AT)
    .some(({ what }) => what.kind === 'mended' && what.node === node && what.report === report);
  if (isKnown) return unchanged;
  record(state, command.atMs, { kind: 'mended', instance, node, report, text });
  return applied;
}

/** Forgets failures; what is blocked counts as failed instead, so that its stop is tried anew. */
export function cleanup(state: State, command: Of<'cleanup'>): Outcome {
  const meant = (instance: InstanceId, node: NodeId): boolean =>
    (command.node === undefined || command.node === node) &&
    (command.resource === undefined || belongsTo(state, instance, command.resource));
  const kept = state.failures.filter((item) => !meant(item.instance, item.node));
  let changed = kept.length !== state.failures.length;
  state.failures = kept;
  for (const [key, status] of state.instances) {
    if (status.blocked === undefined || !meant(status.instance, status.node)) continue;
    // The owner stays on record: only a stop that succeeds ends that.
    state.instances.set(key, { ...status, failed: status.blocked, blocked: undefined });
    changed = true;
  }
  if (!changed) return unchanged;
  record(state, command.atMs, {
    kind: 'asked',
    by: command.by,
    what: 'cleanup',
    resource: command.resource,
    node: command.node,
  });
  return applied;
}

function belongsTo(state: State, instance: InstanceId, resource: ResourceId): boolean {
  const primitive = primitiveOf(instance);
  if (primitive === resource) return true;
  return state.config !== undefined && resourceContains(state.config, resource, primitive);
}

/** What is started now is stopped by the same definition, even if the configuration changes meanwhile. */
function keepDefinition(state: State, instance: InstanceId, node: NodeId): void {
  const primitive = primitiveById(state.config, primitiveOf(instance));
  if (primitive !== undefined) state.definitions.set(instanceKey(instance, node), primitive);
}

function setInstance(state: State, status: InstanceStatus): void {
  const key = instanceKey(status.instance, status.node);
  state.instances.set(key, status);
  if (status.role === 'stopped') state.definitions.delete(key);
  if (isLeftover(state, status)) state.instances.delete(key);
}

/** Nothing is known any more of what does not run and is not in the configuration. */
export function forgetLeftovers(state: State): void {
  for (const [key, status] of state.instances) {
    if (isLeftover(state, status)) state.instances.delete(key);
  }
}

function isLeftover(state: State, status: InstanceStatus): boolean {
  const isDown = status.role === 'stopped' && status.assignment === undefined;
  return isDown && primitiveById(state.config, primitiveOf(status.instance)) === undefined;
}

/** Once it runs elsewhere, nothing speaks of the node any more that lost it. */
function dropFormerOwners(state: State, started: Order): void {
  if (!isExclusive(started.instance)) return;
  for (const [key, status] of state.instances) {
    if (status.instance !== started.instance || status.node === started.node) continue;
    const presence = state.members.get(status.node)?.presence;
    if (presence === 'joined' || presence === 'lost') continue;
    state.instances.delete(key);
    state.definitions.delete(key);
  }
}

function addFailure(state: State, found: Failure): void {
  const window = (item: Failure): number =>
    primitiveById(state.config, primitiveOf(item.instance))?.meta.failureWindowMs ?? 600_000;
  state.failures = [
    ...state.failures.filter((item) => item.atMs > found.atMs - window(item)),
    found,
  ];
  recordFailure(state, found);
}

function recordFailure(state: State, found: Failure): void {
  record(state, found.atMs, {
    kind: 'failed',
    instance: found.instance,
    node: found.node,
    action: found.action,
    exitCode: found.exitCode,
    text: found.reason,
  });
}
