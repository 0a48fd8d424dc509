import { actionKey, actionsByKey, firstAction, orderActions } from './actions.ts';
import { compatibleInstance, instancesOf } from './apply-colocation.ts';
import { colocationsWithThis } from './colocations-of.ts';
import { unseatAll } from './seat-resource.ts';
import {
  type Action,
  effects,
  INFINITE,
  isCollective,
  type Link,
  type PolicyNode,
  type Resource,
  roles,
  soleLocation,
  stateOf,
  topOf,
  type World,
} from './state.ts';

/** What is asked of an action when it is compared with another one. */
interface Flags {
  readonly isOptional: boolean;
  readonly isRunnable: boolean;
  readonly isMigration: boolean;
}

/** Which side of an order is looked at: demands, abilities, or both. */
interface Filter {
  readonly demands: boolean;
  readonly abilities: boolean;
}

const demands: Filter = { demands: true, abilities: false };
const abilities: Filter = { demands: false, abilities: true };
const both: Filter = { demands: true, abilities: true };

interface Change {
  first: boolean;
  then: boolean;
}

/** The scope of one update between two actions. */
interface Update {
  readonly first: Action;
  readonly then: Action;
  readonly node: PolicyNode | undefined;
  readonly flags: Flags;
  readonly filter: Filter;
  readonly what: number;
}

const completed: Readonly<Record<string, string>> = {
  start: 'started',
  stop: 'stopped',
  promote: 'promoted',
  demote: 'demoted',
};
const begun: Readonly<Record<string, string>> = {
  started: 'start',
  stopped: 'stop',
  promoted: 'promote',
  demoted: 'demote',
};

/** Carries demands and inabilities along the links between actions, until nothing changes any more. */
export class Propagation {
  readonly #world: World;
  readonly #queue = new Set<Action>();

  constructor(world: World) {
    this.#world = world;
  }

  run(): void {
    for (const action of [...this.#world.actions]) this.#blockDependents(action);
    for (const action of this.#world.actions) this.#queue.add(action);
    for (const action of this.#queue) {
      this.#queue.delete(action);
      this.#settle(action);
    }
  }

  #again(action: Action): void {
    this.#queue.delete(action);
    this.#queue.add(action);
  }

  #afterToo(action: Action): void {
    for (const link of action.after) this.#again(link.action);
    this.#again(action);
  }

  #settle(then: Action): void {
    const wasOptional = then.isOptional;
    const wasRunnable = then.isRunnable;
    if (then.anyOf > 0) {
      then.runnableBefore = 0;
      then.isRunnable = false;
    }
    let changed = false;
    for (let i = 0; i < then.before.length; i += 1) {
      const link = then.before[i];
      if (link === undefined || link.effects === 0) continue;
      const change = this.#applyLink(link, then);
      if (change.first) this.#afterToo(link.action);
      if (change.then) changed = true;
    }
    if (then.anyOf > 0) {
      changed = wasOptional !== then.isOptional || wasRunnable !== then.isRunnable;
    }
    if (!changed) return;
    if (wasRunnable && !then.isRunnable) this.#blockDependents(then);
    this.#afterToo(then);
  }

