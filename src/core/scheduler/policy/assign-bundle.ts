import { assign } from './assign.ts';
import { assignInstances, compareInstances } from './assign-instances.ts';
import { addColocation } from './colocations.ts';
import { hasReachedThreshold } from './criteria.ts';
import { INFINITE, type PolicyNode, type Replica, type Resource, type World } from './state.ts';

/** Containers first, then what goes with each, then what runs inside. */
export function assignBundle(
  world: World,
  bundle: Resource,
  prefer: PolicyNode | undefined,
  stopsIfFailed: boolean,
): void {
  if (!bundle.isUnassigned || bundle.isAssigning) return;
  bundle.isAssigning = true;
  const spec = bundle.config.bundle;
  const containers = bundle.replicas.map((replica) => replica.container);
  containers.sort((a, b) => compareInstances(a, b));
  assignInstances(world, bundle, containers, spec?.replicas ?? 1, spec?.replicasPerHost ?? 1);
  for (const replica of bundle.replicas) assignReplica(world, replica, prefer, stopsIfFailed);
  const clone = bundle.children.find((child) => child.kind === 'clone');
  if (clone !== undefined) {
    const nodes = new Set(bundle.replicas.map((replica) => replica.node));
    for (const seat of clone.table.values()) seat.score = nodes.has(seat.node) ? 0 : -INFINITE;
    assign(world, clone, prefer, stopsIfFailed);
  }
  bundle.isAssigning = false;
  bundle.isUnassigned = false;
}

function assignReplica(
  world: World,
  replica: Replica,
  prefer: PolicyNode | undefined,
  stopsIfFailed: boolean,
): void {
  const { address, container, connection, child, node } = replica;
  if (address !== undefined) assign(world, address, prefer, stopsIfFailed);
  if (connection !== undefined) {
    const host = container.seat;
    if (host?.connection !== undefined) {
      addColocation(world, {
        id: 'connection-with-host',
        score: INFINITE,
        dependent: connection,
        primary: host.connection,
        isInfluential: true,
        isExplicit: false,
      });
    }
    assign(world, connection, prefer, stopsIfFailed);
  }
  if (child === undefined) return;
  for (const part of [child, ...child.children]) {
    for (const seat of part.table.values()) {
      if (seat.node !== node) seat.score = -INFINITE;
      else if (!hasReachedThreshold(world, part, seat.node)) seat.score = INFINITE;
    }
  }
  const { parent } = child;
  if (parent !== undefined) parent.isAssigning = true;
  assign(world, child, node, stopsIfFailed);
  if (parent !== undefined) parent.isAssigning = false;
}
