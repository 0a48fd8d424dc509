import { actionKey, namedPoint } from './actions.ts';
import { numberOfInstance } from './assign-instances.ts';
import { addColocation } from './colocations.ts';
import { fenceAction } from './fence-node.ts';
import { addOrdering, orderTasks } from './orderings.ts';
import { effects, INFINITE, type Resource, roles, topOf, type World } from './state.ts';

const { ordered, impliesThen, impliesFirst, blocksThen, restart } = effects;

/** What goes without saying: a restart stops first, a group starts member by member, and so on. */
export function addInternalOrderings(world: World): void {
  for (const resource of world.resources) addInternal(world, resource);
}

function addInternal(world: World, resource: Resource): void {
  switch (resource.kind) {
    case 'primitive':
      addForPrimitive(world, resource);
      return;
    case 'group':
      addForGroup(world, resource);
      return;
    case 'clone':
      addForClone(world, resource);
      return;
    case 'bundle':
      addForBundle(world, resource);
  }
}

function addForPrimitive(world: World, resource: Resource): void {
  if (!resource.isManaged) return;
  orderTasks(world, resource, 'stop', resource, 'start', ordered | impliesThen | restart);
  if (topOf(resource, false).settings.isPromotable || resource.role > roles.unpromoted) {
    orderTasks(world, resource, 'demote', resource, 'stop', effects.impliesFirstIfPromoted);
    orderTasks(world, resource, 'start', resource, 'promote', blocksThen);
  }
  if (!resource.isFenceDevice && world.usesUnfencing && resource.settings.needs === 'unfencing') {
    orderAroundUnfencing(world, resource);
  }
  orderLoad(world, resource);
  if (resource.container !== undefined) tieToContainer(world, resource, resource.container);
  if (resource.isConnection || resource.isFenceDevice) avoidRemoteNodes(resource);
}

function orderAroundUnfencing(world: World, resource: Resource): void {
  for (const node of resource.table.keys()) {
    const unfencing = fenceAction(world, node, 'on', true);
    addOrdering(world, {
      firstResource: resource,
      firstKey: actionKey(resource, 'stop'),
      thenAction: unfencing,
      effects: ordered | effects.sameNode,
    });
    addOrdering(world, {
      firstAction: unfencing,
      thenResource: resource,
      thenKey: actionKey(resource, 'start'),
      effects: effects.impliesThenOnNode | effects.sameNode,
    });
  }
}

/** Where capacity counts, what leaves a node does so before something else comes. */
function orderLoad(world: World, resource: Resource): void {
  if (world.options.placement === 'default') return;
  if (Object.keys(resource.config.utilization).length === 0) return;
  for (const node of resource.runningOn) {
    const point = namedPoint(world, `load-left:${node.name}`);
    point.node ??= node;
    point.isOptional = false;
    addOrdering(world, {
      firstResource: resource,
      firstKey: actionKey(resource, 'stop'),
      thenAction: point,
      effects: effects.load,
    });
  }
}

function avoidRemoteNodes(resource: Resource): void {
  for (const seat of resource.table.values()) {
    if (seat.node.connection !== undefined) seat.score = -INFINITE;
  }
}

function tieToContainer(world: World, resource: Resource, container: Resource): void {
  if (resource.isConnection) {
    if (resource.bundlePart === undefined) avoidRemoteNodes(container);
    orderTasks(world, container, 'monitor', resource, 'stop', ordered);
  } else {
    const guest = container.isConnection
      ? container
      : container.fillers.find((filler) => filler.isConnection);
    if (guest !== undefined) {
      for (const seat of resource.table.values()) {
        if (seat.node.connection !== guest) seat.score = -INFINITE;
      }
      return;
    }
  }
  orderTasks(world, container, 'start', resource, 'start', impliesThen | blocksThen);
  orderTasks(world, resource, 'stop', container, 'stop', impliesFirst);
  addColocation(world, {
    id: 'with-container',
    score: resource.bundlePart === 'connection' ? 10_000 : INFINITE,
    dependent: resource,
    primary: container,
    isInfluential: true,
    isExplicit: false,
  });
}

function addForGroup(world: World, group: Resource): void {
  orderTasks(world, group, 'stop', group, 'stopped', blocksThen);
  orderTasks(world, group, 'stopped', group, 'start', ordered);
  orderTasks(world, group, 'start', group, 'started', blocksThen);
  const isPromotable = topOf(group, false).settings.isPromotable;
  let previous: Resource | undefined;
  let lastActive: Resource | undefined;
  for (const member of group.children) {
    addInternal(world, member);
    if (previous !== undefined) {
      addColocation(world, {
        id: `group:${group.id}`,
        score: INFINITE,
        dependent: member,
        primary: previous,
        isInfluential: member.settings.isCritical,
        isExplicit: false,
      });
    }
    orderMember(world, group, member, previous, isPromotable);
    if (member.runningOn.length > 0) {
      const leavesGap = previous?.runningOn.length === 0 && lastActive !== undefined;
      if (leavesGap && lastActive !== undefined) {
        orderTasks(world, member, 'stop', lastActive, 'stop', ordered);
      }
      lastActive = member;
    }
    previous = member;
  }
}

