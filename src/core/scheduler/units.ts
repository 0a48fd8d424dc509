import type {
  CloneConfig,
  ClusterConfig,
  GroupConfig,
  MetaConfig,
  PrimitiveConfig,
  ResourceConfig,
} from '../../model/config.ts';
import { type InstanceId, instanceId, type ResourceId } from '../../model/ids.ts';
import type { Reason } from '../../model/reason.ts';
import { type Copy, type KnownCopies, knownCopies, numberCopies } from './copies.ts';
import { type Facts, type Local, unknownEverywhere } from './facts.ts';
import type { NodeView } from './nodes.ts';

/** What is placed as a whole: a primitive, a group, or a clone of either. */
export interface Unit {
  readonly index: number;
  readonly id: ResourceId;
  /** The group, outside or inside the clone. */
  readonly group: ResourceId | undefined;
  /** Undefined: it may run once only. */
  readonly clone: CloneConfig | undefined;
  readonly priority: number;
  /** In the order in which they start. */
  readonly parts: readonly Part[];
  /** The copies of a clone; for anything else one without a home. */
  readonly copies: readonly (Copy | undefined)[];
}

/** One primitive of a unit. */
export interface Part {
  readonly index: number;
  readonly unit: number;
  readonly position: number;
  readonly primitive: PrimitiveConfig;
  readonly stickiness: number;
  /** Why it shall not run at all. */
  readonly intended: Reason | undefined;
  /** Why nothing may be done with it anywhere. */
  readonly frozen: Reason | undefined;
  /** One for each copy of the unit, in their order. */
  readonly instances: readonly Instance[];
}

export interface Instance {
  readonly index: number;
  readonly id: InstanceId;
  readonly part: number;
  readonly copy: number;
  /** The node that a clone's copy belongs to; undefined: it may run on any, on one at a time. */
  readonly home: number | undefined;
  readonly locals: readonly Local[];
}

/** What a resource's name stands for: parts `from` to `to` of a unit. */
export interface Span {
  readonly unit: Unit;
  readonly from: number;
  readonly to: number;
}

export interface Units {
  readonly units: readonly Unit[];
  readonly parts: readonly Part[];
  readonly instances: readonly Instance[];
  readonly spans: ReadonlyMap<ResourceId, Span>;
}

export function readUnits(config: ClusterConfig, nodes: readonly NodeView[], facts: Facts): Units {
  const reader: Reader = {
    config,
    nodes,
    facts,
    known: knownCopies(facts),
    nowhere: unknownEverywhere(nodes),
  };
  const units: Unit[] = [];
  const parts: Part[] = [];
  const instances: Instance[] = [];
  for (const resource of config.resources) {
    const unit = readUnit(reader, resource, units.length, parts.length, instances.length);
    units.push(unit);
    for (const part of unit.parts) {
      parts.push(part);
      instances.push(...part.instances);
    }
  }
  return { units, parts, instances, spans: new Map(units.flatMap(namesOf)) };
}

interface Reader {
  readonly config: ClusterConfig;
  readonly nodes: readonly NodeView[];
  readonly facts: Facts;
  readonly known: KnownCopies;
  readonly nowhere: readonly Local[];
}

function readUnit(
  reader: Reader,
  resource: ResourceConfig,
  index: number,
  firstPart: number,
  firstInstance: number,
): Unit {
  const clone = resource.kind === 'clone' ? resource : undefined;
  const inner: PrimitiveConfig | GroupConfig = resource.kind === 'clone' ? resource.of : resource;
  const group = inner.kind === 'group' ? inner : undefined;
  const primitives = inner.kind === 'group' ? inner.members : [inner];
  const ids = primitives.map((primitive) => primitive.id);
  const copies =
    clone === undefined
      ? [undefined]
      : numberCopies(ids, Math.max(1, clone.maxPerNode), reader.nodes, reader.known);
  const parents = [group, clone].filter((parent) => parent !== undefined);
  return {
    index,
    id: resource.id,
    group: group?.id,
    clone,
    priority: resource.meta.priority,
    copies,
    parts: primitives.map((primitive, position) => ({
      ...inherited(reader.config, primitive, parents),
      index: firstPart + position,
      unit: index,
      position,
      primitive,
      instances: copies.map((copy, number): Instance => {
        const id = instanceId(copy === undefined ? primitive.id : `${primitive.id}:${copy.number}`);
        return {
          index: firstInstance + position * copies.length + number,
          id,
          part: firstPart + position,
          copy: number,
          home: copy?.home,
          locals: reader.facts.get(id) ?? reader.nowhere,
        };
      }),
    })),
  };
}

interface Parent {
  readonly id: ResourceId;
  readonly meta: MetaConfig;
}

/** What a primitive has from itself, its group, its clone and the cluster. */
function inherited(
  config: ClusterConfig,
  primitive: PrimitiveConfig,
  parents: readonly Parent[],
): Pick<Part, 'stickiness' | 'intended' | 'frozen'> {
  const chain: readonly Parent[] = [primitive, ...parents];
  const stopped = chain.find((item) => item.meta.targetRole === 'stopped');
  const resting = chain.find((item) => item.meta.maintenance);
  const unmanaged = chain.find((item) => !item.meta.managed);
  return {
    stickiness:
      chain.find((item) => item.meta.stickiness !== undefined)?.meta.stickiness ??
      config.options.stickiness,
    intended: stopped && { rule: 'intended-stop', resource: stopped.id },
    frozen:
      (config.options.maintenance ? { rule: 'cluster-maintenance' } : undefined) ??
      (resting && { rule: 'resource-maintenance', resource: resting.id }) ??
      (unmanaged && { rule: 'unmanaged', resource: unmanaged.id }),
  };
}

function namesOf(unit: Unit): readonly (readonly [ResourceId, Span])[] {
  const whole: Span = { unit, from: 0, to: unit.parts.length - 1 };
  const inner = unit.parts.map((part): readonly [ResourceId, Span] => [
    part.primitive.id,
    { unit, from: part.position, to: part.position },
  ]);
  return unit.group === undefined
    ? [...inner, [unit.id, whole]]
    : [...inner, [unit.group, whole], [unit.id, whole]];
}
