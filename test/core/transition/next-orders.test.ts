import { describe, expect, it } from 'vitest';
import {
  isSettled,
  nextOrders,
  ORDERS_PER_NODE,
} from '../../../src/core/transition/next-orders.ts';
import { instanceId, nodeId } from '../../../src/model/ids.ts';
import type { Plan, PlannedAction } from '../../../src/model/plan.ts';
import { alpha, beta, StoreWorld } from '../store/store-world.ts';

const ready: PlannedAction = {
  id: 'start web alpha',
  action: 'start',
  instance: instanceId('web'),
  node: alpha,
  takeover: false,
  reason: { rule: 'node-lost', node: beta },
  after: [],
  inFlight: false,
  blockedBy: undefined,
};

function plan(...actions: readonly PlannedAction[]): Plan {
  return { assignments: [], actions, wishesDone: [], recheckAtMs: undefined };
}

function world(): StoreWorld {
  const made = new StoreWorld();
  made.join(alpha);
  return made;
}

describe('the orders that a plan allows now', () => {
  it('are those that wait for nothing, for the present incarnation', () => {
    const made = world();
    const waiting = { ...ready, after: ['stop web beta'] };
    const underWay = { ...ready, inFlight: true };
    const blocked = { ...ready, blockedBy: ready.reason };
    const orders = nextOrders(plan(ready, waiting, underWay, blocked), made.state.facts());
    expect(orders).toEqual([
      {
        instance: ready.instance,
        node: alpha,
        incarnation: made.incarnation(alpha),
        action: 'start',
        takeover: false,
        reason: ready.reason,
      },
    ]);
  });

  it('go to no node that is not joined', () => {
    const made = world();
    made.apply({ kind: 'lost', node: alpha, incarnation: made.incarnation(alpha) });
    const elsewhere = { ...ready, node: nodeId('gamma') };
    expect(nextOrders(plan(ready, elsewhere), made.state.facts())).toEqual([]);
  });

  it('are not more for one node at a time than it can bear', () => {
    const many = Array.from({ length: ORDERS_PER_NODE + 5 }, (_, i) => ({
      ...ready,
      instance: instanceId(`r${i}`),
    }));
    expect(nextOrders(plan(...many), world().state.facts())).toHaveLength(ORDERS_PER_NODE);
  });
});

describe('a plan is settled', () => {
  it('when only what is blocked is left, and no wish is to be ended', () => {
    expect(isSettled(plan())).toBe(true);
    expect(isSettled(plan({ ...ready, blockedBy: ready.reason }))).toBe(true);
    expect(isSettled(plan(ready))).toBe(false);
    expect(
      isSettled({ ...plan(), wishesDone: [{ id: 1, fulfilled: true, reason: undefined }] }),
    ).toBe(false);
  });
});
