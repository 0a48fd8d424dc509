import { addBundle } from './build-bundle.ts';
import { newNode } from './build-nodes.ts';
import type { AgentInput, ResourceInput } from './input.ts';
import { inheritMeta, readSettings } from './settings.ts';
import {
  addToScores,
  intervalMs,
  isTrue,
  newSeatable,
  type Resource,
  type Role,
  roleFromText,
  roles,
  scoreOf,
  topOf,
  type World,
} from './state.ts';

/** Every resource with its parts, those of higher priority first. */
export function buildResources(world: World): void {
  world.usesUnfencing = usesUnfencing(world.input.resources);
  const inputs = world.input.resources.flatMap((config) => [config, ...connectionsOf(config)]);
  for (const config of inputs) addRemoteNodes(world, config);
  for (const config of inputs) {
    const resource = createResource(world, config, undefined, undefined);
    world.resources.push(resource);
  }
  linkContainers(world);
  world.resources.sort((a, b) => b.priority - a.priority);
}

function usesUnfencing(configs: readonly ResourceInput[]): boolean {
  return configs.some(
    (config) => config.meta.provides === 'unfencing' || usesUnfencing(config.children),
  );
}

export const connectionAgent: AgentInput = {
  standard: 'ocf',
  provider: 'pacemaker',
  type: 'remote',
  isFenceDevice: false,
  isConnection: true,
};

/** A guest's connection, which nobody writes: its container has `remote-node` set. */
function connectionsOf(config: ResourceInput): readonly ResourceInput[] {
  const guest = config.meta['remote-node'];
  if (config.kind === 'primitive' && guest !== undefined) {
    return [connectionOf(guest, config.id, config.meta['remote-allow-migrate'])];
  }
  return config.kind === 'group' ? config.children.flatMap((child) => connectionsOf(child)) : [];
}

export function connectionOf(
  name: string,
  container: string,
  migratable?: string | undefined,
): ResourceInput {
  const meta: Record<string, string> = { container, internal: 'true' };
  if (migratable !== undefined) meta['allow-migrate'] = migratable;
  return {
    id: name,
    kind: 'primitive',
    agent: connectionAgent,
    meta,
    defaults: {},
    parameters: {},
    operations: [],
    utilization: {},
    children: [],
    bundle: undefined,
  };
}

function addRemoteNodes(world: World, config: ResourceInput): void {
  if (config.kind === 'primitive' && config.agent.isConnection) {
    world.hasRemoteNodes = true;
    if (!world.nodeByName.has(config.id)) {
      newNode(world, { id: config.id, name: config.id, kind: 'remote' });
    }
  }
  if (config.kind === 'bundle') world.hasRemoteNodes = true;
  for (const child of config.children) addRemoteNodes(world, child);
}

function linkContainers(world: World): void {
  for (const resource of [...world.byId.values()]) {
    const container = resource.config.meta.container ?? resource.meta.get('container');
    const found = container === undefined ? undefined : world.byId.get(container);
    if (found === undefined || found === resource || resource.container !== undefined) continue;
    resource.container = found;
    found.fillers.push(resource);
  }
  for (const resource of world.byId.values()) {
    if (!resource.isConnection) continue;
    const node = world.nodeByName.get(resource.id);
    if (node !== undefined) linkConnection(node, resource);
  }
}

export function linkConnection(
  node: NonNullable<ReturnType<World['nodeByName']['get']>>,
  resource: Resource,
): void {
  node.connection = resource;
  node.attributes.set('#kind', resource.container === undefined ? 'remote' : 'container');
}

/** A resource and all its parts. `suffix`: the number of the copy that it is part of. */
export function createResource(
  world: World,
  config: ResourceInput,
  parent: Resource | undefined,
  suffix: string | undefined,
): Resource {
  const resource = newResource(world, config, parent, suffix);
  world.byId.set(resource.id, resource);
  if (config.kind === 'clone') {
    const count = Math.max(1, resource.settings.cloneMax);
    for (let i = 0; i < count; i += 1)
      addInstance(world, resource, i, resource.settings.cloneMax < 1);
  } else if (config.kind === 'group') {
    resource.children = config.children.map((child) =>
      createResource(world, child, resource, suffix),
    );
  } else if (config.kind === 'bundle') {
    addBundle(world, resource);
  }
  allowEverywhere(world, resource);
  return resource;
}

export function addInstance(
  world: World,
  clone: Resource,
  index: number,
  isRemoved: boolean,
): Resource {
  const child = clone.config.children[0];
  if (child === undefined) throw new RangeError(`clone ${clone.id} of nothing`);
  const instance = createResource(world, child, clone, `:${index}`);
  clone.children = [...clone.children, instance];
  if (isRemoved) markRemoved(instance);
  return instance;
}

