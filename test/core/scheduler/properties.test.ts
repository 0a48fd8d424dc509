import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { schedule } from '../../../src/core/scheduler/schedule.ts';
import type { ClusterConfig, ResourceConfig } from '../../../src/model/config.ts';
import { defaultNode, INFINITY_SCORE } from '../../../src/model/config.ts';
import { isExclusive, nodeId, primitiveOf, type ResourceId } from '../../../src/model/ids.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { reasonText } from '../../../src/model/reason-text.ts';
import { primitivesOf, resourceById, resourceContains } from '../../../src/model/resources.ts';
import { configs, type Happening, happenings, nodeNames } from './random-cluster.ts';
import { World } from './world.ts';

const runs = { numRuns: Number(process.env.HOLDFAST_RUNS ?? 150) };

function newWorld(config: ClusterConfig): World {
  const world = new World(config);
  for (const name of nodeNames) {
    world.add(nodeId(name));
    world.join(nodeId(name));
  }
  return world;
}

/** Lets something happen, if it can. */
function happen(world: World, item: Happening): void {
  const at = <T>(items: readonly T[], index: number): T | undefined => items[index % items.length];
  if (item.kind === 'order') {
    world.giveOrders(item.limit);
    return;
  }
  if (item.kind === 'rounds') {
    for (let round = 0; round < item.count; round += 1) answerAll(world);
    return;
  }
  if (item.kind === 'clock') {
    world.wallMs += item.seconds * 1000;
    return;
  }
  if (item.kind === 'answer') {
    const order = at([...world.state.orders()], item.pick);
    const alive = order && world.state.member(order.node)?.presence === 'joined';
    if (order !== undefined && alive) {
      world.answer(order, { exitCode: item.exitCode, reason: 'random' });
    }
    return;
  }
  if (item.kind === 'fail') {
    const active = world.state
      .facts()
      .instances.filter((status) => status.assignment !== undefined && !status.failed)
      .filter((status) => world.state.member(status.node)?.presence === 'joined');
    const status = at(active, item.pick);
    if (status !== undefined) {
      world.fail(status.instance, status.node, { exitCode: 7, reason: 'died' });
    }
    return;
  }
  happenToNodeOrResource(world, item);
}

function answerAll(world: World): void {
  for (const order of [...world.state.orders()]) {
    if (world.state.member(order.node)?.presence === 'joined') world.answer(order);
  }
  world.giveOrders();
}

function happenToNodeOrResource(
  world: World,
  item: Exclude<Happening, { readonly kind: 'order' | 'rounds' | 'clock' | 'answer' | 'fail' }>,
): void {
  const node = nodeId(nodeNames[item.pick % nodeNames.length] ?? 'alpha');
  const incarnation = world.incarnation(node);
  const presence = world.state.member(node)?.presence;
  const resources = world.config.resources;
  const resource = resources[item.pick % resources.length];
  switch (item.kind) {
    case 'lose':
      if (presence === 'joined') world.apply({ kind: 'lost', node, incarnation });
      return;
    case 'down':
      if (presence === 'lost') world.down(node);
      return;
    case 'join':
      if (presence === 'down' || presence === 'left') world.join(node);
      return;
    case 'leave':
      if (presence === 'joined') world.apply({ kind: 'leaving', node, incarnation, on: true });
      return;
    case 'standby': {
      const old = world.config.nodes[node] ?? defaultNode;
      const nodes = { ...world.config.nodes, [node]: { ...old, standby: !old.standby } };
      world.configure({ nodes });
      return;
    }
    default:
      if (resource !== undefined) happenToResource(world, item, resource);
  }
}

