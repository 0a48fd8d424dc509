import type { MonitorConfig, PrimitiveConfig } from '../../model/config.ts';
import { type InstanceId, isExclusive } from '../../model/ids.ts';
import type { AgentAction, Operation } from '../../model/operation.ts';
import type { Order } from '../../model/status.ts';

/** For agents whose configuration names no monitor. */
const PROBE_TIMEOUT_MS = 20_000;

/** The operation that carries out an order. */
export function orderedOperation(id: number, order: Order, primitive: PrimitiveConfig): Operation {
  const monitor = primitive.operations.monitors[0];
  switch (order.action) {
    case 'probe':
      return operation(id, order.instance, primitive, 'monitor', order.incarnation, {
        timeoutMs: monitor?.timeoutMs ?? PROBE_TIMEOUT_MS,
        meta: { interval: '0' },
      });
    case 'start':
      return operation(id, order.instance, primitive, 'start', order.incarnation, {
        timeoutMs: primitive.operations.startTimeoutMs,
        meta: order.takeover ? { takeover: 'yes' } : {},
      });
    case 'stop':
      return operation(id, order.instance, primitive, 'stop', order.incarnation, {
        timeoutMs: primitive.operations.stopTimeoutMs,
        meta: {},
      });
  }
}

/** A recurring check. */
export function monitorOperation(
  id: number,
  instance: InstanceId,
  primitive: PrimitiveConfig,
  incarnation: number,
  monitor: MonitorConfig,
): Operation {
  const base = operation(id, instance, primitive, 'monitor', incarnation, {
    timeoutMs: monitor.timeoutMs,
    meta: { interval: String(monitor.intervalMs) },
  });
  return { ...base, checkLevel: monitor.depth };
}

function operation(
  id: number,
  instance: InstanceId,
  primitive: PrimitiveConfig,
  action: AgentAction,
  incarnation: number,
  how: { readonly timeoutMs: number; readonly meta: Readonly<Record<string, string>> },
): Operation {
  return {
    id,
    instance,
    agent: primitive.agent,
    action,
    parameters: primitive.parameters,
    meta: { name: action, timeout: String(how.timeoutMs), ...how.meta },
    timeoutMs: how.timeoutMs,
    incarnation,
    exclusive: isExclusive(instance),
  };
}
