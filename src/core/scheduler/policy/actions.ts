import { canFence, fenceNode } from './fence-node.ts';
import { needsFencing } from './settings.ts';
import {
  type Action,
  isGuest,
  type Link,
  type PolicyNode,
  type Resource,
  roles,
  type World,
} from './state.ts';

export function actionKey(resource: Resource, task: string, intervalMs = 0): string {
  return `${resource.id}_${task}_${intervalMs}`;
}

/** The action of that key on that node, made if there is none yet. What is not optional once stays so. */
export function actionFor(
  world: World,
  resource: Resource,
  task: string,
  node: PolicyNode | undefined,
  isOptional: boolean,
  intervalMs = 0,
): Action {
  const key = actionKey(resource, task, intervalMs);
  const found = findAction(resource, key, node);
  const action = found ?? newAction(world, { key, task, intervalMs, resource, node, isOptional });
  if (action.node === undefined && node !== undefined) action.node = node;
  if (!resource.isManaged && action.node !== undefined && intervalMs === 0) {
    action.isOptional = true;
  } else if (!isOptional) action.isOptional = false;
  updateRunnable(world, action, resource);
  return action;
}

function findAction(
  resource: Resource,
  key: string,
  node: PolicyNode | undefined,
): Action | undefined {
  const matches = resource.actionsByKey.get(key);
  if (matches === undefined || node === undefined) return matches?.[0];
  return matches.find((action) => takesNode(action, node));
}

/** An action without a node yet takes the one that it is asked for on. */
function takesNode(action: Action, node: PolicyNode): boolean {
  action.node ??= node;
  return action.node === node;
}

/** Actions of that key; on a node: those there, and those that have none yet, which go there. */
export function actionsByKey(
  resource: Resource,
  key: string,
  node: PolicyNode | undefined,
): readonly Action[] {
  const matches = resource.actionsByKey.get(key) ?? [];
  return node === undefined ? matches : matches.filter((action) => takesNode(action, node));
}

/** Actions of that task; with `mustHaveNode`, only those that are on a node. */
export function actionsOf(
  resource: Resource,
  task: string,
  node: PolicyNode | undefined,
  mustHaveNode = false,
): readonly Action[] {
  const key = actionKey(resource, task);
  if (!mustHaveNode) return actionsByKey(resource, key, node);
  return (resource.actionsByKey.get(key) ?? []).filter((action) => action.node === node);
}

export function firstAction(
  resource: Resource,
  task: string,
  node?: PolicyNode | undefined,
): Action | undefined {
  const matches = resource.actionsByKey.get(actionKey(resource, task)) ?? [];
  if (node === undefined) return matches[0];
  const there = matches.find((action) => action.node === node);
  return there ?? matches.find((action) => action.node === undefined);
}

interface NewAction {
  readonly key: string;
  readonly task: string;
  readonly intervalMs: number;
  readonly resource: Resource | undefined;
  readonly node: PolicyNode | undefined;
  readonly isOptional: boolean;
}

function newAction(world: World, given: NewAction): Action {
  const { resource } = given;
  const action: Action = {
    ...given,
    index: world.actions.length,
    isRunnable: true,
    isPseudo: false,
    isMigration: false,
    isDangling: false,
    isTracked: false,
    needs: resource === undefined ? 'nothing' : needsOf(resource, given.task),
    anyOf: 0,
    runnableBefore: 0,
    before: [],
    after: [],
    fence: undefined,
    isUpdating: false,
  };
  world.actions.push(action);
  if (resource !== undefined) {
    resource.actions.push(action);
    const same = resource.actionsByKey.get(action.key);
    if (same === undefined) resource.actionsByKey.set(action.key, [action]);
    else same.push(action);
  }
  return action;
}

function needsOf(resource: Resource, task: string): Action['needs'] {
  if (task !== 'start' && task !== 'promote') return 'nothing';
  if (needsFencing(resource)) return 'fencing';
  return resource.settings.needs === 'quorum' ? 'quorum' : 'nothing';
}

/** A point in the order of things, which is no operation by itself. */
export function pseudoAction(
  world: World,
  resource: Resource,
  task: string,
  isOptional: boolean,
  isRunnable: boolean,
): Action {
  const action = actionFor(world, resource, task, undefined, isOptional);
  action.isPseudo = true;
  if (isRunnable) action.isRunnable = true;
  return action;
}

/** A named point that belongs to no resource. */
export function namedPoint(world: World, name: string): Action {
  const found = world.singles.get(name);
  if (found !== undefined) return found;
  const action = newAction(world, {
    key: name,
    task: name,
    intervalMs: 0,
    resource: undefined,
    node: undefined,
    isOptional: true,
  });
  action.isPseudo = true;
  world.singles.set(name, action);
  return action;
}

/** An action of a node itself: a fencing, or its shutdown. */
export function nodeAction(
  world: World,
  key: string,
  task: string,
  node: PolicyNode,
  isOptional: boolean,
): Action {
  const found = world.singles.get(key);
  if (found !== undefined) return found;
  const resource = undefined;
  const action = newAction(world, { key, task, intervalMs: 0, resource, node, isOptional });
  world.singles.set(key, action);
  return action;
}

function updateRunnable(world: World, action: Action, resource: Resource): void {
  if (action.isPseudo) return;
  const { node } = action;
  if (node === undefined) action.isRunnable = false;
  else if (!isOnLeader(action) && !node.isOnline && (!isGuest(node) || node.needsReset)) {
    action.isRunnable = false;
    if (resource.isManaged && action.task === 'stop' && !node.isUnclean) fenceNode(world, node);
  } else if (!isOnLeader(action) && node.isPending) action.isRunnable = false;
  else if (action.needs === 'nothing') {
    action.isRunnable = !isGuest(node) || canFence(world, node);
  } else {
    const isHeld = isHeldByQuorum(world, resource);
    if (isHeld !== undefined) action.isRunnable = !isHeld;
  }
}

function isOnLeader(action: Action): boolean {
  return action.task === 'delete' || action.task === 'clear_failcount';
}

/** Undefined: left as it is. */
function isHeldByQuorum(world: World, resource: Resource): boolean | undefined {
  switch (effectivePolicy(world, resource)) {
    case 'stop':
      return true;
    case 'freeze':
      return !isActive(resource) || resource.nextRole > resource.role ? true : undefined;
    default:
      return false;
  }
}

function effectivePolicy(world: World, resource: Resource): World['withoutQuorum'] {
  if (world.isQuorate) return 'ignore';
  if (world.withoutQuorum !== 'demote') return world.withoutQuorum;
  if (resource.role < roles.unpromoted) return 'stop';
  if (resource.nextRole > roles.unpromoted) resource.nextRole = roles.unpromoted;
  return 'ignore';
}

function isActive(resource: Resource): boolean {
  return resource.runningOn.some((node) => node.isUnclean || node.isOnline);
}

/** Orders two actions; false if that very order stood already. */
export function orderActions(
  first: Action | undefined,
  then: Action | undefined,
  what: number,
): boolean {
  if (first === undefined || then === undefined || what === 0 || first === then) return false;
  for (const link of first.after) {
    if (link.action === then && (link.effects & what) !== 0) return false;
  }
  const before: Link = { action: first, effects: what };
  const after: Link = { action: then, effects: what };
  first.after.push(after);
  then.before.push(before);
  return true;
}