function happenToResource(
  world: World,
  item: Extract<Happening, { readonly kind: 'move' | 'restart' | 'cleanup' | 'toggle' }>,
  resource: ResourceConfig,
): void {
  switch (item.kind) {
    case 'move': {
      const to = nodeId(nodeNames[item.node % nodeNames.length] ?? 'alpha');
      const wish = { kind: 'move', resource: resource.id, to } as const;
      world.apply({ kind: 'wish', wish, by: 'test' });
      return;
    }
    case 'restart':
      world.apply({
        kind: 'wish',
        wish: { kind: 'restart', resource: resource.id },
        by: 'test',
      });
      return;
    case 'cleanup':
      world.apply({ kind: 'cleanup', resource: resource.id, node: undefined, by: 'test' });
      return;
    case 'toggle': {
      const targetRole = resource.meta.targetRole === 'stopped' ? 'started' : 'stopped';
      const resources = world.config.resources.map((other) =>
        other === resource ? { ...other, meta: { ...other.meta, targetRole } as const } : other,
      );
      world.configure({ resources });
    }
  }
}

/** What must be true of every plan, whatever happened before. */
function checkPlan(world: World, plan: Plan): void {
  const { config } = world;
  const ids = plan.actions.map((action) => action.id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [index, action] of plan.actions.entries()) {
    expect(reasonText(action.reason)).not.toBe('');
    for (const before of action.after) {
      expect(ids.indexOf(before), `${action.id} after ${before}`).toBeLessThan(index);
    }
    if (action.action === 'start' && !action.inFlight) {
      expect(world.state.member(action.node)?.presence).toBe('joined');
    }
  }
  for (const assignment of plan.assignments) {
    expect(reasonText(assignment.reason)).not.toBe('');
    const { node, resource, instance } = assignment;
    if (node === undefined) continue;
    const starts = plan.actions.some((action) => action.id === `start ${instance} on ${node}`);
    for (const rule of config.rules) {
      if (rule.kind !== 'location' || rule.score > -INFINITY_SCORE || rule.node !== node) continue;
      const isMeant =
        rule.resource === resource || resourceContains(config, rule.resource, resource);
      // What is blocked where it must not be stays: nobody can move it, and its fellows stay beside it.
      const isHeld = world.state.facts().instances.some((item) => item.blocked !== undefined);
      if (!isHeld) expect(isMeant && starts, `${instance} on ${node}`).toBe(false);
    }
  }
  checkGroups(world, plan);
}

/** Members are together, and none runs without those before it. */
function checkGroups(world: World, plan: Plan): void {
  for (const resource of world.config.resources) {
    if (resource.kind !== 'group') continue;
    const nodes = primitivesOf(resource).map(
      (member) => plan.assignments.find((item) => item.resource === member.id)?.node,
    );
    const isHeld = world.state
      .facts()
      .instances.some(
        (item) =>
          item.blocked !== undefined &&
          resourceContains(world.config, resource.id, primitiveOf(item.instance)),
      );
    if (isHeld) continue;
    expect(new Set(nodes.filter((node) => node !== undefined)).size).toBeLessThan(2);
    const firstGap = nodes.indexOf(undefined);
    if (firstGap >= 0) expect(nodes.slice(firstGap).every((node) => node === undefined)).toBe(true);
  }
}

/** At rest every absolute rule holds: together, apart, and nothing without what comes before it. */
function checkRules(config: ClusterConfig, plan: Plan): void {
  const topOf = (id: ResourceId): ResourceConfig | undefined =>
    config.resources.find((item) => item.id === id || resourceContains(config, item.id, id));
  const nodesOf = (id: ResourceId, end: 'first' | 'last'): readonly string[] => {
    const resource = resourceById(config, id);
    const primitives = resource === undefined ? [] : primitivesOf(resource);
    const primitive = primitives.at(end === 'first' ? 0 : -1);
    return plan.assignments.flatMap((item) =>
      item.resource === primitive?.id && item.node !== undefined ? [item.node] : [],
    );
  };
  for (const rule of config.rules) {
    if (rule.kind === 'location') continue;
    const [one, other] =
      rule.kind === 'order' ? [rule.then, rule.first] : [rule.dependent, rule.primary];
    if (topOf(one) === topOf(other)) continue;
    const needing = nodesOf(one, 'first');
    const needed = nodesOf(other, 'last');
    if (rule.kind === 'order') {
      const isBound = rule.strength === 'mandatory' && needing.length > 0;
      if (isBound) expect(needed.length, rule.id).toBeGreaterThan(0);
    } else if (rule.score >= INFINITY_SCORE) {
      for (const node of needing) expect(needed, rule.id).toContain(node);
    } else if (rule.score <= -INFINITY_SCORE) {
      for (const node of nodesOf(other, 'first')) expect(needing, rule.id).not.toContain(node);
    }
  }
}

