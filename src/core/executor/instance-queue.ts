import { assert } from '../../base/assert.ts';
import { addMs, earliest, type Instant } from '../../base/instant.ts';
import type { MonitorConfig, PrimitiveConfig } from '../../model/config.ts';
import type { InstanceId } from '../../model/ids.ts';
import type { Operation, OperationResult } from '../../model/operation.ts';
import type { Order } from '../../model/status.ts';
import type { ExecutorEffect, OwnedInstance } from './executor-io.ts';
import { monitorOperation, orderedOperation } from './operations.ts';

/** An operation that a runtime never answers is given up so long after its own timeout. */
const ANSWER_GRACE_MS = 10_000;

interface Running {
  readonly operation: Operation;
  /** Undefined for a check of our own. */
  readonly order: Order | undefined;
  readonly assignment: number | undefined;
  readonly answerBy: Instant;
  cancelled: boolean;
}

interface Recurring {
  readonly monitor: MonitorConfig;
  dueAt: Instant;
}

/**
 * Everything that one instance has to do on this node, one operation at a time: an order goes before checks, and
 * a check under way is cancelled for it.
 */
export class InstanceQueue {
  readonly #instance: InstanceId;
  #running: Running | undefined;
  #waiting: { readonly order: Order; readonly primitive: PrimitiveConfig | undefined } | undefined;
  #owned: OwnedInstance | undefined;
  #recurring: Recurring[] = [];
  /** The assignment whose failure was reported; nothing more is said of it. */
  #reported: number | undefined;
  #watched = false;
  #answered = 0;

  constructor(instance: InstanceId) {
    this.#instance = instance;
  }

  /** Nothing runs, waits or is owned: the queue may be forgotten. */
  get idle(): boolean {
    return this.#running === undefined && this.#waiting === undefined && this.#owned === undefined;
  }

  /** The order that this queue has begun or has answered; it is not begun again. */
  knows(order: Order): boolean {
    return order.id <= this.#answered || this.#running?.order?.id === order.id;
  }

