import { actionFor, actionsOf, orderActions, pseudoAction } from './actions.ts';
import { instancesOf } from './apply-colocation.ts';
import { fenceAction, isUnfenced, unfence } from './fence-node.ts';
import { orderTasks } from './orderings.ts';
import { needsFencing } from './settings.ts';
import {
  activeNode,
  effects,
  type PolicyNode,
  type Resource,
  type Role,
  roles,
  type World,
} from './state.ts';
import { orderAfterUnfencing } from './unfencing.ts';

/** Every action that takes a resource from what it is to what it shall be. */
export function createActions(world: World, resource: Resource): void {
  switch (resource.kind) {
    case 'primitive':
      createForPrimitive(world, resource);
      return;
    case 'group':
      createForGroup(world, resource);
      return;
    case 'clone':
      createForInstances(world, resource, resource.children);
      if (resource.settings.isPromotable) createForPromotable(world, resource);
      return;
    case 'bundle':
      createForBundle(world, resource);
  }
}

function createForGroup(world: World, group: Resource): void {
  for (const member of group.children) createActions(world, member);
  for (const task of ['start', 'started', 'stop', 'stopped']) {
    pseudoAction(world, group, task, true, true);
  }
  if (group.parent?.settings.isPromotable !== true) return;
  for (const task of ['demote', 'demoted', 'promote', 'promoted']) {
    pseudoAction(world, group, task, true, true);
  }
}

interface InstanceState {
  starting: boolean;
  stopping: boolean;
  restarting: boolean;
  active: boolean;
}

function createForInstances(
  world: World,
  collective: Resource,
  instances: readonly Resource[],
): void {
  const state = { starting: false, stopping: false, restarting: false, active: false };
  for (const instance of instances) {
    createActions(world, instance);
    noteState(instance, state);
  }
  pseudoAction(world, collective, 'start', !state.starting, true);
  const started = pseudoAction(world, collective, 'started', !state.starting, false);
  if (state.active || state.starting) started.isRunnable = true;
  const stop = pseudoAction(world, collective, 'stop', !state.stopping, true);
  pseudoAction(world, collective, 'stopped', !state.stopping, true);
  if (!state.restarting) stop.isMigration = true;
}

function noteState(instance: Resource, state: InstanceState): void {
  if (instance.kind !== 'primitive') {
    for (const child of instance.children) noteState(child, state);
    return;
  }
  const isDone = (task: string): boolean =>
    instance.actions.some(
      (action) =>
        action.task === task &&
        !action.isOptional &&
        (action.isRunnable || (task === 'stop' && action.isPseudo)),
    );
  const isStarting = isDone('start');
  const isStopping = isDone('stop');
  if (instance.runningOn.length > 0) state.active = true;
  if (isStarting) state.starting = true;
  if (isStopping) state.stopping = true;
  if (isStarting && isStopping) state.restarting = true;
}

function createForPromotable(world: World, clone: Resource): void {
  const changes = (task: string, resource: Resource): boolean =>
    resource.children.length > 0
      ? resource.children.some((child) => changes(task, child))
      : resource.actions.some((action) => action.task === task && !action.isOptional);
  const promotes = clone.children.some((instance) => changes('promote', instance));
  const demotes = clone.children.some((instance) => changes('demote', instance));
  pseudoAction(world, clone, 'promote', !promotes, true);
  pseudoAction(world, clone, 'promoted', !promotes, true);
  pseudoAction(world, clone, 'demote', !demotes, true);
  pseudoAction(world, clone, 'demoted', !demotes, true);
  for (const instance of clone.children) instance.priority = clone.priority;
}

function createForBundle(world: World, bundle: Resource): void {
  for (const { address, container, connection } of bundle.replicas) {
    if (address !== undefined) createActions(world, address);
    createActions(world, container);
    if (connection !== undefined) createActions(world, connection);
  }
  createForInstances(world, bundle, instancesOf(bundle));
  const clone = bundle.children.find((part) => part.kind === 'clone');
  if (clone === undefined) return;
  createActions(world, clone);
  if (!clone.settings.isPromotable) return;
  for (const task of ['promote', 'promoted', 'demote', 'demoted']) {
    pseudoAction(world, bundle, task, true, true);
  }
}

