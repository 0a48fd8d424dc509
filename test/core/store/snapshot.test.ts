import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { ClusterState } from '../../../src/core/store/cluster-state.ts';
import { instanceId, type NodeId, resourceId } from '../../../src/model/ids.ts';
import { alpha, beta, configOf, gamma, primitive, StoreWorld } from './store-world.ts';

const nodes = [alpha, beta, gamma];
const instances = ['web', 'db'].map(instanceId);
const seeds = 150;
const steps = 120;

/** One random command, sensible or not, as a log might hold it. */
function randomStep(world: StoreWorld, prng: Prng): void {
  const node = prng.pick(nodes);
  const instance = prng.pick(instances);
  const incarnation = prng.chance(0.9) ? world.incarnation(node) : prng.integer(0, 50);
  const [order] = prng.shuffle([...world.state.orders()]);
  const exitCode = prng.pick([0, 0, 0, 7, 1, 5]);
  switch (prng.integer(0, 13)) {
    case 0:
      return world.join(node);
    case 1:
      return void world.apply({ kind: 'lost', node, incarnation });
    case 2:
      return void world.apply({ kind: 'down', node, incarnation, proof: 'lease' });
    case 3:
      return void world.apply({ kind: 'leave', node, incarnation });
    case 4:
    case 5:
      return void world.order('probe', instance, node);
    case 6:
    case 7:
    case 8:
      return void world.order('start', instance, node);
    case 9:
      return void world.order('stop', instance, node);
    case 10:
    case 11:
      return void world.answer(order?.id, exitCode, prng.pick(['done', 'done', 'refused']));
    case 12:
      return void world.apply({
        kind: 'cleanup',
        resource: resourceId('web'),
        node: undefined,
        by: 'ann',
      });
    default:
      return void world.apply({
        kind: 'remove-node',
        node,
        newDatagramSecret: 'next',
        by: 'ann',
      });
  }
}

function made(): StoreWorld {
  const world = new StoreWorld(configOf(primitive('web'), primitive('db')));
  world.join(...nodes);
  return world;
}

/** Nodes on which the facts say that an instance may be active. */
function owners(world: StoreWorld, instance: (typeof instances)[number]): readonly NodeId[] {
  const mayRun = (node: NodeId): boolean =>
    ['joined', 'lost'].includes(world.state.member(node)?.presence ?? '');
  const { instances: all, orders } = world.state.facts();
  const owned = all.filter((item) => item.instance === instance && item.assignment !== undefined);
  const starting = orders.filter((item) => item.instance === instance && item.action === 'start');
  return [...new Set([...owned, ...starting].map((item) => item.node))].filter(mayRun);
}

describe('the replicated state, over random commands', () => {
  it('never gives an exclusive instance two owners among nodes that may run something', () => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const world = made();
      const prng = new Prng(seed);
      for (let step = 0; step < steps; step += 1) {
        randomStep(world, prng);
        for (const instance of instances) {
          expect(owners(world, instance).length, `seed ${seed}, step ${step}`).toBeLessThan(2);
        }
      }
    }
  });

  it('gives starts to many nodes over time, so that the test above means something', () => {
    const started = new Set<NodeId>();
    for (let seed = 1; seed <= 20; seed += 1) {
      const world = made();
      const prng = new Prng(seed);
      for (let step = 0; step < steps; step += 1) {
        randomStep(world, prng);
        for (const owner of owners(world, instanceId('web'))) started.add(owner);
      }
    }
    expect([...started].toSorted()).toEqual(nodes);
  });

  it('is the same after a snapshot, and goes on in the same way', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const world = made();
      const twin = made();
      const prng = new Prng(seed);
      const again = new Prng(seed);
      for (let step = 0; step < steps; step += 1) {
        randomStep(world, prng);
        randomStep(twin, again);
        if (step % 40 === 39) twin.state = ClusterState.restore(twin.state.snapshot());
      }
      expect(twin.state.snapshot()).toBe(world.state.snapshot());
    }
  });

  it('of another format is refused', () => {
    const text = made().state.snapshot().replace('"format":1', '"format":9');
    expect(() => ClusterState.restore(text)).toThrow('snapshot format 9 is not 1');
  });
});