  deadline(): Instant | undefined {
    if (this.#running !== undefined) return this.#running.answerBy;
    // An order that has not begun waits for the gate, and checks wait for it: new duties tell.
    if (this.#waiting !== undefined) return undefined;
    return this.#mayCheck() ? earliest(...this.#recurring.map((item) => item.dueAt)) : undefined;
  }

  /** Once a failure is reported nothing more is asked under the same assignment. */
  #mayCheck(): boolean {
    const owned = this.#owned;
    return owned !== undefined && !owned.failed && this.#reported !== owned.assignment;
  }

  /** Takes over what the applied log says. `order`: the one that is to be carried out, if any. */
  assign(
    owned: OwnedInstance | undefined,
    waiting: { readonly order: Order; readonly primitive: PrimitiveConfig | undefined } | undefined,
    now: Instant,
  ): ExecutorEffect[] {
    const effects: ExecutorEffect[] = [];
    const isNew = owned?.assignment !== this.#owned?.assignment;
    const monitors = owned?.primitive.operations.monitors;
    if (isNew || monitors !== this.#owned?.primitive.operations.monitors) {
      // Right after its start nothing is to be asked. Of what this agent found running, it asks at once.
      const isFound = isNew && this.#answered !== owned?.assignment;
      this.#recurring = (monitors ?? []).map((monitor) => ({
        monitor,
        dueAt: isFound ? now : addMs(now, monitor.intervalMs),
      }));
    }
    this.#owned = owned;
    this.#waiting = waiting !== undefined && !this.knows(waiting.order) ? waiting : undefined;
    const watch = owned !== undefined && !owned.failed;
    if (watch !== this.#watched) {
      this.#watched = watch;
      const primitive = owned?.primitive;
      effects.push({ kind: 'watch', instance: this.#instance, primitive, on: watch });
    }
    return effects;
  }

  /** Begins what can be begun. */
  advance(
    incarnation: number,
    gateOpen: boolean,
    now: Instant,
    nextId: () => number,
  ): ExecutorEffect[] {
    const effects: ExecutorEffect[] = [];
    if (this.#running !== undefined) {
      if (now < this.#running.answerBy) return this.#makeWay();
      effects.push(...this.#giveUp(this.#running, now));
    }
    effects.push(
      ...(this.#waiting !== undefined
        ? this.#beginOrder(gateOpen, now, nextId)
        : this.#beginCheck(incarnation, now, nextId)),
    );
    return effects;
  }

  #giveUp({ operation }: Running, now: Instant): ExecutorEffect[] {
    const result: OperationResult = {
      status: 'timed-out',
      exitCode: 1,
      reason: 'the operation was never answered',
      stdout: '',
      stderr: '',
      durationMs: operation.timeoutMs,
    };
    return this.finish(result, now);
  }

  /** A check under way ends early for an order that waits. */
  #makeWay(): ExecutorEffect[] {
    const running = this.#running;
    assert(running !== undefined, 'executor: something runs');
    const isCheck = running.order === undefined;
    if (!isCheck || running.cancelled || this.#waiting === undefined) return [];
    running.cancelled = true;
    return [{ kind: 'cancel', operation: running.operation.id }];
  }

  #beginOrder(gateOpen: boolean, now: Instant, nextId: () => number): ExecutorEffect[] {
    const waiting = this.#waiting;
    assert(waiting !== undefined, 'executor: an order waits');
    const { order, primitive } = waiting;
    if (primitive === undefined) {
      this.#waiting = undefined;
      this.#answered = order.id;
      const result: OperationResult = {
        status: 'not-installed',
        exitCode: 5,
        reason: `${order.instance} is not in the configuration`,
        stdout: '',
        stderr: '',
        durationMs: 0,
      };
      return [{ kind: 'answer', order, result }];
    }
    const operation = orderedOperation(nextId(), order, primitive);
    // R11: what may run once starts inside an open gate only; the lease may still come.
    if (order.action === 'start' && operation.exclusive && !gateOpen) return [];
    this.#waiting = undefined;
    return [this.#run(operation, order, undefined, now)];
  }

  #beginCheck(incarnation: number, now: Instant, nextId: () => number): ExecutorEffect[] {
    const owned = this.#owned;
    if (owned === undefined || !this.#mayCheck()) return [];
    const due = this.#recurring.find((item) => item.dueAt <= now);
    if (due === undefined) return [];
    due.dueAt = addMs(now, due.monitor.intervalMs);
    const { primitive, assignment } = owned;
    const check = monitorOperation(nextId(), this.#instance, primitive, incarnation, due.monitor);
    return [this.#run(check, undefined, assignment, now)];
  }

  #run(
    operation: Operation,
    order: Order | undefined,
    assignment: number | undefined,
    now: Instant,
  ): ExecutorEffect {
    const answerBy = addMs(now, operation.timeoutMs + ANSWER_GRACE_MS);
    this.#running = { operation, order, assignment, answerBy, cancelled: false };
    return { kind: 'operate', operation };
  }

  runs(operation: number): boolean {
    return this.#running?.operation.id === operation;
  }

  /** The running operation was answered. */
  finish(result: OperationResult, now: Instant): ExecutorEffect[] {
    const running = this.#running;
    assert(running !== undefined, 'executor: only a running operation is answered');
    this.#running = undefined;
    if (running.order !== undefined) {
      this.#answered = Math.max(this.#answered, running.order.id);
      return [{ kind: 'answer', order: running.order, result }];
    }
    // The next check counts from the end of this one, so that slow checks do not pile up.
    for (const item of this.#recurring) {
      if (item.dueAt <= now) item.dueAt = addMs(now, item.monitor.intervalMs);
    }
    if (result.status === 'cancelled' || running.assignment === undefined) return [];
    const healthy = result.status === 'done' && [0, 190].includes(result.exitCode);
    return healthy
      ? []
      : this.#report(running.assignment, 'monitor', result.exitCode, result.reason);
  }

  /** An event told of the instance's end. */
  ended(detail: string, certain: boolean, now: Instant): ExecutorEffect[] {
    const owned = this.#owned;
    if (owned === undefined || owned.failed) return [];
    if (this.#running?.order !== undefined || this.#waiting !== undefined) return [];
    if (certain) return this.#report(owned.assignment, 'exit', 7, detail);
    const first = this.#recurring[0];
    if (first !== undefined) first.dueAt = now;
    return [];
  }

  #report(
    assignment: number,
    action: 'monitor' | 'exit',
    exitCode: number,
    reason: string,
  ): ExecutorEffect[] {
    if (this.#owned?.assignment !== assignment || this.#reported === assignment) return [];
    this.#reported = assignment;
    return [{ kind: 'failure', instance: this.#instance, assignment, action, exitCode, reason }];
  }
}