  #applyLink(link: Link, then: Action): Change {
    const none: Change = { first: false, then: false };
    let first = link.action;
    const firstNode = groupNode(first) ?? first.node;
    const thenNode = groupNode(then) ?? then.node;
    const isApart = firstNode !== undefined && thenNode !== undefined && firstNode !== thenNode;
    if ((link.effects & effects.sameNode) !== 0 && isApart) {
      link.effects = 0;
      return none;
    }
    if (
      first.resource !== undefined &&
      (link.effects & effects.thenCancelsFirst) !== 0 &&
      !then.isOptional
    ) {
      first.isOptional = true;
      if (first.task === 'reload-agent') first.resource.isReloading = false;
    }
    if (
      first.resource !== undefined &&
      then.resource !== undefined &&
      first.resource !== then.resource &&
      !isWithin(then.resource, first.resource)
    ) {
      first = completion(first);
    }
    if (first !== link.action) {
      const isNew = orderActions(first, then, link.effects);
      if (isNew) link.effects = 0;
      return { first: false, then: isNew };
    }
    return this.#applyEffects(link, first, then, thenNode);
  }

  #applyEffects(link: Link, first: Action, then: Action, thenNode: PolicyNode | undefined): Change {
    const change: Change = { first: false, then: false };
    const flags = this.#flagsForOrder(first, thenNode);
    let node = then.node;
    let what = link.effects;
    const has = (effect: number): boolean => (what & effect) !== 0;
    if (has(effects.impliesThenOnNode)) {
      what = (what & ~effects.impliesThenOnNode) | effects.impliesThen;
      node = first.node;
    }
    const update = (effect: number, filter: Filter, by: Flags = flags): void => {
      if (!has(effect) || then.resource === undefined) return;
      merge(
        change,
        this.#update(then.resource, { first, then, node, flags: by, filter, what: effect }),
      );
    };
    const onlyDemand: Flags = { ...flags, isRunnable: false, isMigration: false };
    if (has(effects.impliesThen) && then.resource === undefined) {
      if (!flags.isOptional && then.isOptional) {
        then.isOptional = false;
        change.then = true;
      }
    } else update(effects.impliesThen, demands, onlyDemand);
    update(effects.restart, both);
    if (has(effects.impliesFirst)) this.#implyFirst(first, then, node, flags, change);
    update(effects.impliesFirstIfPromoted, demands, onlyDemand);
    if (has(effects.requiresAny)) countRunnable(then, flags, change);
    if (has(effects.blocksThen) && then.resource === undefined) {
      if (!flags.isRunnable && then.isRunnable) {
        then.isRunnable = false;
        change.then = true;
      }
    } else update(effects.blocksThen, abilities);
    update(effects.impliesFirstMigratable, demands);
    update(effects.unpseudoThen, demands);
    update(effects.ordered, abilities);
    update(effects.asymmetric, abilities);
    if (has(effects.impliesThen | effects.impliesFirst | effects.restart)) {
      blockAfterStuckStop(first, then, change);
    }
    return change;
  }

  #implyFirst(
    first: Action,
    then: Action,
    node: PolicyNode | undefined,
    flags: Flags,
    change: Change,
  ): void {
    if (first.resource !== undefined) {
      const what = effects.impliesFirst;
      const update = { first, then, node, flags, filter: demands, what };
      merge(change, this.#update(first.resource, update));
      return;
    }
    if (!flags.isOptional && first.isRunnable) {
      first.isRunnable = false;
      change.first = true;
    }
  }

  #update(resource: Resource, update: Update): Change {
    switch (resource.kind) {
      case 'primitive':
        return this.#updateOne(update);
      case 'group':
        return this.#updateGroup(update);
      default:
        return this.#updateInstances(update);
    }
  }

  #updateGroup(update: Update): Change {
    const change = this.#updateOne(update);
    const { then, node } = update;
    for (const member of then.resource?.children ?? []) {
      const action = firstAction(member, then.task, node);
      if (action === undefined) continue;
      const own = this.#update(member, { ...update, then: action });
      if (own.then) this.#afterToo(action);
      merge(change, own);
    }
    return change;
  }

  #updateInstances(update: Update): Change {
    const { first, then, node } = update;
    if (then.resource === undefined) return { first: false, then: false };
    if (canInterleave(first, then)) return this.#updateInterleaved(update);
    const change = this.#updateOne(update);
    for (const instance of instancesOf(then.resource)) {
      const action = firstAction(instance, then.task, node);
      if (action === undefined || !this.#flags(action, node).isRunnable) continue;
      const own = this.#update(instance, { ...update, then: action });
      merge(change, own);
      if (own.then) this.#afterToo(action);
    }
    return change;
  }

  #updateInterleaved(update: Update): Change {
    const { first, then, node, what } = update;
    const change: Change = { first: false, then: false };
    const firstResource = first.resource;
    if (then.resource === undefined || firstResource === undefined) return change;
    const task = originalTask(firstResource, first.task);
    const isCurrent = first.task === 'stopped' || first.task === 'demoted';
    for (const thenInstance of instancesOf(then.resource)) {
      const firstInstance = compatibleInstance(
        this.#world,
        thenInstance,
        firstResource,
        roles.unknown,
        isCurrent,
      );
      if (firstInstance === undefined) {
        const needsOne = (what & (effects.blocksThen | effects.impliesThen)) !== 0;
        if (!isCurrent && needsOne && this.#unassign(thenInstance)) change.then = true;
        continue;
      }
      const firstOne = instanceAction(first, firstInstance, task, node, true);
      const thenOne = instanceAction(then, thenInstance, then.task, node, false);
      if (firstOne === undefined || thenOne === undefined) continue;
      if (orderActions(firstOne, thenOne, what)) {
        change.first = true;
        change.then = true;
      }
      const flags = this.#flags(firstOne, node);
      const own = this.#update(thenOne.resource ?? thenInstance, {
        ...update,
        first: firstOne,
        then: thenOne,
        flags,
      });
      if (own.first) this.#afterToo(firstOne);
      if (own.then) this.#afterToo(thenOne);
      merge(change, own);
    }
    return change;
  }

  #unassign(instance: Resource): boolean {
    const had = unseatAll(this.#world, instance);
    if (had) {
      const visit = (resource: Resource): void => {
        for (const action of resource.actions) this.#afterToo(action);
        for (const child of resource.children) visit(child);
      };
      visit(instance);
    }
    return had;
  }

  /** What an order means for the two actions themselves. */
  #updateOne(update: Update): Change {
    const { first, then } = update;
    const before = [first, then].map((action) =>
      [action.isOptional, action.isRunnable, action.isMigration, action.isPseudo].join(),
    );
    applyAsymmetric(update);
    applyImpliesFirst(update);
    applyMigration(update);
    applyToThen(update);
    if ((update.what & effects.restart) !== 0) applyRestart(update);
    const after = [first, then].map((action) =>
      [action.isOptional, action.isRunnable, action.isMigration, action.isPseudo].join(),
    );
    if (before[1] !== after[1]) this.#again(then);
    return { first: before[0] !== after[0], then: before[1] !== after[1] };
  }

  #flagsForOrder(action: Action, node: PolicyNode | undefined): Flags {
    if (action.resource === undefined) return ownFlags(action);
    const general = this.#flags(action, undefined);
    if (node === undefined || action.resource.kind !== 'clone') return general;
    const here = this.#flags(action, node);
    return { ...here, isRunnable: general.isRunnable };
  }

  #flags(action: Action, node: PolicyNode | undefined): Flags {
    switch (action.resource?.kind) {
      case 'group':
        return this.#groupFlags(action, action.resource, node);
      case 'clone':
        return this.#collectiveFlags(action, action.resource.children, node);
      case 'bundle':
        return this.#collectiveFlags(action, partsFor(action.resource, action.task), node);
      default:
        return ownFlags(action);
    }
  }

  #groupFlags(action: Action, group: Resource, node: PolicyNode | undefined): Flags {
    let isOptional = true;
    let isRunnable = true;
    for (const member of group.children) {
      const task = begun[action.task] ?? action.task;
      const own = firstAction(member, task, node);
      if (own === undefined) {
        if (task !== 'stop' && task !== 'demote') isRunnable = false;
        continue;
      }
      if (!own.isOptional) {
        isOptional = false;
        action.isOptional = false;
      }
      if (task !== action.task && !own.isRunnable) {
        isRunnable = false;
        action.isRunnable = false;
      }
    }
    return { isOptional, isRunnable, isMigration: false };
  }

  #collectiveFlags(
    action: Action,
    instances: readonly Resource[],
    node: PolicyNode | undefined,
  ): Flags {
    let isOptional = true;
    let isRunnable = false;
    for (const instance of instances) {
      const task =
        instance.kind === 'primitive' ? (begun[action.task] ?? action.task) : action.task;
      const own = firstAction(instance, task, instance.kind === 'primitive' ? node : undefined);
      if (own === undefined) continue;
      const flags = this.#flags(own, node);
      if (!flags.isOptional) {
        isOptional = false;
        action.isOptional = false;
      }
      if (flags.isRunnable) isRunnable = true;
    }
    if (!isRunnable && node === undefined) action.isRunnable = false;
    return { isOptional, isRunnable, isMigration: false };
  }

  /** What must run with something that cannot start cannot start either. */
  #blockDependents(action: Action): void {
    if (action.isRunnable || action.resource === undefined) return;
    if (action.task !== 'start' && action.task !== 'promote') return;
    const top = topOf(action.resource, true);
    for (const child of top.children) {
      const own = firstAction(child, action.task);
      if (own === undefined || own.isRunnable) return;
    }
    for (const colocation of colocationsWithThis(top)) {
      if (colocation.score < INFINITE) continue;
      if (action.task !== 'start' && colocation.primaryRole !== roles.promoted) continue;
      const task = colocation.dependentRole === roles.promoted ? 'promote' : 'start';
      this.#block(colocation.dependent, task);
    }
  }

  #block(resource: Resource, task: string): void {
    for (const action of resource.actions) {
      if (action.task !== task || !action.isRunnable) continue;
      action.isRunnable = false;
      this.#blockDependents(action);
      this.#afterToo(action);
    }
    for (const child of resource.children) this.#block(child, task);
  }
}

