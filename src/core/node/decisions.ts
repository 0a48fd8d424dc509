import { addMs, type Instant } from '../../base/instant.ts';
import type { Command } from '../../model/command.ts';
import { nextOrders } from '../transition/next-orders.ts';
import type { NodeContext, Unstamped } from './context.ts';
import { planNow } from './planning.ts';

/** A look at the plan without any new fact at least so often: a guard against a forgotten deadline. */
const LOOK_AGAIN_MS = 60_000;

/** The leader's scheduling: after every change of the facts the plan is made anew and what it allows is ordered. */
export class Decisions {
  /** Index of our command that is not applied yet: its orders are not in the facts. */
  #underWay: number | undefined;
  #isDue = false;
  #lookAt: Instant | undefined;
  /** Grows with each plan that led to orders; unique together with the log index of the orders. */
  #decision = 0;

  deadline(): Instant | undefined {
    return this.#lookAt;
  }

  /** Facts, configuration, time or membership changed. */
  changed(): void {
    this.#isDue = true;
  }

  /** Another leader decides now. */
  stop(): void {
    this.#underWay = undefined;
    this.#lookAt = undefined;
    this.#isDue = false;
  }

  applied(index: number): void {
    if (this.#underWay !== undefined && index >= this.#underWay) this.#underWay = undefined;
  }

  /** Leader with all earlier entries applied. */
  advance(context: NodeContext): void {
    if (this.#lookAt !== undefined && this.#lookAt <= context.now) this.#isDue = true;
    if (!this.#isDue || this.#underWay !== undefined) return;
    this.#isDue = false;
    const planned = planNow(context);
    if (planned === undefined) return;
    const { plan } = planned;
    const recheckMs = (plan.recheckAtMs ?? Number.POSITIVE_INFINITY) - context.wallMs;
    this.#lookAt = addMs(context.now, Math.min(Math.max(recheckMs, 10), LOOK_AGAIN_MS));
    for (const done of plan.wishesDone) {
      this.#append({ kind: 'wish-done', id: done.id, fulfilled: done.fulfilled }, context);
    }
    const orders = nextOrders(plan, context.state.facts());
    if (orders.length === 0) return;
    this.#decision = Math.max(this.#decision + 1, context.state.index);
    this.#append({ kind: 'order', decision: this.#decision, orders }, context);
    context.emit({
      kind: 'note',
      note: { kind: 'decided', decision: this.#decision, orders: orders.length },
    });
  }

  #append(command: Unstamped<Command>, context: NodeContext): void {
    const index = context.append(command);
    // Refused (a hand-over is under way): the next leader decides, or the next look.
    if (index === undefined) this.#isDue = true;
    else this.#underWay = Math.max(this.#underWay ?? 0, index);
  }
}
