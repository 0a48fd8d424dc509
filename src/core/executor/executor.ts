import { unreachable } from '../../base/assert.ts';
import { earliest, type Instant } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import type { InstanceId } from '../../model/ids.ts';
import type { Duties, ExecutorEffect, ExecutorInput } from './executor-io.ts';
import { InstanceQueue } from './instance-queue.ts';

const noDuties: Duties = { incarnation: 0, gateOpen: false, orders: [], owned: [] };

/**
 * The node's side of execution: one queue per instance, so that a slow one holds up nobody else. It follows the
 * applied log (`duties`), never its own memory of it: after a restart of the agent the same duties lead on.
 */
export class Executor implements Machine<ExecutorInput, ExecutorEffect> {
  readonly #queues = new Map<InstanceId, InstanceQueue>();
  /** Which queue waits for the answer to an operation. */
  readonly #operations = new Map<number, InstanceQueue>();
  #duties: Duties = noDuties;
  #nextOperation: number;

  /** `firstOperation`: operation ids grow from here; they must not meet those of a former agent process. */
  constructor(firstOperation = 1) {
    this.#nextOperation = firstOperation;
  }

  deadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const queue of this.#queues.values()) first = earliest(first, queue.deadline());
    return first;
  }

  step(input: ExecutorInput, now: Instant): readonly ExecutorEffect[] {
    const effects: ExecutorEffect[] = [];
    switch (input.kind) {
      case 'wake':
        break;
      case 'duties':
        effects.push(...this.#take(input.duties, now));
        break;
      case 'operation-done': {
        const queue = this.#operations.get(input.operation);
        this.#operations.delete(input.operation);
        if (queue?.runs(input.operation)) effects.push(...queue.finish(input.result, now));
        break;
      }
      case 'ended':
        effects.push(
          ...(this.#queues.get(input.instance)?.ended(input.detail, input.certain, now) ?? []),
        );
        break;
      default:
        return unreachable(input);
    }
    this.#advance(effects, now);
    return effects;
  }

  #take(duties: Duties, now: Instant): ExecutorEffect[] {
    this.#duties = duties;
    const effects: ExecutorEffect[] = [];
    const owned = new Map(duties.owned.map((item) => [item.instance, item]));
    const orders = new Map<InstanceId, Duties['orders'][number]>();
    for (const item of duties.orders) {
      const known = this.#queues.get(item.order.instance)?.knows(item.order) ?? false;
      if (!known && !orders.has(item.order.instance)) orders.set(item.order.instance, item);
    }
    for (const instance of [...owned.keys(), ...orders.keys()]) {
      if (!this.#queues.has(instance)) this.#queues.set(instance, new InstanceQueue(instance));
    }
    for (const [instance, queue] of this.#queues) {
      effects.push(...queue.assign(owned.get(instance), orders.get(instance), now));
      // Kept while an answered order still stands in the log: it must not be begun again.
      const pending = duties.orders.some((item) => item.order.instance === instance);
      if (queue.idle && !pending) this.#queues.delete(instance);
    }
    return effects;
  }

  #advance(effects: ExecutorEffect[], now: Instant): void {
    const { incarnation, gateOpen } = this.#duties;
    for (const queue of this.#queues.values()) {
      const begun = queue.advance(incarnation, gateOpen, now, () => this.#nextOperation++);
      for (const effect of begun) {
        if (effect.kind === 'operate') this.#operations.set(effect.operation.id, queue);
        effects.push(effect);
      }
    }
  }
}