export function markRemoved(resource: Resource): void {
  resource.isRemoved = true;
  for (const child of resource.children) markRemoved(child);
}

function allowEverywhere(world: World, resource: Resource): void {
  if (!world.options.isSymmetric) return;
  for (const node of world.nodes) {
    if (node.isExclusive || node.isDiscoveryOff) continue;
    if (!resource.table.has(node)) resource.table.set(node, newSeatable(node, 0));
  }
}

function newResource(
  world: World,
  config: ResourceInput,
  parent: Resource | undefined,
  suffix: string | undefined,
): Resource {
  const meta = inheritMeta(config, parent);
  const settings = readSettings(world, config, parent, meta);
  const { isFenceDevice, isConnection } = config.agent;
  if (isFenceDevice) world.hasFenceDevice = true;
  const canMigrate =
    isTrue(meta.get('allow-migrate')) ||
    (meta.get('allow-migrate') === undefined &&
      isConnection &&
      meta.get('container') === undefined);
  const resource: Resource = {
    ...blank(),
    id: `${config.id}${suffix ?? ''}`,
    config,
    kind: config.kind,
    settings,
    meta,
    isConnection,
    isFenceDevice,
    parent,
    isManaged: isManaged(world, meta, settings.isMaintenance),
    canMigrate,
    failureTimeoutS: Math.floor(intervalMs(meta.get('failure-timeout')) / 1000),
    priority: scoreOf(meta.get('priority')),
    configuredPriority: scoreOf(meta.get('priority')),
  };
  resource.nextRole = targetRole(resource) ?? roles.unknown;
  return resource;
}

function isManaged(world: World, meta: ReadonlyMap<string, string>, maintenance: boolean): boolean {
  if (maintenance) return false;
  const value = meta.get('is-managed');
  if (value === undefined || value === 'default') return world.options.isManagedByDefault;
  return isTrue(value);
}

/** The role that people asked for, where that says more than "run". */
export function targetRole(resource: Resource): Role | undefined {
  const text = resource.settings.targetRole;
  const role = roleFromText(text);
  if (role === roles.unknown || role === roles.started) return undefined;
  if (role === roles.stopped) return role;
  const top = topOf(resource, false);
  if (!top.settings.isPromotable || role === roles.promoted) return undefined;
  return roles.unpromoted;
}

function blank(): Omit<
  Resource,
  'id' | 'config' | 'kind' | 'settings' | 'meta' | 'isConnection' | 'isFenceDevice'
> {
  return {
    replicas: [],
    parent: undefined,
    children: [],
    container: undefined,
    fillers: [],
    bundlePart: undefined,
    isRemoved: false,
    isManaged: true,
    isBlocked: false,
    isFailed: false,
    stopsIfFailed: false,
    ignoresFailure: false,
    isStartPending: false,
    canMigrate: false,
    isReloading: false,
    isRestarting: false,
    stopsUnexpected: false,
    isDiscoveryExclusive: false,
    failureTimeoutS: 0,
    historyName: undefined,
    pendingOn: undefined,
    role: roles.stopped,
    nextRole: roles.unknown,
    runningOn: [],
    knownOn: new Set(),
    dangling: [],
    partialSource: undefined,
    partialTarget: undefined,
    lockedTo: undefined,
    lockedAtS: 0,
    priority: 0,
    configuredPriority: 0,
    sortIndex: 0,
    isUnassigned: true,
    isAssigning: false,
    isMerging: false,
    seat: undefined,
    table: new Map(),
    locations: [],
    thisWith: [],
    withThis: [],
    tickets: [],
    actions: [],
    actionsByKey: new Map(),
    hasPromotionScores: false,
    hasPromotionOrder: false,
  };
}

/** What only history knows: it runs or ran, and the configuration has it no more. */
export function createRemoved(world: World, id: string, agent: AgentInput): Resource {
  const config: ResourceInput = {
    ...connectionOf(id, ''),
    agent,
    meta: {},
  };
  if (agent.isConnection && !world.nodeByName.has(id)) {
    newNode(world, { id, name: id, kind: 'remote' });
  }
  const resource = createResource(world, config, undefined, undefined);
  resource.isRemoved = true;
  world.resources.push(resource);
  if (agent.isConnection) {
    world.hasRemoteNodes = true;
    const node = world.nodeByName.get(id);
    if (node !== undefined) {
      linkConnection(node, resource);
      node.isShuttingDown = true;
    }
  }
  if (!world.options.stopsRemoved) resource.isManaged = false;
  else addToScores(world, resource, undefined, -1_000_000);
  return resource;
}