const { stopped, started, unpromoted, promoted } = roles;

/** The next step from one role towards another. */
function nextStep(from: Role, to: Role): Role {
  switch (from) {
    case promoted:
      return to === promoted ? promoted : unpromoted;
    case unpromoted:
      if (to === unpromoted || to === promoted) return to;
      return stopped;
    case started:
      if (to === unpromoted || to === promoted || to === started) return to;
      return stopped;
    case stopped:
      if (to === started) return started;
      return to > started ? unpromoted : stopped;
    default:
      return stopped;
  }
}

function takeStep(
  world: World,
  resource: Resource,
  from: Role,
  to: Role,
  node: PolicyNode | undefined,
  isOptional: boolean,
): boolean {
  if (to === stopped && from !== stopped && from !== promoted) {
    stopEverywhere(world, resource, isOptional);
  } else if (from === stopped && (to === started || to === unpromoted)) {
    if (node === undefined) return false;
    start(world, resource, node, isOptional);
  } else if (to === promoted && (from === started || from === unpromoted)) {
    if (node === undefined) return false;
    promote(world, resource, node, isOptional);
  } else if (from === promoted && to === unpromoted) demoteEverywhere(world, resource, isOptional);
  else return from !== to && to === unpromoted && from === started;
  return true;
}

function createForPrimitive(world: World, resource: Resource): void {
  if (resource.nextRole === roles.unknown) {
    resource.nextRole = resource.seat === undefined ? stopped : started;
  }
  const active = activeNode(resource);
  const current = active.node;
  for (const node of resource.dangling) {
    actionFor(world, resource, 'stop', node, false).isDangling = true;
  }
  const isMoving =
    current !== undefined &&
    resource.seat !== undefined &&
    current !== resource.seat &&
    resource.nextRole >= started;
  let migrates = isMoving && canMigrate(resource, current);
  let needsStop = isMoving;
  if (continuesMigration(resource, current, migrates, active.all)) {
    // It goes on as it began.
  } else if (resource.partialSource !== undefined || resource.partialTarget !== undefined) {
    needsStop = true;
    resource.partialSource = undefined;
    resource.partialTarget = undefined;
    migrates = false;
  } else if ((needsFencing(resource) ? active.all : active.clean) > 1) {
    const how = resource.settings.multiplyActive;
    if (how === 'restart' || how === 'unexpected') needsStop = true;
    resource.stopsUnexpected = how === 'unexpected';
  }
  if (resource.isStartPending) actionFor(world, resource, 'start', resource.seat, true);
  let needsPromote = false;
  if (isMoving) {
    // Nothing more to look at.
  } else if (resource.isFailed) {
    if (resource.stopsIfFailed) needsStop = true;
    else if (resource.nextRole === promoted) needsPromote = true;
  } else if (resource.isBlocked) needsStop = true;
  else if (resource.role > started && current !== undefined && resource.seat !== undefined) {
    if (!actionFor(world, resource, 'start', resource.seat, true).isOptional) needsStop = true;
  }
  createRestart(world, resource, current, needsStop, needsPromote);
  createTransition(world, resource);
  standReady(world, resource);
  if (migrates && current !== undefined) createMigration(world, resource, current);
}

function continuesMigration(
  resource: Resource,
  current: PolicyNode | undefined,
  migrates: boolean,
  count: number,
): boolean {
  return (
    resource.partialSource !== undefined &&
    resource.partialTarget !== undefined &&
    migrates &&
    count === 2 &&
    current === resource.partialSource &&
    resource.seat === resource.partialTarget
  );
}

/** Down to stopped and up to where it was: optional actions, unless something demands a restart. */
function createRestart(
  world: World,
  resource: Resource,
  current: PolicyNode | undefined,
  needsStop: boolean,
  needsPromote: boolean,
): void {
  resource.isRestarting = true;
  let role = resource.role;
  while (role !== stopped) {
    const next = nextStep(role, stopped);
    if (!takeStep(world, resource, role, next, current, !needsStop)) break;
    role = next;
  }
  while (resource.role <= resource.nextRole && role !== resource.role && !resource.isBlocked) {
    const next = nextStep(role, resource.role);
    const isRequired = needsStop || (next === promoted && needsPromote);
    if (!takeStep(world, resource, role, next, resource.seat, !isRequired)) break;
    role = next;
  }
  resource.isRestarting = false;
}

