import { colocationValue } from './colocated-scores.ts';
import { sortNodes } from './node-order.ts';
import { unseatAll } from './seat-resource.ts';
import {
  addScores,
  anyAvailable,
  type Colocation,
  copyTable,
  INFINITE,
  isBlockedAnywhere,
  isCollective,
  type PolicyNode,
  type Resource,
  type Role,
  roles,
  soleLocation,
  stateOf,
  topOf,
  type World,
} from './state.ts';

/** Lets a colocation tell on the dependent: on its scores, or once it has a node, on its role. */
export function applyColocation(
  world: World,
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
): void {
  if (dependent.kind === 'group') {
    // Its members follow the first one.
    const [member] = dependent.children;
    if (member !== undefined) applyColocation(world, member, primary, colocation);
    return;
  }
  switch (primary.kind) {
    case 'primitive':
      applyToOne(world, dependent, primary, colocation);
      return;
    case 'group':
      applyToGroup(world, dependent, primary, colocation);
      return;
    case 'clone':
      applyToClone(world, dependent, primary, colocation);
      return;
    case 'bundle':
      applyToBundle(world, dependent, primary, colocation);
  }
}

/** Inside a container, the role is that of what runs in it. */
function roleResource(resource: Resource): Resource {
  if (resource.bundlePart !== 'container' || resource.parent === undefined) return resource;
  const replica = resource.parent.replicas.find((item) => item.container === resource);
  return replica?.child ?? resource;
}

export type Affects = 'nothing' | 'location' | 'role';

export function colocationAffects(
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
  preview: boolean,
): Affects {
  if (!preview && primary.isUnassigned) return 'nothing';
  const dependentInner = roleResource(dependent);
  const primaryInner = roleResource(primary);
  if (
    colocation.dependentRole >= roles.unpromoted &&
    dependentInner.parent !== undefined &&
    topOf(dependentInner, false).settings.isPromotable &&
    !dependentInner.isUnassigned
  ) {
    return 'role';
  }
  if (!preview && !dependent.isUnassigned) return 'nothing';
  if (
    colocation.dependentRole !== roles.unknown &&
    colocation.dependentRole !== dependentInner.nextRole
  ) {
    return 'nothing';
  }
  if (
    colocation.primaryRole !== roles.unknown &&
    colocation.primaryRole !== primaryInner.nextRole
  ) {
    return 'nothing';
  }
  return 'location';
}

function applyToOne(
  _world: World,
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
): void {
  switch (colocationAffects(dependent, primary, colocation, false)) {
    case 'role':
      applyToPriority(dependent, primary, colocation);
      return;
    case 'location':
      applyToScores(dependent, primary, colocation);
      return;
    default:
  }
}

function applyToScores(dependent: Resource, primary: Resource, colocation: Colocation): void {
  const { score, attribute } = colocation;
  const seat = primary.seat;
  if (seat === undefined && score < 0) return;
  const value = seat === undefined ? undefined : colocationValue(seat, attribute);
  const work = copyTable(dependent.table);
  for (const candidate of work.values()) {
    if (seat === undefined) candidate.score = addScores(-score, candidate.score);
    else if (colocationValue(candidate.node, attribute) === value) {
      if (score < INFINITE) candidate.score = addScores(score, candidate.score);
    } else if (score >= INFINITE) candidate.score = -INFINITE;
  }
  if (Math.abs(score) >= INFINITE || anyAvailable(work)) dependent.table = work;
}

/** The instance of the promotable clone whose priority a colocation by role changes. */
function promotedUnit(resource: Resource): Resource {
  let unit = resource;
  while (unit.parent !== undefined && unit.parent.kind !== 'clone') unit = unit.parent;
  return unit.parent === undefined ? resource : unit;
}

function applyToPriority(dependent: Resource, primary: Resource, colocation: Colocation): void {
  const { seat } = primary;
  if (seat === undefined || dependent.seat === undefined) return;
  const unit = promotedUnit(roleResource(dependent));
  const { attribute, score } = colocation;
  const isTogether =
    colocationValue(hostOf(dependent), attribute) === colocationValue(hostOf(primary), attribute);
  if (!isTogether) {
    if (score >= INFINITE && colocation.dependentRole === roles.promoted) {
      unit.priority = -INFINITE;
    }
    return;
  }
  const inner = roleResource(primary);
  if (colocation.primaryRole !== roles.unknown && colocation.primaryRole !== inner.nextRole) return;
  const sign = colocation.dependentRole === roles.unpromoted ? -1 : 1;
  unit.priority = addScores(sign * score, unit.priority);
}

/** Where something is, for the comparison with others: for what runs in a container, the container's node. */
function hostOf(resource: Resource): PolicyNode {
  const { seat } = resource;
  if (seat === undefined) throw new RangeError(`${resource.id} has no node`);
  const connection = resource.bundlePart === 'child' ? seat.connection : undefined;
  return connection?.container?.seat ?? seat;
}

function applyToGroup(
  world: World,
  dependent: Resource,
  group: Resource,
  colocation: Colocation,
): void {
  if (group.isUnassigned) return;
  const isMandatory = colocation.score >= INFINITE;
  const member = isMandatory ? group.children.at(-1) : group.children[0];
  if (member !== undefined) applyColocation(world, dependent, member, colocation);
}

