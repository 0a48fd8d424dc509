import { beforeEach, describe, expect, it } from 'vitest';
import { addMs, type Instant, instant } from '../../../src/base/instant.ts';
import { Prng } from '../../../src/base/prng.ts';
import { Executor } from '../../../src/core/executor/executor.ts';
import type { Duties, ExecutorEffect } from '../../../src/core/executor/executor-io.ts';
import { instanceId, nodeId } from '../../../src/model/ids.ts';
import type { Operation, OperationResult } from '../../../src/model/operation.ts';
import type { Order } from '../../../src/model/status.ts';
import { primitive } from '../store/store-world.ts';

const web = instanceId('web');
const db = instanceId('db');
const node = nodeId('alpha');
const monitorMs = 1000;

let executor: Executor;
let now: Instant;
beforeEach(() => {
  executor = new Executor(100);
  now = instant(0);
});

function order(id: number, action: Order['action'], instance = web): Order {
  return {
    id,
    instance,
    node,
    incarnation: 7,
    action,
    takeover: false,
    decision: 1,
    reason: { rule: 'node-lost', node },
    atMs: 0,
  };
}

function result(exitCode: number, status: OperationResult['status'] = 'done'): OperationResult {
  return { status, exitCode, reason: 'as asked', stdout: '', stderr: '', durationMs: 1 };
}

interface Given {
  readonly orders?: readonly Order[];
  /** Instance and assignment. */
  readonly owned?: readonly (readonly [typeof web, number])[];
  readonly failed?: boolean;
  readonly gateOpen?: boolean;
}

function duties({ orders = [], owned = [], failed = false, gateOpen = true }: Given): Duties {
  return {
    incarnation: 7,
    gateOpen,
    orders: orders.map((item) => ({ order: item, primitive: primitive(item.instance) })),
    owned: owned.map(([instance, assignment]) => ({
      instance,
      primitive: primitive(instance),
      assignment,
      failed,
    })),
  };
}

function give(given: Given): readonly ExecutorEffect[] {
  return executor.step({ kind: 'duties', duties: duties(given) }, now);
}

function operations(effects: readonly ExecutorEffect[]): readonly Operation[] {
  return effects.flatMap((effect) => (effect.kind === 'operate' ? [effect.operation] : []));
}

function begun(effects: readonly ExecutorEffect[]): Operation {
  const [operation] = operations(effects);
  if (operation === undefined) throw new Error('nothing was begun');
  return operation;
}

function done(operation: Operation, answer: OperationResult): readonly ExecutorEffect[] {
  return executor.step({ kind: 'operation-done', operation: operation.id, result: answer }, now);
}

/** Lets time pass to the deadline and wakes it. */
function sleep(): readonly ExecutorEffect[] {
  const at = executor.deadline();
  if (at === undefined) throw new Error('nothing is due');
  now = at > now ? at : now; // What is overdue is due now.
  return executor.step({ kind: 'wake' }, now);
}

describe('an order', () => {
  it('is carried out once, however often the log shows it', () => {
    const first = begun(give({ orders: [order(1, 'start')] }));
    expect(first).toMatchObject({ action: 'start', incarnation: 7, exclusive: true });
    expect(give({ orders: [order(1, 'start')] })).toEqual([]);
    expect(done(first, result(0))).toMatchObject([{ kind: 'answer', order: { id: 1 } }]);
    expect(operations(give({ orders: [order(1, 'start')] }))).toEqual([]);
  });

  it('waits for the one before it on the same instance, and for no other', () => {
    const both = [order(1, 'probe'), order(2, 'probe', db)];
    expect(operations(give({ orders: both }))).toHaveLength(2);
    expect(operations(give({ orders: [...both, order(3, 'start')] }))).toEqual([]);
  });

  it('to start what may run once waits for the gate, and does not spin meanwhile', () => {
    expect(give({ orders: [order(1, 'start')], gateOpen: false })).toEqual([]);
    expect(executor.deadline()).toBeUndefined();
    expect(begun(give({ orders: [order(1, 'start')] })).action).toBe('start');
  });

  it('to start a copy, to stop and to probe need no gate', () => {
    const orders = [
      order(1, 'start', instanceId('web:0')),
      order(2, 'stop'),
      order(3, 'probe', db),
    ];
    expect(operations(give({ orders, gateOpen: false }))).toHaveLength(3);
  });

  it('for what is not in the configuration is answered at once', () => {
    const unknown = { order: order(1, 'start'), primitive: undefined };
    const input = { incarnation: 7, gateOpen: true, orders: [unknown], owned: [] };
    expect(executor.step({ kind: 'duties', duties: input }, now)).toMatchObject([
      { kind: 'answer', result: { status: 'not-installed', exitCode: 5 } },
    ]);
  });

  it('that the runtime never answers is given up some time after its own timeout', () => {
    begun(give({ orders: [order(1, 'start')] }));
    expect(sleep()).toMatchObject([{ kind: 'answer', result: { status: 'timed-out' } }]);
    expect(now).toBeGreaterThan(1000);
  });

  it('is answered once: a late second answer of the runtime changes nothing', () => {
    const operation = begun(give({ orders: [order(1, 'start')] }));
    sleep();
    expect(done(operation, result(0))).toEqual([]);
  });

  it('cancels a check that is under way, and begins when that has ended', () => {
    const check = begun(give({ owned: [[web, 1]] }));
    const stop = [order(2, 'stop')];
    expect(give({ owned: [[web, 1]], orders: stop })).toContainEqual({
      kind: 'cancel',
      operation: check.id,
    });
    expect(give({ owned: [[web, 1]], orders: stop })).toEqual([]);
    expect(begun(done(check, result(1, 'cancelled'))).action).toBe('stop');
  });
});