function merge(into: Change, from: Change): void {
  if (from.first) into.first = true;
  if (from.then) into.then = true;
}

function ownFlags({ isOptional, isRunnable, isMigration }: Action): Flags {
  return { isOptional, isRunnable, isMigration };
}

function groupNode(action: Action): PolicyNode | undefined {
  if (action.resource?.kind !== 'group' || action.task !== 'start') return undefined;
  return soleLocation(action.resource, false);
}

function isWithin(resource: Resource, ancestor: Resource): boolean {
  for (let up = resource.parent; up !== undefined; up = up.parent) if (up === ancestor) return true;
  return false;
}

/** Others wait until all parts have done it: for "started", not for "start". */
function completion(action: Action): Action {
  const { resource, task } = action;
  if (resource === undefined || resource.kind === 'primitive' || action.intervalMs > 0)
    return action;
  const done = completed[task];
  if (done === undefined) return action;
  return actionsByKey(resource, actionKey(resource, done), undefined)[0] ?? action;
}

function countRunnable(then: Action, flags: Flags, change: Change): void {
  if (then.resource !== undefined || !flags.isRunnable) return;
  then.runnableBefore += 1;
  if (then.runnableBefore >= then.anyOf && !then.isRunnable) {
    then.isRunnable = true;
    change.then = true;
  }
}

