import type { PrimitiveConfig } from '../../model/config.ts';
import type { InstanceId, NodeId } from '../../model/ids.ts';
import { primitiveOf } from '../../model/ids.ts';
import { primitiveById } from '../../model/resources.ts';
import type { Duties } from '../executor/executor-io.ts';
import type { ClusterState } from '../store/cluster-state.ts';

/** What the applied log asks of a node in its present incarnation (R11: nothing of an older one). */
export function dutiesOf(
  state: ClusterState,
  self: NodeId,
  incarnation: number,
  gateOpen: boolean,
): Duties {
  if (incarnation === 0 || state.config === undefined) {
    return { incarnation, gateOpen, orders: [], owned: [] };
  }
  // What runs is stopped and watched by the definition that it was started with; only timing follows the present one.
  const primitive = (instance: InstanceId): PrimitiveConfig | undefined => {
    const present = primitiveById(state.config, primitiveOf(instance));
    const started = state.definition(instance, self);
    if (started === undefined || present === undefined) return started ?? present;
    return { ...started, operations: present.operations };
  };
  const orders = [...state.orders()]
    .filter((order) => order.node === self && order.incarnation === incarnation)
    .map((order) => ({ order, primitive: primitive(order.instance) }));
  const owned = state.facts().instances.flatMap((status) => {
    const found = primitive(status.instance);
    if (status.node !== self || status.assignment === undefined || found === undefined) return [];
    if (status.role !== 'started' || status.blocked !== undefined) return [];
    return [
      {
        instance: status.instance,
        primitive: found,
        assignment: status.assignment,
        failed: status.failed !== undefined,
      },
    ];
  });
  return { incarnation, gateOpen, orders, owned };
}
