import { newNode } from './build-nodes.ts';
import { connectionOf, createResource, linkConnection } from './build-resources.ts';
import type { BundleInput, ResourceInput } from './input.ts';
import {
  INFINITE,
  newSeatable,
  type PolicyNode,
  type Replica,
  type Resource,
  type World,
} from './state.ts';

/** The parts of a bundle: for each replica a container and what goes with it; one clone for what runs inside. */
export function addBundle(world: World, bundle: Resource): void {
  const spec = bundle.config.bundle;
  if (spec === undefined) throw new RangeError(`bundle ${bundle.id} of nothing`);
  const inner = bundle.config.children[0];
  const clone = inner && createResource(world, cloneInside(bundle, inner, spec), bundle, undefined);
  const parts: Resource[] = clone === undefined ? [] : [clone];
  const replicas = bundle.replicas as Replica[];
  for (let index = 0; index < spec.replicas; index += 1) {
    const replica = addReplica(world, bundle, spec, index, clone?.children[index]);
    replicas.push(replica);
    for (const part of [replica.address, replica.container, replica.connection]) {
      if (part !== undefined) parts.push(part);
    }
  }
  bundle.children = parts;
  if (clone !== undefined) openReplicaNodes(replicas, clone);
}

/** What runs inside may run on the nodes of the replicas, and nothing else may. */
function openReplicaNodes(replicas: readonly Replica[], clone: Resource): void {
  for (const { node } of replicas) {
    if (node === undefined) continue;
    for (const part of withParts(clone)) {
      part.table.set(node, newSeatable(node, part === clone ? 0 : -INFINITE));
    }
  }
  for (const { node, child } of replicas) {
    if (node === undefined || child === undefined) continue;
    for (const part of withParts(child)) part.table.set(node, newSeatable(node, 500));
  }
}

function withParts(resource: Resource): readonly Resource[] {
  return [resource, ...resource.children.flatMap((child) => withParts(child))];
}

function cloneInside(bundle: Resource, inner: ResourceInput, spec: BundleInput): ResourceInput {
  const meta: Record<string, string> = {
    ordered: 'true',
    'clone-max': String(spec.replicas),
    'clone-node-max': String(spec.replicasPerHost),
    'globally-unique': String(spec.replicasPerHost > 1),
  };
  if (spec.promotedMax > 0) {
    meta.promotable = 'true';
    meta['promoted-max'] = String(spec.promotedMax);
  }
  const base = part(`${bundle.id}-clone`, bundle);
  return { ...base, kind: 'clone', meta, children: [inner] };
}

function part(id: string, bundle: Resource): ResourceInput {
  return {
    id,
    kind: 'primitive',
    agent: {
      standard: 'ocf',
      provider: 'heartbeat',
      type: bundle.config.bundle?.engine ?? '',
      isFenceDevice: false,
      isConnection: false,
    },
    meta: {},
    defaults: bundle.config.defaults,
    parameters: {},
    operations: [],
    utilization: {},
    children: [],
    bundle: undefined,
  };
}

function addReplica(
  world: World,
  bundle: Resource,
  spec: BundleInput,
  index: number,
  child: Resource | undefined,
): Replica {
  const address =
    spec.firstAddress === undefined
      ? undefined
      : create(
          world,
          bundle,
          `${bundle.id}-ip-${nextAddress(spec.firstAddress, index)}`,
          'address',
        );
  const container = create(world, bundle, `${bundle.id}-${spec.engine}-${index}`, 'container');
  if (child === undefined) {
    return { index, container, address, connection: undefined, child, node: undefined };
  }
  child.bundlePart = 'child';
  const name = `${bundle.id}-${index}`;
  const node = world.nodeByName.get(name) ?? newNode(world, { id: name, name, kind: 'remote' });
  closeNode(world, node);
  const connection = createResource(world, connectionOf(name, container.id), bundle, undefined);
  connection.bundlePart = 'connection';
  connection.container = container;
  container.fillers.push(connection);
  container.table.delete(node);
  address?.table.delete(node);
  linkConnection(node, connection);
  return { index, container, address, connection, child, node };
}

function closeNode(world: World, node: PolicyNode): void {
  node.isExclusive = true;
  node.isDiscoveryOff = true;
  for (const resource of world.byId.values()) resource.table.delete(node);
}

function create(
  world: World,
  bundle: Resource,
  id: string,
  bundlePart: Exclude<Resource['bundlePart'], undefined>,
): Resource {
  const resource = createResource(world, part(id, bundle), bundle, undefined);
  resource.bundlePart = bundlePart;
  return resource;
}

function nextAddress(first: string, offset: number): string {
  const bytes = first.split('.').map(Number);
  let rest = offset;
  for (let i = bytes.length - 1; i >= 0 && rest > 0; i -= 1) {
    const sum = (bytes[i] ?? 0) + rest;
    bytes[i] = sum % 256;
    rest = Math.floor(sum / 256);
  }
  return bytes.join('.');
}