function blockAfterStuckStop(first: Action, then: Action, change: Change): void {
  const { resource } = first;
  if (resource === undefined || first.task !== 'stop' || first.isRunnable) return;
  if (resource.isManaged || !resource.isBlocked || !then.isRunnable) return;
  then.isRunnable = false;
  change.then = true;
}

function canInterleave(first: Action, then: Action): boolean {
  const a = first.resource;
  const b = then.resource;
  if (a === undefined || b === undefined || a === b) return false;
  if (!isCollective(a) || !isCollective(b)) return false;
  const isDown = then.task === 'stop' || then.task === 'demote';
  return isDown ? a.settings.interleaves : b.settings.interleaves;
}

/** Of primitives, what was begun; groups say for themselves when they are done. */
function originalTask(collective: Resource, task: string): string {
  const instance = instancesOf(collective)[0];
  return instance?.kind === 'primitive' ? (begun[task] ?? task) : task;
}

function instanceAction(
  action: Action,
  instance: Resource,
  task: string,
  node: PolicyNode | undefined,
  isFirst: boolean,
): Action | undefined {
  const isStop = action.task === 'stop' || action.task === 'stopped';
  const isPromotion = ['promote', 'promoted', 'demote', 'demoted'].includes(action.task);
  const isInside = isFirst ? !isStop : isPromotion;
  const inner = isInside ? insideOf(instance) : undefined;
  return inner === undefined ? firstAction(instance, task, node) : firstAction(inner, task);
}

