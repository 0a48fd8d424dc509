import { describe, expect, it } from 'vitest';
import { instanceId, resourceId } from '../../../src/model/ids.ts';
import { alpha, beta, configOf, primitive, StoreWorld } from './store-world.ts';

const web = instanceId('web');

function world(): StoreWorld {
  const made = new StoreWorld();
  made.join(alpha, beta);
  return made;
}

describe('an order', () => {
  it('is refused for an incarnation that is over', () => {
    const made = world();
    const order = {
      instance: web,
      node: beta,
      incarnation: made.incarnation(beta) - 1,
      action: 'probe',
      takeover: false,
      reason: { rule: 'node-lost', node: beta },
    } as const;
    expect(made.apply({ kind: 'order', decision: 1, orders: [order] })).toMatchObject({
      changed: false,
    });
    expect(made.lastEvent()).toEqual({
      kind: 'refused',
      text: 'probe web on beta: that incarnation of beta is no member now',
    });
  });

  it('is refused while another one for the same instance and node is not answered', () => {
    const made = world();
    expect(made.order('probe', web, beta)).toBeDefined();
    expect(made.order('probe', web, beta)).toBeUndefined();
  });

  it('to start is refused where nobody looked, where it is active, and where another may run it', () => {
    const made = world();
    expect(made.order('start', web, alpha)).toBeUndefined();
    expect(made.start(web, alpha)).toBeDefined();
    expect(made.order('start', web, alpha)).toBeUndefined();
    expect(made.start(web, beta)).toBeUndefined();
    expect(made.lastEvent()).toEqual({
      kind: 'refused',
      text: 'start web on beta: alpha may still run it',
    });
  });

  it('to start is refused while the start on another node is under way, or its stop has failed', () => {
    const made = world();
    for (const node of [alpha, beta]) made.answer(made.order('probe', web, node), 7);
    made.answer(made.order('start', web, alpha));
    made.answer(made.order('stop', web, alpha), 1);
    expect(made.state.instance(web, alpha)?.blocked).toMatchObject({ action: 'stop' });
    expect(made.order('start', web, beta)).toBeUndefined();
    expect(made.order('stop', web, alpha)).toBeUndefined();
  });

  it('to start a copy is allowed on many nodes', () => {
    const made = world();
    expect(made.start(instanceId('web:0'), alpha)).toBeDefined();
    expect(made.start(instanceId('web:0'), beta)).toBeDefined();
  });
});

describe('the answer to an order', () => {
  it('counts once, and only from the node and incarnation that were asked', () => {
    const made = world();
    const order = made.order('probe', web, beta) ?? 0;
    const result = {
      kind: 'result',
      order,
      status: 'done',
      exitCode: 7,
      reason: '',
      durationMs: 1,
    } as const;
    const incarnation = made.incarnation(beta);
    expect(made.apply({ ...result, node: alpha, incarnation })).toMatchObject({ changed: false });
    expect(made.apply({ ...result, node: beta, incarnation: 1 })).toMatchObject({
      changed: false,
    });
    expect(made.apply({ ...result, node: beta, incarnation })).toMatchObject({ changed: true });
    expect(made.apply({ ...result, node: beta, incarnation })).toMatchObject({ changed: false });
  });

  it.each([
    ['done', 0, 'started', true],
    ['done', 7, 'stopped', false],
    ['done', 5, 'stopped', false],
    ['done', 1, 'started', true],
    ['timed-out', 1, 'started', true],
    ['not-installed', 5, 'stopped', false],
    ['refused', 1, 'stopped', false],
  ] as const)('of a probe: %s %i means %s', (status, exitCode, role, failed) => {
    const made = world();
    made.answer(made.order('probe', web, beta), exitCode, status);
    const found = made.state.instance(web, beta);
    expect(found).toMatchObject({ role, assignment: undefined });
    expect(found?.failed !== undefined).toBe(failed);
    expect(made.state.facts().failures).toEqual([]);
  });

  it('of a cancelled probe says nothing: it is probed again', () => {
    const made = world();
    made.answer(made.order('probe', web, beta), 1, 'cancelled');
    expect(made.state.instance(web, beta)).toBeUndefined();
  });

  it('of a start that failed leaves it with its node until it is stopped', () => {
    const made = world();
    made.answer(made.order('probe', web, beta), 7);
    const order = made.order('start', web, beta);
    made.answer(order, 1);
    expect(made.state.instance(web, beta)).toMatchObject({ assignment: order, role: 'started' });
    expect(made.state.facts().failures).toHaveLength(1);
    made.answer(made.order('stop', web, beta));
    expect(made.state.instance(web, beta)).toMatchObject({ role: 'stopped', failed: undefined });
  });

  it.each(['refused', 'not-installed'] as const)(
    'of a start that never began (%s) leaves nothing to stop, and counts',
    (status) => {
      const made = world();
      made.answer(made.order('probe', web, beta), 7);
      made.answer(made.order('start', web, beta), 5, status);
      expect(made.state.instance(web, beta)).toMatchObject({
        role: 'stopped',
        assignment: undefined,
      });
      expect(made.state.facts().failures).toHaveLength(1);
    },
  );
});