function createTransition(world: World, resource: Resource): void {
  let { role } = resource;
  while (role !== resource.nextRole) {
    const next = nextStep(role, resource.nextRole);
    if (!takeStep(world, resource, role, next, resource.seat, false)) break;
    role = next;
  }
}

/** What will run has a start where it will run, be it optional: its monitors depend on that. */
function standReady(world: World, resource: Resource): void {
  const { seat } = resource;
  if (seat === undefined || resource.isBlocked || resource.settings.isMaintenance) return;
  if (seat.isMaintenance || resource.nextRole === stopped) return;
  actionFor(world, resource, 'start', seat, true);
}

function isExpectedNode(resource: Resource, node: PolicyNode): boolean {
  return (
    resource.stopsUnexpected &&
    resource.isRestarting &&
    resource.nextRole > stopped &&
    resource.seat === node
  );
}

function stopEverywhere(world: World, resource: Resource, isOptional: boolean): void {
  for (const node of resource.runningOn) {
    if (isExpectedNode(resource, node)) continue;
    let optional = isOptional;
    if (resource.partialTarget !== undefined) {
      if (node === resource.partialTarget && node === resource.seat) continue;
      optional = false;
    }
    const stop = actionFor(world, resource, 'stop', node, optional);
    if (!resource.isManaged) stop.isRunnable = false;
    if (resource.settings.needs !== 'unfencing') continue;
    orderActions(stop, fenceAction(world, node, 'on', true), effects.impliesFirst);
    if (!isUnfenced(node)) unfence(world, node);
  }
}

function start(world: World, resource: Resource, node: PolicyNode, isOptional: boolean): void {
  const action = actionFor(world, resource, 'start', node, true);
  orderAfterUnfencing(world, resource, node, action, effects.impliesThen);
  if (action.isRunnable && !isOptional) action.isOptional = false;
  if (isExpectedNode(resource, node)) action.isPseudo = true;
}

function promote(world: World, resource: Resource, node: PolicyNode, isOptional: boolean): void {
  const starts = actionsOf(resource, 'start', node, true);
  if (starts.every((item) => item.isRunnable)) {
    const action = actionFor(world, resource, 'promote', node, isOptional);
    if (isExpectedNode(resource, node)) action.isPseudo = true;
    return;
  }
  for (const action of actionsOf(resource, 'promote', node, true)) action.isRunnable = false;
}

function demoteEverywhere(world: World, resource: Resource, isOptional: boolean): void {
  for (const node of resource.runningOn) {
    if (!isExpectedNode(resource, node)) actionFor(world, resource, 'demote', node, isOptional);
  }
}

function canMigrate(resource: Resource, current: PolicyNode): boolean {
  return (
    resource.canMigrate &&
    resource.isManaged &&
    !resource.isFailed &&
    !resource.isStartPending &&
    !current.isUnclean &&
    resource.seat !== undefined &&
    !resource.seat.isUnclean
  );
}

/** A live migration beside stop and start, which takes their place if nothing stands against it. */
function createMigration(world: World, resource: Resource, current: PolicyNode): void {
  const startAction = actionFor(world, resource, 'start', resource.seat, true);
  const stopAction = actionFor(world, resource, 'stop', current, true);
  startAction.isMigration = true;
  stopAction.isMigration = true;
  startAction.isPseudo = true;
  const { ordered, impliesFirstMigratable, unpseudoThen } = effects;
  const isWhole = resource.partialTarget === undefined;
  const from = actionFor(world, resource, 'migrate_from', resource.seat, true);
  from.isMigration = true;
  if (isWhole) {
    const to = actionFor(world, resource, 'migrate_to', current, true);
    to.isMigration = true;
    to.needs = startAction.needs;
    orderTasks(
      world,
      resource,
      'migrate_to',
      resource,
      'migrate_from',
      ordered | impliesFirstMigratable,
    );
  } else from.needs = startAction.needs;
  orderTasks(world, resource, 'migrate_from', resource, 'stop', ordered | impliesFirstMigratable);
  orderTasks(
    world,
    resource,
    'migrate_from',
    resource,
    'start',
    ordered | impliesFirstMigratable | unpseudoThen,
  );
}
