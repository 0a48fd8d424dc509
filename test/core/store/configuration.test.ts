import { describe, expect, it } from 'vitest';
import { EVENTS_KEPT } from '../../../src/core/store/event-log.ts';
import { instanceId, resourceId } from '../../../src/model/ids.ts';
import { alpha, beta, configOf, primitive, StoreWorld } from './store-world.ts';

const web = resourceId('web');
const how = { source: undefined, by: 'ann', what: 'test' };

describe('the configuration', () => {
  it('is made once', () => {
    const world = new StoreWorld();
    const again = {
      kind: 'bootstrap',
      clusterId: 'other',
      config: configOf(),
      source: undefined,
      secrets: { datagramKeys: [] },
      node: alpha,
    } as const;
    expect(world.apply(again)).toMatchObject({ kind: 'refused', code: 'exists' });
    expect(world.state.clusterId).toBe('cluster');
  });

  it('is replaced only by who has seen its present version', () => {
    const world = new StoreWorld();
    const ifVersion = world.state.configVersion;
    const config = configOf(primitive('web'), primitive('db'));
    expect(world.apply({ kind: 'configure', config, ifVersion, ...how })).toMatchObject({
      changed: true,
    });
    expect(world.apply({ kind: 'configure', config, ifVersion, ...how })).toEqual({
      kind: 'refused',
      code: 'conflict',
      message: `the configuration is at version ${world.state.configVersion}, not ${ifVersion}`,
    });
  });

  it('keeps its version where nothing changes', () => {
    const world = new StoreWorld();
    const ifVersion = world.state.configVersion;
    const config = configOf(primitive('web'));
    expect(world.apply({ kind: 'configure', config, ifVersion, ...how })).toEqual({
      kind: 'applied',
      changed: false,
    });
    expect(world.state.configVersion).toBe(ifVersion);
  });

  it('takes wishes and facts of what it no longer names with it, once that is stopped', () => {
    const world = new StoreWorld();
    world.join(alpha, beta);
    const instance = instanceId('web');
    world.start(instance, alpha);
    world.answer(world.order('probe', instance, beta), 7);
    world.apply({ kind: 'wish', wish: { kind: 'restart', resource: web }, by: 'ann' });
    const ifVersion = world.state.configVersion;
    world.apply({ kind: 'configure', config: configOf(), ifVersion, ...how });
    expect(world.state.wishes).toEqual([]);
    expect(world.state.instance(instance, beta)).toBeUndefined();
    expect(world.state.definition(instance, alpha)).toEqual(primitive('web'));
    world.answer(world.order('stop', instance, alpha));
    expect(world.state.facts().instances).toEqual([]);
  });
});

describe('a wish', () => {
  it('takes the place of an older one of its kind, and ends once', () => {
    const world = new StoreWorld();
    const move = (to: typeof alpha): unknown =>
      world.apply({ kind: 'wish', wish: { kind: 'move', resource: web, to }, by: 'ann' });
    move(alpha);
    move(beta);
    world.apply({ kind: 'wish', wish: { kind: 'restart', resource: web }, by: 'ann' });
    expect(world.state.wishes).toMatchObject([{ kind: 'move', to: beta }, { kind: 'restart' }]);
    const id = world.state.wishes[0]?.id ?? 0;
    expect(world.apply({ kind: 'wish-done', id, fulfilled: true })).toMatchObject({
      changed: true,
    });
    expect(world.apply({ kind: 'wish-done', id, fulfilled: true })).toMatchObject({
      changed: false,
    });
  });

  it('for what does not exist is refused', () => {
    const wish = { kind: 'restart', resource: resourceId('nothing') } as const;
    expect(new StoreWorld().apply({ kind: 'wish', wish, by: 'ann' })).toMatchObject({
      code: 'not-found',
    });
  });
});

describe('the history', () => {
  it('keeps the newest events, numbered without a gap', () => {
    const world = new StoreWorld();
    for (let term = 1; term <= EVENTS_KEPT * 2; term += 1) {
      world.apply({ kind: 'lead', node: alpha, term });
    }
    const { lastEvent } = world.state;
    const events = world.state.eventsAfter(lastEvent - EVENTS_KEPT, EVENTS_KEPT);
    expect(events.map((event) => event.number)).toEqual(
      Array.from({ length: EVENTS_KEPT }, (_, i) => lastEvent - EVENTS_KEPT + 1 + i),
    );
    expect(world.state.eventsAfter(lastEvent, 10)).toEqual([]);
    expect(world.state.eventsAfter(0, 1)[0]?.number).toBeGreaterThan(1);
  });
});
