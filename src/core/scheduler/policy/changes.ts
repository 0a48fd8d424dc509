import { actionKey, actionsByKey, actionsOf } from './actions.ts';
import {
  type Action,
  currentNode,
  type PolicyNode,
  primitivesIn,
  type Resource,
  roles,
  type World,
} from './state.ts';

/** What a transition does to a resource or a node, in net terms. */
export interface NetChange {
  readonly action:
    | 'start'
    | 'stop'
    | 'move'
    | 'migrate'
    | 'restart'
    | 'recover'
    | 'reload'
    | 'promote'
    | 'demote'
    | 'repromote'
    | 'fence';
  readonly resource?: string;
  readonly node: string;
  readonly from?: string;
  readonly op?: string;
  readonly blocked?: true;
}

export function netChanges(world: World): readonly NetChange[] {
  const changes: NetChange[] = [];
  for (const action of world.actions) {
    if (action.task !== 'fence' || action.isOptional || action.node === undefined) continue;
    changes.push({ action: 'fence', node: action.node.name, op: action.fence ?? 'reboot' });
  }
  for (const resource of world.resources) {
    for (const primitive of primitivesIn(resource)) changes.push(...changesOf(primitive));
  }
  return changes;
}

/** The name by which people know it: of an anonymous clone's instances, that of what is cloned. */
export function nameOf(resource: Resource): string {
  return resource.settings.isUnique ? resource.id : resource.config.id;
}

interface Steps {
  readonly start: Action | undefined;
  readonly stop: Action | undefined;
  readonly promote: Action | undefined;
  readonly demote: Action | undefined;
  readonly migrate: Action | undefined;
}

function stepsOf(resource: Resource, current: PolicyNode | undefined): Steps {
  const next = resource.seat;
  const at = (task: string, node: PolicyNode | undefined): Action | undefined =>
    node === undefined
      ? actionsOf(resource, task, undefined)[0]
      : actionsByKey(resource, actionKey(resource, task), node)[0];
  const start = at('start', next);
  const stopNode = start?.isRunnable === true ? current : undefined;
  let stop = at('stop', stopNode);
  if (stop === undefined && resource.stopsUnexpected) stop = at('stop', undefined);
  return {
    start,
    stop,
    promote: at('promote', next),
    demote: at('demote', next),
    migrate: at('migrate_from', next),
  };
}

function changesOf(resource: Resource): readonly NetChange[] {
  const current = resource.runningOn.length > 0 ? currentNode(resource) : undefined;
  const next = resource.seat;
  if (current !== undefined && resource.role === roles.stopped) resource.role = roles.started;
  if (current === undefined && resource.isRemoved) return [];
  if (!resource.isManaged || (current === undefined && next === undefined)) return [];
  const steps = stepsOf(resource, current);
  return resource.role === resource.nextRole
    ? inSameRole(resource, current, steps)
    : inOtherRole(resource, current, steps);
}

function item(
  kind: NetChange['action'],
  resource: Resource,
  from: PolicyNode | undefined,
  to: PolicyNode | undefined,
  action: Action | undefined,
): readonly NetChange[] {
  const node = to ?? from;
  if (action === undefined || node === undefined) return [];
  const isMove = from !== undefined && to !== undefined && from !== to;
  return [
    {
      action: kind,
      resource: nameOf(resource),
      node: node.name,
      ...(isMove ? { from: from.name } : {}),
      ...(action.isRunnable ? {} : { blocked: true as const }),
    },
  ];
}

function inSameRole(
  resource: Resource,
  current: PolicyNode | undefined,
  { start, stop, promote, demote, migrate }: Steps,
): readonly NetChange[] {
  const next = resource.seat;
  if (next === undefined) return [];
  const isMoving = current !== undefined && current !== next;
  if (migrate?.isRunnable === true && current !== undefined) {
    return item('migrate', resource, current, next, start);
  }
  if (resource.isReloading) return item('reload', resource, undefined, next, start);
  if (start === undefined || start.isOptional) {
    const isAgain = demote?.isOptional === false && promote?.isOptional === false;
    return isAgain ? item('repromote', resource, undefined, next, promote) : [];
  }
  if (!start.isRunnable) return item('stop', resource, current, undefined, stop);
  if (isMoving) {
    return item(resource.isFailed ? 'recover' : 'move', resource, current, next, stop);
  }
  if (resource.isFailed) return item('recover', resource, current, undefined, stop);
  return item('restart', resource, current, next, start);
}

function inOtherRole(
  resource: Resource,
  current: PolicyNode | undefined,
  { start, stop, promote, demote }: Steps,
): readonly NetChange[] {
  const next = resource.seat;
  const isMoving = current !== undefined && next !== undefined && current !== next;
  const cannotStart = start !== undefined && !start.isRunnable;
  if (stop !== undefined && (resource.nextRole === roles.stopped || cannotStart)) {
    return resource.runningOn.flatMap((node) => {
      const own = actionsByKey(resource, actionKey(resource, 'stop'), node)[0];
      return item('stop', resource, node, undefined, own);
    });
  }
  if (stop !== undefined && resource.isFailed && resource.stopsIfFailed) {
    return item('recover', resource, current, next, stop);
  }
  if (isMoving) return item('move', resource, current, next, stop);
  if (resource.isReloading) return item('reload', resource, current, next, start);
  if (stop !== undefined && !stop.isOptional) {
    return item('restart', resource, current, next, start);
  }
  if (resource.role === roles.promoted) return item('demote', resource, current, next, demote);
  if (resource.nextRole === roles.promoted) {
    return item('promote', resource, undefined, next, promote);
  }
  if (resource.role === roles.stopped && resource.nextRole > roles.stopped) {
    return item('start', resource, undefined, next, start);
  }
  return [];
}
