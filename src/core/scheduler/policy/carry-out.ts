import { nameOf } from './changes.ts';
import {
  type Action,
  isGuest,
  type PolicyNode,
  primitivesIn,
  type Resource,
  type Role,
  roles,
  topOf,
  type World,
} from './state.ts';

/** The cluster at one moment: its nodes, and where each resource is active. */
export interface Picture {
  readonly nodes: Readonly<Record<string, NodeWord>>;
  readonly resources: readonly PictureEntry[];
}

export type NodeWord = 'online' | 'standby' | 'maintenance' | 'pending' | 'unclean' | 'offline';

export interface PictureEntry {
  readonly id: string;
  readonly node: string;
  readonly role: 'Started' | 'Unpromoted' | 'Promoted';
}

type Places = Map<Resource, Map<PolicyNode, Role>>;

/** Everything as the status says it is. */
export function pictureNow(world: World): Picture {
  return picture(world, placesNow(world), (node) => wordOf(node));
}

function placesNow(world: World): Places {
  const places: Places = new Map();
  for (const resource of allPrimitives(world)) {
    places.set(resource, new Map(resource.runningOn.map((node) => [node, resource.role])));
  }
  return places;
}

function allPrimitives(world: World): readonly Resource[] {
  return world.resources.flatMap((resource) => primitivesIn(resource));
}

function wordOf(node: PolicyNode): NodeWord {
  if (node.isUnclean) return 'unclean';
  if (node.isPending) return 'pending';
  if (!node.isOnline) return 'offline';
  if (node.isStandby) return 'standby';
  return node.isMaintenance ? 'maintenance' : 'online';
}

function picture(world: World, places: Places, word: (node: PolicyNode) => NodeWord): Picture {
  const nodes: Record<string, NodeWord> = {};
  for (const node of world.nodes) {
    if (node.kind === 'ping') continue;
    const state = word(node);
    if (node.kind === 'remote' && isGuest(node) && state === 'offline') continue;
    nodes[node.name] = state;
  }
  const resources: PictureEntry[] = [];
  for (const resource of world.resources) addEntries(resource, places, resources, word);
  return { nodes, resources };
}

function isInactive(node: PolicyNode, word: (node: PolicyNode) => NodeWord): boolean {
  return word(node) === 'offline';
}

function addEntries(
  resource: Resource,
  places: Places,
  entries: PictureEntry[],
  word: (node: PolicyNode) => NodeWord,
): void {
  if (resource.kind === 'bundle') {
    for (const { container, child, index } of resource.replicas) {
      const at = [...(places.get(container)?.keys() ?? [])];
      const inner = child === undefined ? container : (child.children[0] ?? child);
      const role = [...(places.get(inner)?.values() ?? [])][0];
      if (role === undefined) continue;
      for (const node of at) {
        entries.push({ id: `${resource.id}[${index}]`, node: node.name, role: roleWord(role) });
      }
    }
    return;
  }
  for (const primitive of primitivesIn(resource)) {
    const isCopy = topOf(primitive, false).kind === 'clone';
    for (const [node, role] of places.get(primitive) ?? []) {
      if (isCopy && isGuest(node) && isInactive(node, word)) continue;
      entries.push({ id: nameOf(primitive), node: node.name, role: roleWord(role) });
    }
  }
}

function roleWord(role: Role): PictureEntry['role'] {
  if (role === roles.promoted) return 'Promoted';
  return role === roles.unpromoted ? 'Unpromoted' : 'Started';
}

const order: readonly string[] = [
  'fence',
  'demote',
  'stop',
  'migrate_to',
  'migrate_from',
  'start',
  'promote',
];

/** The cluster after every action that can be done has been done and has succeeded. */
export function pictureAfter(world: World): Picture {
  const places = placesNow(world);
  const downed = new Set<PolicyNode>();
  const actions = world.actions.filter((action) => isDone(action));
  actions.sort((a, b) => order.indexOf(a.task) - order.indexOf(b.task));
  for (const action of actions) perform(action, places, downed);
  return picture(world, places, (node) => wordAfter(node, places, downed));
}

function isDone(action: Action): boolean {
  if (!action.isRunnable || action.isOptional) return false;
  const { resource, node } = action;
  if (resource !== undefined && !resource.isManaged && action.intervalMs === 0) return false;
  if (action.isPseudo || resource === undefined) return true;
  if (node === undefined) return false;
  if (isGuest(node) && !node.needsReset) return true;
  return node.isOnline && !node.isUnclean;
}

function perform(action: Action, places: Places, downed: Set<PolicyNode>): void {
  const { resource, node, task } = action;
  if (node === undefined) return;
  if (resource === undefined) {
    if (task !== 'fence' || action.fence === 'on') return;
    downed.add(node);
    for (const at of places.values()) at.delete(node);
    return;
  }
  const at = places.get(resource);
  if (at === undefined) return;
  switch (task) {
    case 'stop':
      at.delete(node);
      return;
    case 'demote':
      if (!action.isPseudo) at.set(node, roles.unpromoted);
      return;
    case 'migrate_from':
      at.set(node, roles.started);
      return;
    case 'start':
      if (!action.isPseudo) at.set(node, startedRole(resource));
      return;
    case 'promote':
      at.set(node, roles.promoted);
      return;
    default:
  }
}

function startedRole(resource: Resource): Role {
  return topOf(resource, false).settings.isPromotable ? roles.unpromoted : roles.started;
}

function wordAfter(node: PolicyNode, places: Places, downed: ReadonlySet<PolicyNode>): NodeWord {
  if (node.kind !== 'remote') {
    return downed.has(node) ? 'offline' : wordOf(node);
  }
  const { connection } = node;
  if (connection === undefined) return 'offline';
  const isUp = (resource: Resource): boolean => (places.get(resource)?.size ?? 0) > 0;
  const isConnected =
    isUp(connection) && (connection.container === undefined || isUp(connection.container));
  if (node.isUnclean && !downed.has(node)) return 'unclean';
  if (!isConnected) return 'offline';
  if (node.isStandby) return 'standby';
  return node.isMaintenance ? 'maintenance' : 'online';
}
