import type { ClusterEvent } from '../../model/event.ts';
import type { InstanceId } from '../../model/ids.ts';
import type { ExecutorEffect } from '../executor/executor-io.ts';
import { EVENTS_KEPT } from '../store/event-log.ts';
import type { NodeContext } from './context.ts';
import type { Wants } from './wants.ts';

/** What happened on this node and belongs into the log: each is wanted there until the state shows it. */
export class Reports {
  readonly #wants: Wants;

  constructor(wants: Wants) {
    this.#wants = wants;
  }

  /** An order was carried out. */
  answer(
    { order, result }: ExecutorEffect & { readonly kind: 'answer' },
    context: NodeContext,
  ): void {
    this.#wants.add(
      `answer ${order.id}`,
      {
        kind: 'result',
        order: order.id,
        node: order.node,
        incarnation: order.incarnation,
        status: result.status,
        exitCode: result.exitCode,
        reason: result.reason,
        durationMs: Math.round(result.durationMs),
        atMs: context.wallMs,
      },
      (state) => state.order(order.id) === undefined,
      context.now,
    );
  }

  /** What ran under an assignment failed; said once for each assignment. */
  failure(
    {
      instance,
      assignment,
      action,
      exitCode,
      reason,
    }: ExecutorEffect & { readonly kind: 'failure' },
    incarnation: number,
    context: NodeContext,
  ): void {
    const { self: node, wallMs: atMs, now } = context;
    this.#wants.add(
      `failure ${instance} ${assignment}`,
      { kind: 'failure', node, incarnation, instance, assignment, action, exitCode, reason, atMs },
      (state) => {
        const status = state.instance(instance, node);
        return status?.assignment !== assignment || status.failed !== undefined;
      },
      now,
    );
  }

  /** Something was put right at once, without an order: it belongs into the history all the same. */
  mended(instance: InstanceId, text: string, context: NodeContext): void {
    const { self: node, wallMs: report, now } = context;
    const after = context.state.lastEvent;
    const isIt = ({ what }: ClusterEvent): boolean =>
      what.kind === 'mended' && what.node === node && what.report === report;
    this.#wants.add(
      `mended ${instance} ${report}`,
      { kind: 'mended', node, instance, report, text, atMs: report },
      (state) => state.eventsAfter(after, EVENTS_KEPT).some(isIt),
      now,
    );
  }
}