function insideOf(instance: Resource): Resource | undefined {
  if (instance.bundlePart !== 'container') return undefined;
  return instance.parent?.replicas.find((item) => item.container === instance)?.child;
}

function partsFor(bundle: Resource, task: string): readonly Resource[] {
  const clone = bundle.children.find((part) => part.kind === 'clone');
  const isInside = ['promote', 'promoted', 'demote', 'demoted'].includes(task);
  return clone !== undefined && isInside ? clone.children : instancesOf(bundle);
}

function applyAsymmetric({ first, then, what }: Update): void {
  if ((what & effects.asymmetric) === 0) return;
  if (then.resource === undefined || first.isRunnable) return;
  if (then.isOptional) {
    const role = stateOf(then.resource, true);
    if (role === roles.stopped && then.task === 'stop') return;
    const runsThere =
      then.resource.runningOn.length === 1 && then.resource.runningOn[0] === then.node;
    if (role >= roles.started && then.task === 'start' && runsThere) return;
  }
  then.isOptional = false;
  then.isRunnable = false;
}

function applyImpliesFirst({ first, then, flags, filter, what }: Update): void {
  if ((what & effects.impliesFirst) !== 0 && !then.isOptional) {
    // Seen as a whole it may be demanded although it does not say so itself yet.
    if (filter.demands && !flags.isOptional && first.isOptional) first.isOptional = false;
    if (flags.isMigration && !then.isMigration) first.isMigration = false;
  }
  const isFromPromoted =
    (what & effects.impliesFirstIfPromoted) !== 0 &&
    then.resource?.role === roles.promoted &&
    filter.demands &&
    !then.isOptional;
  if (!isFromPromoted) return;
  first.isOptional = false;
  if (first.isMigration && !then.isMigration) first.isMigration = false;
}

function applyMigration({ first, then, filter, what }: Update): void {
  if ((what & effects.impliesFirstMigratable) !== 0 && filter.demands) {
    if (!then.isMigration || !then.isRunnable) first.isRunnable = false;
    if (!then.isOptional) first.isOptional = false;
  }
  if ((what & effects.unpseudoThen) !== 0 && filter.demands && !first.isRunnable) {
    then.isMigration = false;
    then.isPseudo = false;
  }
}

function applyToThen({ first, then, flags, filter, what }: Update): void {
  if ((what & effects.blocksThen) !== 0 && filter.abilities && then.isRunnable) {
    if (!flags.isRunnable) {
      then.isRunnable = false;
      then.isMigration = false;
    }
  }
  if ((what & effects.impliesThen) !== 0 && filter.demands && then.isOptional) {
    if (!flags.isOptional && !first.isMigration) then.isOptional = false;
  }
}

/** "Stop, then start" of one resource, and the stops of a group one after the other. */
function applyRestart({ first, then, filter }: Update): void {
  const isDemanded = filter.demands && !then.isOptional;
  const mustStop =
    filter.abilities &&
    !then.isRunnable &&
    then.resource?.isManaged === true &&
    first.resource === then.resource;
  if (!isDemanded && !mustStop) return;
  if (first.isRunnable || !then.isOptional) first.isOptional = false;
  if (!then.isMigration) first.isMigration = false;
  if (!first.isOptional && !first.isRunnable) then.isRunnable = false;
}