/** Brings everybody back and lets the cluster come to rest. */
function heal(world: World): void {
  for (const name of nodeNames) {
    const node = nodeId(name);
    if (world.state.member(node)?.presence === 'lost') world.down(node);
    if (world.state.member(node)?.presence !== 'joined') world.join(node);
    const incarnation = world.incarnation(node);
    world.apply({ kind: 'leaving', node, incarnation, on: false });
  }
  world.apply({ kind: 'cleanup', resource: undefined, node: undefined, by: 'test' });
  world.wallMs += 3_600_000;
  world.settle(100);
}

describe('the scheduler, for any cluster', () => {
  test('comes to rest, and then has nothing to do', () => {
    fc.assert(
      fc.property(configs, (config) => {
        const world = newWorld(config);
        world.settle(100);
        const plan = world.plan();
        expect(plan.actions.filter((action) => action.blockedBy === undefined)).toEqual([]);
        checkPlan(world, plan);
        checkRules(config, plan);
        for (const { instance, node } of plan.assignments) {
          expect(world.placesOf(instance)).toEqual(node === undefined ? [] : [node]);
        }
      }),
      runs,
    );
  }, 120_000);

  test('never starts what may run once on two nodes, whatever happens, and comes to rest after it', () => {
    fc.assert(
      fc.property(configs, happenings, (config, items) => {
        const world = newWorld(config);
        for (const item of items) {
          happen(world, item);
          checkPlan(world, world.plan());
        }
        heal(world);
        const plan = world.plan();
        checkPlan(world, plan);
        expect(plan.actions.filter((action) => action.blockedBy === undefined)).toEqual([]);
      }),
      runs,
    );
  }, 120_000);

  test('moves nothing when a node comes back, and nothing on nodes that do not matter', () => {
    fc.assert(
      fc.property(configs, fc.nat(3), (config, index) => {
        const free = { ...config, rules: config.rules.filter((rule) => rule.kind === 'order') };
        const world = newWorld(free);
        world.settle(100);
        const node = nodeId(nodeNames[index] ?? 'alpha');
        world.apply({ kind: 'lost', node, incarnation: world.incarnation(node) });
        world.down(node);
        world.settle(100);
        world.join(node);
        const stops = world.settle(100).filter((id) => id.startsWith('stop'));
        // Copies of a clone without interleaving restart what follows all of them.
        const follows = free.resources.some((item) => item.kind === 'clone' && !item.interleave);
        const exclusive = stops.filter((id) => isExclusive(id.split(' ')[1] as never));
        if (!follows) expect(exclusive).toEqual([]);
      }),
      runs,
    );
  }, 120_000);

  test('gives equal plans for equal snapshots, whatever the order of keys, members and facts', () => {
    fc.assert(
      fc.property(configs, happenings, (config, items) => {
        const world = newWorld(config);
        for (const item of items) happen(world, item);
        const snapshot = world.snapshot();
        const { status } = snapshot;
        const shuffled = {
          ...reversedKeys(snapshot),
          config: reversedKeys({ ...snapshot.config, nodes: reversedKeys(snapshot.config.nodes) }),
          status: {
            ...status,
            members: status.members.toReversed(),
            instances: status.instances.toReversed().map(reversedKeys),
            failures: status.failures.toReversed(),
          },
        };
        expect(schedule(shuffled)).toEqual(schedule(snapshot));
        expect(JSON.stringify(schedule(shuffled))).toBe(JSON.stringify(schedule(snapshot)));
      }),
      runs,
    );
  }, 120_000);
});

function reversedKeys<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).toReversed()) as T;
}
