import { assign } from './assign.ts';
import { withColocatedScores } from './colocated-scores.ts';
import { colocationsThisWith, colocationsWithThis, hasInfluence } from './colocations-of.ts';
import { unseat } from './seat-resource.ts';
import {
  activeNode,
  addToScores,
  copyTable,
  currentNode,
  INFINITE,
  isAvailable,
  isSeatAvailable,
  newSeatable,
  type PolicyNode,
  type Resource,
  type Seatable,
  type Table,
  topOf,
  type World,
} from './state.ts';

/** Gives the instances of a clone (or the containers of a bundle) their nodes, those that run first. */
export function assignInstances(
  world: World,
  collective: Resource,
  instances: readonly Resource[],
  max: number,
  maxPerNode: number,
): void {
  const available = resetCounts(collective);
  const optimal = Math.max(1, available > 0 ? Math.floor(max / available) : 0);
  let assigned = 0;
  for (const instance of instances) {
    if (assigned >= max) break;
    if (!instance.isUnassigned) continue;
    const current = preferredNode(instance, optimal);
    if (current === undefined) continue;
    if (assignEarly(world, instance, current, maxPerNode, max - assigned)) assigned += 1;
  }
  for (const instance of instances) {
    if (!instance.isUnassigned) continue;
    if (assigned >= max) {
      addToScores(world, instance, undefined, -INFINITE);
      // Without a place of its own, but settled all the same.
      assign(world, instance, undefined, true);
    } else if (assignInstance(world, instance, undefined, maxPerNode) !== undefined) assigned += 1;
  }
}

function resetCounts(collective: Resource): number {
  let available = 0;
  for (const seat of collective.table.values()) {
    seat.count = 0;
    if (isAvailable(seat.node)) available += 1;
  }
  return available;
}

/** How the clone as a whole sees that node. */
function topSeat(instance: Resource, node: PolicyNode): Seatable | undefined {
  const { parent } = instance;
  if (parent === undefined) return undefined;
  if (instance.bundlePart === 'container') return parent.table.get(node);
  return topOf(instance, false).table.get(node);
}

function preferredNode(instance: Resource, optimal: number): PolicyNode | undefined {
  if (instance.runningOn.length === 0 || !instance.isUnassigned || instance.isFailed) {
    return undefined;
  }
  const node = currentNode(instance);
  if (node === undefined || !isAvailable(node)) return undefined;
  const seat = topSeat(instance, node);
  return seat !== undefined && seat.count >= optimal ? undefined : node;
}

function assignInstance(
  world: World,
  instance: Resource,
  prefer: PolicyNode | undefined,
  maxPerNode: number,
): PolicyNode | undefined {
  if (instance.isAssigning) return undefined;
  banUnfit(instance, maxPerNode);
  const chosen = assign(world, instance, prefer, prefer === undefined);
  if (chosen !== undefined) {
    const seat = topSeat(instance, chosen);
    if (seat !== undefined) seat.count += 1;
  }
  return chosen;
}

function banUnfit(instance: Resource, maxPerNode: number): void {
  for (const seat of instance.table.values()) {
    if (canTake(instance, seat.node, maxPerNode)) continue;
    seat.score = -INFINITE;
    for (const child of instance.children) {
      const own = child.table.get(seat.node);
      if (own !== undefined) own.score = -INFINITE;
    }
  }
}

function canTake(instance: Resource, node: PolicyNode, maxPerNode: number): boolean {
  if (instance.isRemoved || !isAvailable(node)) return false;
  const seat = topSeat(instance, node);
  return seat !== undefined && seat.score >= 0 && seat.count < maxPerNode;
}

type Tables = readonly { readonly resource: Resource; readonly table: Table }[];

function saveTables(resource: Resource): Tables {
  const own = { resource, table: copyTable(resource.table) };
  return [own, ...resource.children.flatMap((child) => saveTables(child))];
}

function restoreTables(tables: Tables): void {
  for (const { resource, table } of tables) resource.table = copyTable(table);
}

/**
 * Tries to leave an instance where it runs. Each time that another node proves better, one instance is set
 * aside for that node, so that instances that run are shuffled as little as can be.
 */
