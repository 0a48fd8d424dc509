import { applyColocation } from './apply-colocation.ts';
import { compareInstances } from './assign-instances.ts';
import { withColocatedScores } from './colocated-scores.ts';
import { colocationsThisWith, hasInfluence } from './colocations-of.ts';
import {
  addScores,
  type Colocation,
  INFINITE,
  isAvailable,
  type Location,
  locationOf,
  type PolicyNode,
  type Resource,
  roles,
  type Seatable,
  scoreOf,
  soleLocation,
  stateOf,
  topOf,
  type World,
  willGuestRun,
} from './state.ts';
import { lacksPromotionTicket } from './tickets.ts';

/** Promotion scores speak for the nodes that give them, while instances are placed. */
export function addPromotionScores(clone: Resource): void {
  if (clone.hasPromotionScores) return;
  clone.hasPromotionScores = true;
  for (const instance of clone.children) {
    for (const seat of instance.table.values()) {
      if (!isAvailable(seat.node)) continue;
      const { score } = promotionScore(instance, seat.node);
      if (score > 0) seat.score = addScores(seat.score, score);
      if (score > instance.priority) instance.priority = score;
    }
  }
}

function promotionScore(
  resource: Resource,
  node: PolicyNode,
): { readonly score: number; readonly isGiven: boolean } {
  if (resource.children.length > 0) {
    const all = resource.children.map((child) => promotionScore(child, node));
    const score = all.reduce((sum, item) => addScores(sum, item.score), 0);
    return { score, isGiven: all.some((item) => item.isGiven) };
  }
  if (!scoreApplies(resource, node)) return { score: 0, isGiven: false };
  const known = resource.historyName ?? resource.id;
  let value = attributeOf(node, known, resource);
  if (value === undefined && !resource.settings.isUnique) {
    value = attributeOf(node, known.replace(/:\d+$/, ''), resource);
    value ??= attributeOf(node, resource.config.id, resource);
  }
  return { score: scoreOf(value), isGiven: value !== undefined };
}

function attributeOf(node: PolicyNode, name: string, resource: Resource): string | undefined {
  const onHost = resource.meta.get('container-attribute-target') === 'host';
  const source = onHost ? (hostOf(node, resource) ?? node) : node;
  return source.attributes.get(`promotion-${name}`);
}

/** Where the container of a guest node is, or will be once that has been decided. */
function hostOf(guest: PolicyNode, resource: Resource): PolicyNode | undefined {
  const container = guest.connection?.container;
  return resource.isUnassigned ? container?.runningOn[0] : container?.seat;
}

/** Scores count where something is known of the resource, or nothing is known of it anywhere. */
function scoreApplies(resource: Resource, node: PolicyNode): boolean {
  const clone = topOf(resource, false);
  const isAllowed = (resource.table.get(node)?.score ?? -INFINITE) >= 0;
  if (!resource.settings.isUnique) {
    const active = activeOn(clone, resource.config.id, node);
    if (active === resource) return isAllowed;
    if (active === undefined && isKnownOn(clone, resource.config.id, node)) return isAllowed;
  }
  if (resource.runningOn.length === 0 && resource.knownOn.size === 0) return isAllowed;
  return (resource.knownOn.has(node) || resource.runningOn.includes(node)) && isAllowed;
}

function membersOf(clone: Resource, id: string): readonly Resource[] {
  return clone.children.flatMap((child) => {
    if (child.config.id === id) return [child];
    return child.children.filter((member) => member.config.id === id);
  });
}

function activeOn(clone: Resource, id: string, node: PolicyNode): Resource | undefined {
  return membersOf(clone, id).find((member) => member.runningOn.includes(node));
}

function isKnownOn(clone: Resource, id: string, node: PolicyNode): boolean {
  return membersOf(clone, id).some((member) => member.knownOn.has(node));
}

/** Chooses which instances are promoted: those of the highest priority, as many as there may be. */
export function chooseRoles(world: World, clone: Resource): void {
  for (const seat of clone.table.values()) seat.count = 0;
  for (const instance of clone.children) setPriority(world, clone, instance);
  sortByPromotion(world, clone);
  let promoted = 0;
  for (const instance of clone.children) {
    const seat = promotes(world, clone, instance, promoted);
    if (seat === undefined) {
      setUnpromoted(instance);
      continue;
    }
    seat.count += 1;
    promoted += 1;
    setPromoted(instance);
  }
}

function setPriority(world: World, clone: Resource, instance: Resource): void {
  if (stateOf(instance, true) === roles.started) setCurrentUnpromoted(instance);
  const chosen = soleLocation(instance, false) ?? locationOf(instance, false)[0];
  if (chosen === undefined) return;
  const next = stateOf(instance, false);
  if (next === roles.started || next === roles.unknown) {
    const { score, isGiven } = promotionScore(instance, chosen);
    instance.priority = isGiven ? score : -1;
  } else if (next === roles.unpromoted || next === roles.stopped) instance.priority = -INFINITE;
  addPromotedLocations(instance, instance.locations, chosen);
  addPromotedLocations(instance, clone.locations, chosen);
  for (const item of colocationsThisWith(instance)) {
    if (item.dependentRole >= roles.unpromoted) {
      applyColocation(world, instance, item.primary, item);
    }
  }
  instance.sortIndex = next === roles.promoted ? INFINITE : instance.priority;
}