function orderMember(
  world: World,
  group: Resource,
  member: Resource,
  previous: Resource | undefined,
  isPromotable: boolean,
): void {
  const afterDown = previous === undefined ? impliesThen : ordered;
  orderTasks(world, group, 'stop', member, 'stop', ordered);
  orderTasks(world, member, 'stop', group, 'stopped', afterDown);
  orderTasks(world, group, 'start', member, 'start', ordered);
  orderTasks(world, member, 'start', group, 'started', blocksThen | impliesThen);
  if (isPromotable) {
    orderTasks(world, group, 'demote', member, 'demote', ordered);
    orderTasks(world, member, 'demote', group, 'demoted', afterDown);
    orderTasks(world, member, 'promote', group, 'promoted', blocksThen | impliesThen);
    orderTasks(world, group, 'promote', member, 'promote', ordered);
  }
  if (previous === undefined) return;
  orderTasks(world, previous, 'start', member, 'start', impliesThen | blocksThen);
  orderTasks(world, member, 'stop', previous, 'stop', ordered | restart);
  if (member.runningOn.length > 0 && previous.runningOn.length === 0) {
    orderTasks(world, member, 'stop', previous, 'start', impliesFirst | blocksThen);
  }
  if (!isPromotable) return;
  orderTasks(world, previous, 'promote', member, 'promote', impliesThen | blocksThen);
  orderTasks(world, member, 'demote', previous, 'demote', ordered);
}

function addForClone(world: World, clone: Resource): void {
  const { isPromotable, isOrdered } = clone.settings;
  orderTasks(world, clone, 'stopped', clone, 'start', ordered);
  orderTasks(world, clone, 'start', clone, 'started', blocksThen);
  orderTasks(world, clone, 'stop', clone, 'stopped', blocksThen);
  if (isPromotable) {
    orderTasks(world, clone, 'demoted', clone, 'stop', ordered);
    orderTasks(world, clone, 'started', clone, 'promote', blocksThen);
  }
  const instances = isOrdered
    ? clone.children.toSorted((a, b) => numberOfInstance(a) - numberOfInstance(b))
    : clone.children;
  for (const [index, instance] of instances.entries()) {
    addInternal(world, instance);
    orderTasks(world, clone, 'start', instance, 'start', blocksThen | ordered);
    orderTasks(world, instance, 'start', clone, 'started', ordered);
    orderTasks(world, clone, 'stop', instance, 'stop', ordered);
    orderTasks(world, instance, 'stop', clone, 'stopped', ordered);
    if (!isOrdered) continue;
    for (const later of instances.slice(index + 1)) {
      orderTasks(world, instance, 'start', later, 'start', ordered);
      orderTasks(world, later, 'stop', instance, 'stop', ordered);
    }
  }
  if (!isPromotable) return;
  orderPromotion(world, clone);
  for (const instance of instances) {
    orderTasks(world, instance, 'demote', instance, 'promote', ordered);
    orderTasks(world, clone, 'promote', instance, 'promote', ordered);
    orderTasks(world, instance, 'promote', clone, 'promoted', ordered);
    orderTasks(world, clone, 'demote', instance, 'demote', ordered);
    orderTasks(world, instance, 'demote', clone, 'demoted', ordered);
  }
}

function orderPromotion(world: World, collective: Resource): void {
  for (const [first, then] of [
    ['stopped', 'start'],
    ['stopped', 'promote'],
    ['demoted', 'stop'],
    ['demoted', 'start'],
    ['demoted', 'promote'],
    ['started', 'promote'],
    ['demote', 'demoted'],
  ] as const) {
    orderTasks(world, collective, first, collective, then, ordered);
  }
}

function addForBundle(world: World, bundle: Resource): void {
  for (const { container, address, connection, child } of bundle.replicas) {
    addInternal(world, container);
    orderTasks(world, bundle, 'start', container, 'start', blocksThen | ordered);
    if (child !== undefined) orderTasks(world, bundle, 'stop', child, 'stop', ordered);
    orderTasks(world, bundle, 'stop', container, 'stop', ordered);
    orderTasks(world, container, 'start', bundle, 'started', ordered);
    orderTasks(world, container, 'stop', bundle, 'stopped', ordered);
    if (address !== undefined) {
      addInternal(world, address);
      orderTasks(world, address, 'start', container, 'start', blocksThen | effects.own);
      orderTasks(world, container, 'stop', address, 'stop', impliesFirst | effects.own);
      addColocation(world, {
        id: 'address-with-container',
        score: INFINITE,
        dependent: address,
        primary: container,
        isInfluential: true,
        isExplicit: false,
      });
    }
    if (connection !== undefined) addInternal(world, connection);
  }
  const clone = bundle.children.find((part) => part.kind === 'clone');
  if (clone === undefined) return;
  for (const task of ['start', 'stop'] as const) {
    orderTasks(world, bundle, task, clone, task, ordered);
    const done = task === 'start' ? 'started' : 'stopped';
    orderTasks(world, clone, done, bundle, done, ordered);
  }
  addInternal(world, clone);
  if (!clone.settings.isPromotable) return;
  orderPromotion(world, bundle);
  for (const [task, done] of [
    ['demote', 'demoted'],
    ['promote', 'promoted'],
  ] as const) {
    orderTasks(world, bundle, task, clone, task, ordered);
    orderTasks(world, clone, done, bundle, done, ordered);
  }
}
