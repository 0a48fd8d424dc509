import { actionKey } from './actions.ts';
import type { ColocationInput, ResourceSet } from './input.ts';
import { findConstrained } from './locations.ts';
import { addOrdering } from './orderings.ts';
import {
  type Colocation,
  constraintRole,
  effects,
  INFINITE,
  type Resource,
  type Role,
  roles,
  type World,
} from './state.ts';

export interface NewColocation {
  readonly id: string;
  readonly score: number;
  readonly dependent: Resource;
  readonly primary: Resource;
  readonly dependentRole?: Role;
  readonly primaryRole?: Role;
  readonly attribute?: string | undefined;
  readonly isInfluential: boolean;
  readonly isExplicit: boolean;
}

export function readColocation(world: World, input: ColocationInput): void {
  if (input.sets.length > 0) {
    readSets(world, input);
    return;
  }
  const dependent = findConstrained(world, input.dependent?.resource ?? '');
  const primary = findConstrained(world, input.primary?.resource ?? '');
  if (dependent === undefined || primary === undefined) return;
  addColocation(world, {
    id: input.id,
    score: input.score,
    dependent,
    primary,
    dependentRole: constraintRole(input.dependent?.role),
    primaryRole: constraintRole(input.primary?.role),
    attribute: input.attribute,
    isInfluential: input.influence ?? dependent.settings.isCritical,
    isExplicit: true,
  });
}

export function addColocation(world: World, given: NewColocation): void {
  const { dependent, primary, score } = given;
  if (score === 0) return;
  const colocation: Colocation = {
    dependentRole: roles.unknown,
    primaryRole: roles.unknown,
    ...given,
    attribute: given.attribute ?? '#uname',
  };
  insertSorted(dependent.thisWith, colocation, (item) => item.primary);
  insertSorted(primary.withThis, colocation, (item) => item.dependent);
  if (score > -INFINITE) return;
  orderApart(world, dependent, colocation.dependentRole, primary, colocation.primaryRole);
  orderApart(world, primary, colocation.primaryRole, dependent, colocation.dependentRole);
}

const ranks = { primitive: 0, group: 1, clone: 2, bundle: 3 } as const;

export function insertSorted(
  list: Colocation[],
  colocation: Colocation,
  other: (item: Colocation) => Resource,
): void {
  const at = list.findIndex((item) => compareOthers(other(colocation), other(item)) <= 0);
  if (at < 0) list.push(colocation);
  else list.splice(at, 0, colocation);
}

/** Higher priority first, then the larger kind, promotable before others, then by id. */
function compareOthers(a: Resource, b: Resource): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.kind !== b.kind) return ranks[b.kind] - ranks[a.kind];
  if (a.kind === 'clone' && a.settings.isPromotable !== b.settings.isPromotable) {
    return a.settings.isPromotable ? -1 : 1;
  }
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** What must be apart lets go of its role before the other takes its own. */
function orderApart(
  world: World,
  first: Resource,
  firstRole: Role,
  then: Resource,
  thenRole: Role,
): void {
  for (const firstTask of tasksToLose(firstRole)) {
    for (const thenTask of tasksToGain(thenRole)) {
      addOrdering(world, {
        firstResource: first,
        firstKey: actionKey(first, firstTask),
        thenResource: then,
        thenKey: actionKey(then, thenTask),
        effects: effects.antiColocated,
      });
    }
  }
}

function tasksToLose(role: Role): readonly string[] {
  if (role === roles.promoted) return ['demote'];
  return role === roles.unpromoted ? ['stop', 'promote'] : ['stop'];
}

function tasksToGain(role: Role): readonly string[] {
  if (role === roles.promoted) return ['promote'];
  return role === roles.unpromoted ? ['start', 'demote'] : ['start'];
}

function readSets(world: World, input: ColocationInput): void {
  let last: ResourceSet | undefined;
  for (const set of input.sets) {
    colocateWithin(world, input, set);
    if (last !== undefined) colocateBetween(world, input, last, set);
    last = set;
  }
}

function membersOf(world: World, set: ResourceSet): readonly Resource[] {
  return set.resources.flatMap((id) => findConstrained(world, id) ?? []);
}

function colocateWithin(world: World, input: ColocationInput, set: ResourceSet): void {
  const score = set.score ?? input.score;
  if (score === 0 || !set.isSequential) return;
  const role = constraintRole(set.role);
  const members = membersOf(world, set);
  const add = (dependent: Resource, primary: Resource, owner: Resource): void => {
    addColocation(world, {
      id: set.id,
      score,
      dependent,
      primary,
      dependentRole: role,
      primaryRole: role,
      isInfluential: input.influence ?? owner.settings.isCritical,
      isExplicit: true,
    });
  };
  for (const [index, member] of members.entries()) {
    if (score > 0) {
      const previous = members[index - 1];
      if (previous === undefined) continue;
      if (set.withPrevious) add(member, previous, member);
      else add(previous, member, member);
    } else {
      for (const other of members.slice(0, index)) add(member, other, member);
    }
  }
}

/** The set that is written first depends on the next one. */
function colocateBetween(
  world: World,
  input: ColocationInput,
  dependents: ResourceSet,
  primaries: ResourceSet,
): void {
  const all = membersOf(world, dependents);
  const others = membersOf(world, primaries);
  const from = dependents.isSequential ? all.slice(0, 1) : all;
  const to = primaries.isSequential ? others.slice(-1) : others;
  for (const dependent of from) {
    for (const primary of to) {
      addColocation(world, {
        id: input.id,
        score: input.score,
        dependent,
        primary,
        dependentRole: constraintRole(dependents.role),
        primaryRole: constraintRole(primaries.role),
        isInfluential: input.influence ?? dependent.settings.isCritical,
        isExplicit: true,
      });
    }
  }
}