function applyToClone(
  world: World,
  dependent: Resource,
  clone: Resource,
  colocation: Colocation,
): void {
  if (clone.isUnassigned) return;
  if (clone.settings.isPromotable && colocation.primaryRole !== roles.unknown) {
    if (dependent.isUnassigned) {
      followPromoted(dependent, clone, colocation);
      return;
    }
    if (colocation.dependentRole === roles.promoted) {
      promoteWith(world, dependent, clone, colocation);
      return;
    }
  }
  if (canInterleave(colocation)) {
    const instance = compatibleInstance(world, dependent, clone, roles.unknown, false);
    if (instance !== undefined) applyColocation(world, dependent, instance, colocation);
    else if (colocation.score >= INFINITE && dependent.isUnassigned) unseatAll(world, dependent);
    return;
  }
  if (colocation.score >= INFINITE) {
    const nodes = new Set<PolicyNode>();
    for (const instance of clone.children) {
      const node = soleLocation(instance, false);
      if (node !== undefined && !isBlockedAnywhere(instance)) nodes.add(node);
    }
    keepOnly(dependent, nodes);
    return;
  }
  for (const instance of clone.children) {
    applyColocation(world, dependent, instance, colocation);
  }
}

function keepOnly(dependent: Resource, nodes: ReadonlySet<PolicyNode>): void {
  for (const seat of dependent.table.values()) {
    if (!nodes.has(seat.node)) seat.score = -INFINITE;
  }
}

function canInterleave(colocation: Colocation): boolean {
  const { dependent, primary } = colocation;
  if (!isCollective(dependent) || !dependent.settings.interleaves) return false;
  return perNode(dependent) === perNode(primary);
}

function perNode(resource: Resource): number {
  if (resource.kind === 'bundle') return resource.config.bundle?.replicasPerHost ?? 1;
  return resource.kind === 'clone' ? resource.settings.cloneNodeMax : 1;
}

function followPromoted(dependent: Resource, clone: Resource, colocation: Colocation): void {
  const { score, attribute } = colocation;
  const affected = new Map<PolicyNode, number>();
  for (const instance of clone.children) {
    const node = soleLocation(instance, false);
    if (node === undefined || stateOf(instance, false) !== colocation.primaryRole) continue;
    if (score < INFINITE) {
      const value = colocationValue(node, attribute);
      for (const seat of dependent.table.values()) {
        if (colocationValue(seat.node, attribute) === value) {
          seat.score = addScores(seat.score, score);
        }
      }
    }
    affected.set(node, seatScore(instance, node));
  }
  const isBothPromoted =
    colocation.dependentRole === roles.promoted && colocation.primaryRole === roles.promoted;
  if (score < INFINITE || isBothPromoted) return;
  for (const seat of dependent.table.values()) {
    const extra = affected.get(seat.node);
    seat.score = extra === undefined ? -INFINITE : addScores(seat.score, extra);
  }
}

function seatScore(instance: Resource, node: PolicyNode): number {
  const first = instance.children[0] ?? instance;
  return first.table.get(node)?.score ?? 0;
}

function promoteWith(
  world: World,
  dependent: Resource,
  clone: Resource,
  colocation: Colocation,
): void {
  const unit = promotedUnit(dependent);
  const instance = compatibleInstance(world, dependent, clone, colocation.primaryRole, false);
  if (instance !== undefined) unit.priority = addScores(unit.priority, colocation.score);
  else if (colocation.score >= INFINITE) unit.priority = -INFINITE;
}

/** The instance that is (or will be) in that role where the other is, or may be. */
export function compatibleInstance(
  world: World,
  other: Resource,
  collective: Resource,
  role: Role,
  current: boolean,
): Resource | undefined {
  const node = soleLocation(other, current);
  if (node !== undefined) return instanceOn(collective, node, role, current);
  for (const seat of sortNodes(world, [...other.table.values()], undefined)) {
    const found = instanceOn(collective, seat.node, role, current);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function instancesOf(collective: Resource): readonly Resource[] {
  if (collective.kind !== 'bundle') return collective.children;
  return collective.replicas.map((replica) => replica.container);
}

function instanceOn(
  collective: Resource,
  node: PolicyNode,
  role: Role,
  current: boolean,
): Resource | undefined {
  return instancesOf(collective).find(
    (instance) =>
      (role === roles.unknown || stateOf(instance, current) === role) &&
      !isBlockedAnywhere(instance) &&
      soleLocation(instance, current) === node,
  );
}

/** For what runs in a container, the container. */
function outerOf(resource: Resource): Resource {
  if (resource.bundlePart !== 'child') return resource;
  const bundle = topOf(resource, true);
  return bundle.replicas.find((item) => item.child === resource)?.container ?? resource;
}

function applyToBundle(
  world: World,
  dependent: Resource,
  bundle: Resource,
  colocation: Colocation,
): void {
  if (bundle.isUnassigned) return;
  if (isCollective(colocation.dependent)) {
    const container = compatibleInstance(world, outerOf(dependent), bundle, roles.unknown, false);
    if (container !== undefined) applyColocation(world, dependent, container, colocation);
    else if (colocation.score >= INFINITE && dependent.isUnassigned) unseatAll(world, dependent);
    return;
  }
  const hosts = new Set<PolicyNode>();
  for (const { container, child } of bundle.replicas) {
    if (colocation.score < INFINITE) {
      applyColocation(world, dependent, container, colocation);
      continue;
    }
    const chosen = soleLocation(container, false);
    if (chosen === undefined || isBlockedAnywhere(container)) continue;
    const needsPromoted = colocation.primaryRole >= roles.promoted;
    if (needsPromoted && (child === undefined || child.nextRole < roles.promoted)) continue;
    hosts.add(chosen);
  }
  if (colocation.score >= INFINITE) keepOnly(dependent, hosts);
}
