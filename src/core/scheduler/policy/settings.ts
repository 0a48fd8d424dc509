import type { ResourceInput } from './input.ts';
import {
  INFINITE,
  intervalMs,
  isFalse,
  isTrue,
  numberOf,
  type Resource,
  type Settings,
  scoreOf,
  type World,
} from './state.ts';

type Meta = ReadonlyMap<string, string>;

/** Its own settings, then those of what it is part of, then the defaults. */
export function inheritMeta(config: ResourceInput, parent: Resource | undefined): Meta {
  const meta = new Map(Object.entries(config.defaults));
  for (const [name, value] of parent?.meta ?? []) meta.set(name, value);
  for (const [name, value] of Object.entries(config.meta)) meta.set(name, value);
  // Copies of a clone shall not be shuffled for nothing.
  if (config.kind === 'clone' && !meta.has('resource-stickiness')) {
    meta.set('resource-stickiness', '1');
  }
  return meta;
}

export function readSettings(
  world: World,
  config: ResourceInput,
  parent: Resource | undefined,
  meta: Meta,
): Settings {
  const inClone = config.kind === 'clone' ? meta : cloneMeta(parent);
  const unique = inClone === undefined || readUnique(inClone);
  const nodeMax = Math.max(0, numberOf(meta.get('clone-node-max'), 1));
  const cluster = world.nodes.length;
  return {
    stickiness: scoreOf(meta.get('resource-stickiness')),
    isCritical: !isFalse(meta.get('critical')),
    isUnique: unique,
    notifies: isTrue(meta.get('notify')),
    isPromotable: config.kind === 'clone' && isTrue(meta.get('promotable')),
    isOrdered: config.kind === 'group' || isTrue(meta.get('ordered')),
    interleaves: isTrue(meta.get('interleave')),
    cloneMax: numberOf(meta.get('clone-max'), Math.max(1, cluster)),
    cloneNodeMax: unique ? nodeMax : Math.min(nodeMax, 1),
    cloneMin: numberOf(meta.get('clone-min'), 0),
    promotedMax: numberOf(meta.get('promoted-max'), 1),
    promotedNodeMax: numberOf(meta.get('promoted-node-max'), 1),
    migrationThreshold: readThreshold(meta.get('migration-threshold')),
    multiplyActive: readMultiplyActive(meta.get('multiple-active')),
    needs: readNeeds(world, config, meta.get('requires')),
    reconnectMs: intervalMs(config.parameters.reconnect_interval),
    isMaintenance: world.options.isMaintenance || isTrue(meta.get('maintenance')),
    targetRole: meta.get('target-role'),
  };
}

function cloneMeta(parent: Resource | undefined): Meta | undefined {
  for (let up = parent; up !== undefined; up = up.parent) if (up.kind === 'clone') return up.meta;
  return undefined;
}

function readUnique(meta: Meta): boolean {
  const value = meta.get('globally-unique');
  return value === undefined ? numberOf(meta.get('clone-node-max'), 1) > 1 : isTrue(value);
}

function readThreshold(text: string | undefined): number {
  const value = scoreOf(text, INFINITE);
  return value < 0 ? INFINITE : value;
}

function readMultiplyActive(text: string | undefined): Settings['multiplyActive'] {
  switch (text?.toLowerCase()) {
    case 'stop_only':
      return 'stop';
    case 'block':
      return 'block';
    case 'stop_unexpected':
      return 'unexpected';
    default:
      return 'restart';
  }
}

function readNeeds(
  world: World,
  config: ResourceInput,
  text: string | undefined,
): Settings['needs'] {
  const hasFencing = world.options.fencing === 'on';
  const { isFenceDevice, isConnection } = config.agent;
  switch (text?.toLowerCase()) {
    case 'nothing':
      return 'nothing';
    case 'quorum':
      return 'quorum';
    case 'fencing':
      return 'fencing';
    case 'unfencing':
      return isFenceDevice || !hasFencing ? 'quorum' : 'unfencing';
    default:
  }
  if (isFenceDevice || isConnection) return 'quorum';
  if (world.usesUnfencing && hasFencing) return 'unfencing';
  if (hasFencing) return 'fencing';
  return world.options.withoutQuorum === 'ignore' ? 'nothing' : 'quorum';
}

export function needsFencing(resource: Resource): boolean {
  return resource.settings.needs === 'fencing' || resource.settings.needs === 'unfencing';
}