describe('a failure', () => {
  it('counts once, and not when it speaks of an earlier start', () => {
    const made = world();
    const assignment = made.start(web, beta) ?? 0;
    const failure = {
      kind: 'failure',
      node: beta,
      incarnation: made.incarnation(beta),
      instance: web,
      assignment,
      action: 'monitor',
      exitCode: 7,
      reason: 'gone',
    } as const;
    expect(made.apply({ ...failure, assignment: assignment - 1 })).toMatchObject({
      changed: false,
    });
    expect(made.apply({ ...failure, incarnation: 1 })).toMatchObject({ changed: false });
    expect(made.apply(failure)).toMatchObject({ changed: true });
    expect(made.apply(failure)).toMatchObject({ changed: false });
    expect(made.state.facts().failures).toHaveLength(1);
  });

  it('is forgotten by a clean-up of its resource, and with time', () => {
    const made = world();
    const fail = (): void => {
      made.answer(made.order('start', web, beta), 1);
      made.answer(made.order('stop', web, beta));
    };
    made.answer(made.order('probe', web, beta), 7);
    fail();
    const cleanup = { kind: 'cleanup', node: undefined, by: 'ann' } as const;
    expect(made.apply({ ...cleanup, resource: resourceId('other') })).toMatchObject({
      changed: false,
    });
    expect(made.apply({ ...cleanup, resource: resourceId('web') })).toMatchObject({
      changed: true,
    });
    expect(made.state.facts().failures).toEqual([]);
    fail();
    made.atMs += 600_001;
    fail();
    expect(made.state.facts().failures).toHaveLength(1);
  });

  it('to stop blocks; a clean-up lets it be tried again, and its node stays the owner', () => {
    const made = world();
    const assignment = made.start(web, beta);
    made.answer(made.order('stop', web, beta), 1);
    made.apply({ kind: 'cleanup', resource: undefined, node: undefined, by: 'ann' });
    expect(made.state.instance(web, beta)).toMatchObject({ assignment, blocked: undefined });
    expect(made.start(web, alpha)).toBeUndefined();
    made.answer(made.order('stop', web, beta));
    expect(made.start(web, alpha)).toBeDefined();
  });
});

describe('what was mended in place', () => {
  it('is told once, and nothing else changes', () => {
    const made = world();
    const before = made.state.facts().instances;
    const mended = { kind: 'mended', node: beta, instance: web, report: 9, text: 'set' } as const;
    expect(made.apply(mended)).toMatchObject({ changed: true });
    expect(made.lastEvent()).toEqual(mended);
    expect(made.apply(mended)).toMatchObject({ changed: false });
    expect(made.state.facts().instances).toEqual(before);
  });
});

describe('the definition of what runs', () => {
  it('stays as it was at the start, and tells what has changed since', () => {
    const made = world();
    made.start(web, alpha);
    const configure = (parameters: Record<string, string>, ifVersion: number): void => {
      const config = configOf(primitive('web', parameters));
      const how = { source: undefined, by: 'ann', what: 'test' };
      expect(made.apply({ kind: 'configure', config, ifVersion, ...how })).toMatchObject({
        kind: 'applied',
      });
    };
    expect(made.state.changed()).toEqual([]);
    configure({ command: 'new' }, made.state.configVersion);
    expect(made.state.changed()).toEqual([web]);
    expect(made.state.definition(web, alpha)?.parameters).toEqual({});
    made.answer(made.order('stop', web, alpha));
    expect(made.state.definition(web, alpha)).toBeUndefined();
    made.answer(made.order('start', web, alpha));
    expect(made.state.definition(web, alpha)?.parameters).toEqual({ command: 'new' });
    expect(made.state.changed()).toEqual([]);
  });
});
