import { actionFor, actionsByKey, orderActions } from './actions.ts';
import { Propagation } from './propagation.ts';
import {
  type Action,
  effects,
  type Ordering,
  type Resource,
  roles,
  stateOf,
  type World,
} from './state.ts';

/** Ties the actions together, and lets each tell on those that it concerns. */
export function applyOrderings(world: World): void {
  for (const ordering of world.orderings) tie(world, ordering);
  const propagation = new Propagation(world);
  propagation.run();
}

function tie(world: World, ordering: Ordering): void {
  const { firstResource, thenResource, firstAction, thenAction } = ordering;
  if (firstResource !== undefined) {
    tieFirsts(world, ordering, firstResource);
    return;
  }
  if (thenResource !== undefined) tieThens(ordering, firstAction, thenResource);
  else orderActions(firstAction, thenAction, ordering.effects);
}

/** `web_start_0` to `start`, also for ids with underscores. */
function taskOf(key: string): string {
  const parts = key.split('_');
  const last = parts.slice(0, -1);
  const pair = last.slice(-2).join('_');
  return pair === 'migrate_to' || pair === 'migrate_from' ? pair : (last.at(-1) ?? '');
}

function actionsByTask(resource: Resource, key: string): readonly Action[] {
  const direct = actionsByKey(resource, key, undefined);
  return direct.length > 0
    ? direct
    : actionsByKey(resource, `${resource.id}_${taskOf(key)}_0`, undefined);
}

function tieFirsts(world: World, ordering: Ordering, resource: Resource): void {
  const { firstAction, firstKey = '', thenAction } = ordering;
  const thenResource = ordering.thenResource ?? thenAction?.resource;
  let firsts = firstAction === undefined ? actionsByTask(resource, firstKey) : [firstAction];
  if (firsts.length === 0) {
    if (resource === thenResource) return;
    const task = taskOf(firstKey);
    const role = stateOf(resource, true);
    if (role === roles.stopped && task === 'stop') return;
    if (role === roles.unpromoted && task === 'demote') return;
    firsts = [actionFor(world, resource, task, undefined, true)];
  }
  for (const first of firsts) {
    if (thenResource === undefined) orderActions(first, thenAction, ordering.effects);
    else tieThens(ordering, first, thenResource);
  }
}

function tieThens(ordering: Ordering, first: Action | undefined, resource: Resource): void {
  const { thenAction, thenKey = '' } = ordering;
  const thens = thenAction === undefined ? actionsByTask(resource, thenKey) : [thenAction];
  let what = ordering.effects;
  if (first?.resource === resource && first.isDangling) what &= ~effects.impliesThen;
  for (const then of thens) {
    if (first !== undefined) orderActions(first, then, what);
    else if ((what & effects.impliesThen) !== 0) then.isRunnable = false;
  }
}