describe('an order behind a check that is never answered', () => {
  it('begins when the check is given up', () => {
    begun(give({ owned: [[web, 1]] }));
    give({ owned: [[web, 1]], orders: [order(2, 'stop')] });
    expect(begun(sleep()).action).toBe('stop');
  });
});

describe('what this node owns', () => {
  it('is watched, and checked at its interval, counted from the end of each check', () => {
    const operation = begun(give({ orders: [order(1, 'start')] }));
    done(operation, result(0));
    expect(give({ owned: [[web, 1]] })).toMatchObject([{ kind: 'watch', on: true }]);
    expect(executor.deadline()).toBe(monitorMs);
    const check = begun(sleep());
    expect(check).toMatchObject({ action: 'monitor', instance: web });
    now = addMs(now, 700);
    expect(done(check, result(0))).toEqual([]);
    expect(executor.deadline()).toBe(2 * monitorMs);
  });

  it('is asked at once by an agent that found it running', () => {
    expect(operations(give({ owned: [[web, 1]] }))).toMatchObject([{ action: 'monitor' }]);
  });

  it('is told as failed once, and not asked again before it is recovered', () => {
    const check = begun(give({ owned: [[web, 1]] }));
    expect(done(check, result(7))).toMatchObject([
      { kind: 'failure', instance: web, assignment: 1, action: 'monitor', exitCode: 7 },
    ]);
    expect(executor.deadline()).toBeUndefined();
    expect(give({ owned: [[web, 1]], failed: true })).toMatchObject([{ kind: 'watch', on: false }]);
    expect(executor.deadline()).toBeUndefined();
    give({});
    expect(give({ owned: [[web, 5]] })).toMatchObject([
      { kind: 'watch', on: true },
      { kind: 'operate' },
    ]);
  });

  it('is well when degraded, and a check that was cancelled says nothing', () => {
    const check = begun(give({ owned: [[web, 1]] }));
    expect(done(check, result(190))).toEqual([]);
    const next = begun(sleep());
    expect(done(next, result(1, 'cancelled'))).toEqual([]);
  });

  it('has failed when its end is certain; otherwise it is asked at once', () => {
    done(begun(give({ owned: [[web, 1]] })), result(0));
    const ended = { kind: 'ended', instance: web, detail: 'process 9 ended' } as const;
    expect(operations(executor.step({ ...ended, certain: false }, now))).toMatchObject([
      { action: 'monitor' },
    ]);
    expect(executor.step({ ...ended, certain: true }, now)).toMatchObject([
      { kind: 'failure', action: 'exit', exitCode: 7, reason: 'process 9 ended' },
    ]);
    expect(executor.step({ ...ended, certain: true }, now)).toEqual([]);
  });

  it('does not fail by the end that its own stop brings', () => {
    done(begun(give({ owned: [[web, 1]] })), result(0));
    give({ owned: [[web, 1]], orders: [order(2, 'stop')] });
    const ended = { kind: 'ended', instance: web, detail: 'ended', certain: true } as const;
    expect(executor.step(ended, now)).toEqual([]);
  });
});

describe('over random duties and answers', () => {
  it('runs one operation per instance at a time, and is never due without doing anything', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const prng = new Prng(seed);
      executor = new Executor();
      now = instant(0);
      const running = new Map<number, { readonly operation: Operation; readonly until: number }>();
      let nextOrder = 1;
      const take = (effects: readonly ExecutorEffect[]): void => {
        for (const [id, { until }] of running) if (now >= until) running.delete(id);
        for (const operation of operations(effects)) {
          const others = [...running.values()].map((item) => item.operation.instance);
          expect(others, `seed ${seed}`).not.toContain(operation.instance);
          const until = now + operation.timeoutMs + givenUpAfterMs;
          running.set(operation.id, { operation, until });
        }
      };
      for (let step = 0; step < 60; step += 1) {
        const [answered] = prng.shuffle([...running.values()]);
        const choice = prng.integer(0, 3);
        if (choice === 0 && answered !== undefined) {
          running.delete(answered.operation.id);
          take(done(answered.operation, result(prng.pick([0, 1, 7]))));
        } else if (choice === 1) {
          take(give(randomDuties(prng, nextOrder)));
          nextOrder += 1;
        } else if (executor.deadline() !== undefined) {
          const effects = sleep();
          const after = executor.deadline();
          const isProgress = effects.length > 0 || after === undefined || after > now;
          expect(isProgress, `seed ${seed}, step ${step}: it spins`).toBe(true);
          take(effects);
        }
      }
    }
  });
});

/** An operation that is not answered is given up so long after its own timeout. */
const givenUpAfterMs = 10_000;

function randomDuties(prng: Prng, nextOrder: number): Given {
  const orders = prng.chance(0.5)
    ? [order(nextOrder, prng.pick(['start', 'stop', 'probe']), prng.pick([web, db]))]
    : [];
  const owned = prng.chance(0.6) ? [[prng.pick([web, db]), prng.integer(1, 3)] as const] : [];
  return { orders, owned, failed: prng.chance(0.2), gateOpen: prng.chance(0.7) };
}