function setCurrentUnpromoted(resource: Resource): void {
  if (resource.role === roles.started) resource.role = roles.unpromoted;
  for (const child of resource.children) setCurrentUnpromoted(child);
}

function addPromotedLocations(
  instance: Resource,
  locations: readonly Location[],
  chosen: PolicyNode,
): void {
  for (const location of locations) {
    const score = location.scores.get(chosen);
    if (location.role !== roles.promoted || score === undefined) continue;
    instance.priority = addScores(instance.priority, score);
  }
}

function sortByPromotion(world: World, clone: Resource): void {
  if (clone.hasPromotionOrder) return;
  clone.hasPromotionOrder = true;
  clone.isMerging = true;
  for (const instance of clone.children) {
    const seat = seatOf(clone, instance);
    if (instance.sortIndex >= 0 && seat !== undefined) {
      seat.score = addScores(instance.sortIndex, seat.score);
    }
  }
  for (const item of clone.thisWith) applyToDependent(clone, item);
  for (const item of clone.withThis) applyToPrimary(clone, item);
  if (lacksPromotionTicket(world, clone)) {
    for (const seat of clone.table.values()) seat.score = -INFINITE;
  }
  for (const instance of clone.children) {
    if (!instance.isManaged && instance.nextRole === roles.promoted) instance.sortIndex = INFINITE;
    else if (instance.sortIndex >= 0) {
      const seat = seatOf(clone, instance);
      if (seat !== undefined) instance.sortIndex = seat.score;
    }
  }
  clone.children = clone.children.toSorted((a, b) => comparePromotion(a, b));
  clone.isMerging = false;
}

function seatOf(clone: Resource, instance: Resource): Seatable | undefined {
  const node = soleLocation(instance, false) ?? locationOf(instance, false)[0];
  return node === undefined ? undefined : clone.table.get(node);
}

function applyToDependent(clone: Resource, item: Colocation): void {
  if (item.dependentRole !== roles.promoted || item.score < INFINITE) return;
  const scoring = {
    source: item.primary,
    target: clone,
    colocation: item,
    factor: 1,
    selection: {},
  };
  clone.table = withColocatedScores(clone.table, scoring) ?? clone.table;
}

function applyToPrimary(clone: Resource, item: Colocation): void {
  if (item.primaryRole !== roles.promoted || !hasInfluence(item)) return;
  const selection = { active: true, onlyPositive: true };
  const factor = item.score / INFINITE;
  const scoring = { source: item.dependent, target: clone, colocation: item, factor, selection };
  clone.table = withColocatedScores(clone.table, scoring) ?? clone.table;
}

function comparePromotion(a: Resource, b: Resource): number {
  if (a.sortIndex !== b.sortIndex) return b.sortIndex - a.sortIndex;
  const byRole = stateOf(b, true) - stateOf(a, true);
  return byRole === 0 ? compareInstances(a, b) : byRole;
}

function promotes(
  world: World,
  clone: Resource,
  instance: Resource,
  promoted: number,
): Seatable | undefined {
  if (instance.sortIndex < 0) return undefined;
  if (promoted >= clone.settings.promotedMax && clone.isManaged) return undefined;
  const seat = promotableSeat(clone, instance);
  if (seat === undefined) return undefined;
  const isHeld = !world.isQuorate && world.withoutQuorum === 'freeze';
  return isHeld && instance.role < roles.promoted ? undefined : seat;
}

function promotableSeat(clone: Resource, instance: Resource): Seatable | undefined {
  for (const child of instance.children) {
    if (promotableSeat(clone, child) === undefined) return undefined;
  }
  const node = soleLocation(instance, false);
  if (node === undefined) return undefined;
  if (!instance.isManaged) {
    if (stateOf(instance, true) !== roles.promoted) return undefined;
  } else if (instance.priority < 0) return undefined;
  else if (!isAvailable(node) || !willGuestRun(node)) return undefined;
  const seat = clone.table.get(node);
  if (seat === undefined) return undefined;
  if (seat.count >= clone.settings.promotedNodeMax && instance.isManaged) return undefined;
  return seat;
}

function setUnpromoted(resource: Resource): void {
  const isPlaced = locationOf(resource, false).length > 0;
  resource.nextRole = isPlaced ? roles.unpromoted : roles.stopped;
  for (const child of resource.children) setUnpromoted(child);
}

function setPromoted(resource: Resource): void {
  if (resource.nextRole === roles.unknown) resource.nextRole = roles.promoted;
  for (const child of resource.children) setPromoted(child);
}
