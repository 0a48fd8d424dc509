import { actionKey, namedPoint } from './actions.ts';
import type { OrderInput, OrderKind, ResourceSet } from './input.ts';
import { findConstrained } from './locations.ts';
import { type Action, effects, type Ordering, type Resource, type World } from './state.ts';

type Partly = Partial<Omit<Ordering, 'effects'>> & { readonly effects: number };

export function addOrdering(world: World, given: Partly): void {
  const { firstAction, thenAction } = given;
  world.orderings.push({
    effects: given.effects,
    firstResource: given.firstResource ?? firstAction?.resource,
    firstKey: given.firstKey ?? firstAction?.key,
    firstAction,
    thenResource: given.thenResource ?? thenAction?.resource,
    thenKey: given.thenKey ?? thenAction?.key,
    thenAction,
  });
}

/** "That task of the first, then that task of the other." */
export function orderTasks(
  world: World,
  first: Resource,
  firstTask: string,
  then: Resource,
  thenTask: string,
  what: number,
): void {
  addOrdering(world, {
    firstResource: first,
    firstKey: actionKey(first, firstTask),
    thenResource: then,
    thenKey: actionKey(then, thenTask),
    effects: what,
  });
}

type Symmetry = 'only' | 'normal' | 'inverse';

const inverses: Readonly<Record<string, string>> = {
  start: 'stop',
  stop: 'start',
  promote: 'demote',
  demote: 'promote',
};

export function readOrder(world: World, input: OrderInput): void {
  if (input.sets.length > 0) {
    readSets(world, input);
    return;
  }
  const first = findConstrained(world, input.first?.resource ?? '');
  const then = findConstrained(world, input.then?.resource ?? '');
  if (first === undefined || then === undefined) return;
  const firstTask = input.first?.action ?? 'start';
  const thenTask = input.then?.action ?? firstTask;
  const symmetry = symmetryOf(input.strength, input.symmetrical);
  const what = effectsOf(input.strength, firstTask, symmetry);
  const least = leastInstances(first, input);
  if (least > 0) orderAfterSome(world, input.id, first, firstTask, then, thenTask, what, least);
  else orderTasks(world, first, firstTask, then, thenTask, what);
  const back = inverses[firstTask];
  const thenBack = inverses[thenTask];
  if (symmetry !== 'normal' || back === undefined || thenBack === undefined) return;
  orderTasks(world, then, thenBack, first, back, effectsOf(input.strength, back, 'inverse'));
}

function symmetryOf(kind: OrderKind, symmetrical: boolean | undefined): Symmetry {
  if (kind === 'serialize') return 'only';
  return symmetrical === false ? 'only' : 'normal';
}

function effectsOf(kind: OrderKind, firstTask: string, symmetry: Symmetry): number {
  const { ordered } = effects;
  if (kind === 'optional') return ordered;
  if (kind === 'serialize') return ordered | effects.serialize;
  switch (symmetry) {
    case 'only':
      return ordered | effects.asymmetric;
    case 'normal':
      if (firstTask === 'start' || firstTask === 'promote') {
        return ordered | effects.impliesThen | effects.blocksThen;
      }
      return ordered | effects.impliesThen;
    case 'inverse':
      return ordered | effects.impliesFirst;
  }
}

function leastInstances(first: Resource, input: OrderInput): number {
  if (first.kind !== 'clone') return 0;
  if (first.meta.has('clone-min')) return first.settings.cloneMin;
  return input.requiresAll === false ? 1 : 0;
}

/** The other waits for some instances only: for a point that is runnable as soon as these are. */
function orderAfterSome(
  world: World,
  id: string,
  first: Resource,
  firstTask: string,
  then: Resource,
  thenTask: string,
  what: number,
  least: number,
): void {
  const point = namedPoint(world, `enough-of:${id}`);
  point.anyOf = least;
  for (const instance of first.children) {
    addOrdering(world, {
      firstResource: instance,
      firstKey: actionKey(instance, firstTask),
      thenAction: point,
      effects: effects.requiresAny,
    });
  }
  orderAfterPoint(world, point, then, thenTask, what);
}

function orderAfterPoint(
  world: World,
  point: Action,
  then: Resource,
  task: string,
  what: number,
): void {
  addOrdering(world, {
    firstAction: point,
    thenResource: then,
    thenKey: actionKey(then, task),
    effects: what | effects.blocksThen,
  });
}

function readSets(world: World, input: OrderInput): void {
  const symmetry = symmetryOf(input.strength, input.symmetrical);
  let last: ResourceSet | undefined;
  for (const set of input.sets) {
    if (membersOf(world, set) === undefined) return;
    orderWithin(world, input, set);
    if (last !== undefined) {
      orderBetween(world, input, last, set, symmetry);
      if (symmetry === 'normal') orderBetween(world, input, set, last, 'inverse');
    }
    last = set;
  }
}

function membersOf(world: World, set: ResourceSet): readonly Resource[] | undefined {
  const found = set.resources.map((id) => findConstrained(world, id));
  return found.includes(undefined) ? undefined : found.flatMap((item) => item ?? []);
}

function orderWithin(world: World, input: OrderInput, set: ResourceSet): void {
  const members = membersOf(world, set) ?? [];
  const task = set.action ?? 'start';
  const kind = set.kind ?? input.strength;
  const symmetry = symmetryOf(kind, set.symmetrical ?? input.symmetrical);
  const what = effectsOf(kind, task, symmetry);
  for (const [index, then] of members.entries()) {
    if (kind === 'serialize') {
      for (const first of members.slice(0, index)) orderTasks(world, first, task, then, task, what);
      continue;
    }
    const first = members[index - 1];
    if (set.isSequential && first !== undefined) orderTasks(world, first, task, then, task, what);
  }
  const back = inverses[task];
  if (symmetry === 'only' || !set.isSequential || back === undefined) return;
  const whatBack = effectsOf(kind, back, 'inverse');
  for (const [index, then] of members.entries()) {
    const first = members[index - 1];
    if (first !== undefined) orderTasks(world, then, back, first, back, whatBack);
  }
}

function orderBetween(
  world: World,
  input: OrderInput,
  firsts: ResourceSet,
  thens: ResourceSet,
  symmetry: Symmetry,
): void {
  const all = membersOf(world, firsts) ?? [];
  const others = membersOf(world, thens) ?? [];
  let firstTask = firsts.action ?? 'start';
  let thenTask = thens.action ?? 'start';
  if (symmetry === 'inverse') {
    firstTask = inverses[firstTask] ?? firstTask;
    thenTask = inverses[thenTask] ?? thenTask;
  }
  const what = effectsOf(input.strength, firstTask, symmetry);
  const isDown = firstTask === 'stop' || firstTask === 'demote';
  if (!firsts.requiresAll && !isDown) {
    const point = namedPoint(world, `any-of:${input.id}:${firsts.id}`);
    point.anyOf = 1;
    for (const first of all) {
      addOrdering(world, {
        firstResource: first,
        firstKey: actionKey(first, firstTask),
        thenAction: point,
        effects: effects.requiresAny,
      });
    }
    for (const then of others) orderAfterPoint(world, point, then, thenTask, what);
    return;
  }
  const isInverse = symmetry === 'inverse';
  const edge = (list: readonly Resource[], last: boolean): readonly Resource[] =>
    last ? list.slice(-1) : list.slice(0, 1);
  const from = firsts.saysSequential ? edge(all, !isInverse) : all;
  const to = thens.saysSequential ? edge(others, isInverse) : others;
  for (const first of from) {
    for (const then of to) orderTasks(world, first, firstTask, then, thenTask, what);
  }
}