function assignEarly(
  world: World,
  instance: Resource,
  current: PolicyNode,
  maxPerNode: number,
  available: number,
): boolean {
  const { parent } = instance;
  if (parent === undefined || !isSeatAvailable(instance.table.get(current))) return false;
  const saved = saveTables(instance);
  const parentTable = parent.table;
  parent.table = copyTable(parentTable);
  let chosen: PolicyNode | undefined;
  for (let reserved = 0; reserved < available; reserved += 1) {
    chosen = assignInstance(world, instance, current, maxPerNode);
    if (chosen === current) break;
    restoreTables(saved);
    if (chosen === undefined) {
      reopen(instance);
      break;
    }
    unseatParts(instance);
    chosen = undefined;
  }
  parent.table = parentTable;
  if (chosen === undefined) return false;
  const seat = topSeat(instance, chosen);
  if (seat !== undefined) seat.count += 1;
  return true;
}

function reopen(instance: Resource): void {
  instance.isUnassigned = true;
  for (const child of instance.children) {
    unseat(child);
    reopen(child);
  }
}

function unseatParts(instance: Resource): void {
  unseat(instance);
  instance.isUnassigned = true;
  for (const child of instance.children) unseatParts(child);
}

/** Which instance is placed first. */
export function compareInstances(a: Resource, b: Resource): number {
  const first = activeNode(a);
  const second = activeNode(b);
  if (first.all > 0 && second.all > 0 && first.all !== second.all) return first.all - second.all;
  let nodeA = first.node;
  let nodeB = second.node;
  const isAllowedA = isAllowed(a, nodeA);
  const isAllowedB = isAllowed(b, nodeB);
  if (!isAllowedA) nodeA = undefined;
  if (!isAllowedB) nodeB = undefined;
  if (isAllowedA !== isAllowedB) return isAllowedA ? -1 : 1;
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (nodeA === undefined || nodeB === undefined) {
    return Number(nodeA === undefined) - Number(nodeB === undefined);
  }
  const byAvailable = Number(isAvailable(nodeB)) - Number(isAvailable(nodeA));
  if (byAvailable !== 0) return byAvailable;
  const seatA = topSeat(a, nodeA);
  const seatB = topSeat(b, nodeB);
  if (seatA === undefined || seatB === undefined) {
    return Number(seatA === undefined) - Number(seatB === undefined);
  }
  if (seatA.count !== seatB.count) return seatA.count - seatB.count;
  const byFailure = Number(hasFailed(a)) - Number(hasFailed(b));
  if (byFailure !== 0) return byFailure;
  const byColocation = colocatedScore(b, nodeB) - colocatedScore(a, nodeA);
  return byColocation === 0 ? numberOfInstance(a) - numberOfInstance(b) : byColocation;
}

function isAllowed(instance: Resource, node: PolicyNode | undefined): boolean {
  if (node === undefined) return true;
  const seat = instance.table.get(node);
  return seat !== undefined && seat.score >= 0;
}

function hasFailed(resource: Resource): boolean {
  return resource.isFailed || resource.children.some((child) => hasFailed(child));
}

export function numberOfInstance(resource: Resource): number {
  return Number(/[:-](\d+)$/.exec(resource.id)?.[1] ?? 0);
}

/** What all that is placed with it thinks of where it runs. */
function colocatedScore(instance: Resource, node: PolicyNode): number {
  let table: Table = new Map([[node, newSeatable(node, 0)]]);
  const add = (source: Resource, score: number, item: Parameters<typeof hasInfluence>[0]): void => {
    table =
      withColocatedScores(table, {
        source,
        target: instance,
        colocation: item,
        factor: score / INFINITE,
        selection: { onlyPositive: source === item.dependent },
      }) ?? table;
  };
  for (const item of colocationsThisWith(instance)) add(item.primary, item.score, item);
  for (const item of colocationsWithThis(instance)) {
    if (hasInfluence(item, instance)) add(item.dependent, item.score, item);
  }
  return table.get(node)?.score ?? 0;
}
