import type { NodeInput } from './input.ts';
import { compareNames, isTrue, numberOf, type PolicyNode, type World } from './state.ts';

/** Every node of the configuration, in the order of their names; none is known to be online yet. */
export function buildNodes(world: World): void {
  for (const input of world.input.nodes) {
    const node = newNode(world, input);
    for (const [name, value] of Object.entries(input.attributes)) node.attributes.set(name, value);
    for (const [name, value] of Object.entries(input.utilization)) {
      node.capacity.set(name, numberOf(value, 0));
    }
    node.attributes.set('#is_dc', String(input.id === world.input.leader));
    const mayFence = world.options.fencing === 'on' && world.options.fencesUnseen;
    node.isUnclean = node.kind === 'member' && mayFence;
    node.isMaintenance = isTrue(input.attributes.maintenance);
  }
}

export function newNode(
  world: World,
  { id, name, kind }: Pick<NodeInput, 'id' | 'name' | 'kind'>,
): PolicyNode {
  const node: PolicyNode = {
    id,
    name,
    kind,
    attributes: new Map([
      ['#uname', name],
      ['#id', id],
      ['#kind', kind === 'remote' ? 'remote' : 'cluster'],
    ]),
    capacity: new Map(),
    isOnline: false,
    isUnclean: false,
    isUnseen: true,
    isPending: false,
    isStandby: false,
    isStandbyOnFail: false,
    isMaintenance: false,
    isShuttingDown: false,
    isExpectedUp: false,
    wasFenced: false,
    needsReset: false,
    isUnpacked: false,
    isDiscoveryOff: false,
    isExclusive: false,
    connection: undefined,
    running: [],
    assignedCount: 0,
  };
  world.nodes.push(node);
  world.nodes.sort((a, b) => compareNames(a.name, b.name));
  world.nodeByName.set(name, node);
  return node;
}
