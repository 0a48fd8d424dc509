import type { ClusterOptions, Rule } from '../../model/config.ts';
import { type InstanceId, type NodeId, primitiveOf, type ResourceId } from '../../model/ids.ts';
import type { Snapshot, Wish } from '../../model/plan.ts';
import type { Reason } from '../../model/reason.ts';
import type { Failure } from '../../model/status.ts';
import { type Facts, isActive, type Local, readFacts } from './facts.ts';
import { type NodeView, readNodes } from './nodes.ts';
import { type Instance, type Part, readUnits, type Units } from './units.ts';

/** Stage 1: the snapshot read once, with names resolved and everything numbered. */
export interface Situation extends Units {
  readonly wallMs: number;
  readonly options: ClusterOptions;
  readonly nodes: readonly NodeView[];
  readonly nodeIndex: ReadonlyMap<NodeId, number>;
  readonly rules: readonly Rule[];
  readonly failures: readonly Failure[];
  readonly wishes: readonly Wish[];
  readonly changed: ReadonlySet<InstanceId>;
  /** What is known on nodes where the configuration has no place for it. */
  readonly strays: readonly Stray[];
}

/** An instance on a node that nothing in the configuration asks for. */
export interface Stray {
  readonly instance: InstanceId;
  readonly primitive: ResourceId;
  readonly node: NodeView;
  readonly local: Local;
  readonly reason: Reason;
}

export function readSituation(snapshot: Snapshot): Situation {
  const nodes = readNodes(snapshot);
  const facts = readFacts(snapshot.status, nodes);
  const units = readUnits(snapshot.config, nodes, facts);
  return {
    ...units,
    wallMs: snapshot.wallMs,
    options: snapshot.config.options,
    nodes,
    nodeIndex: new Map(nodes.map((node) => [node.id, node.index])),
    rules: snapshot.config.rules.filter((rule) => !hasEnded(rule, snapshot.wallMs)),
    failures: snapshot.status.failures,
    wishes: snapshot.wishes,
    changed: new Set(snapshot.changed ?? []),
    strays: findStrays(units, nodes, facts),
  };
}

export function partOf(situation: Situation, instance: Instance): Part {
  const part = situation.parts[instance.part];
  if (part === undefined) throw new RangeError(`no part ${instance.part}`);
  return part;
}

export function nodeAt(situation: Situation, index: number): NodeView {
  const node = situation.nodes[index];
  if (node === undefined) throw new RangeError(`no node ${index}`);
  return node;
}

function hasEnded(rule: Rule, wallMs: number): boolean {
  return rule.kind === 'location' && rule.untilMs !== undefined && rule.untilMs <= wallMs;
}

function findStrays(units: Units, nodes: readonly NodeView[], facts: Facts): readonly Stray[] {
  const byId = new Map(units.instances.map((instance) => [instance.id, instance]));
  const strays: Stray[] = [];
  for (const [instance, locals] of facts) {
    const known = byId.get(instance);
    if (known !== undefined && known.home === undefined) continue;
    const primitive = primitiveOf(instance);
    for (const node of nodes) {
      const local = locals[node.index];
      if (local === undefined || known?.home === node.index) continue;
      const matters = isActive(local) || local.state === 'blocked' || local.order !== undefined;
      if (!matters || node.presence === 'left' || node.presence === 'absent') continue;
      const reason = strayReason(units, primitive, instance);
      strays.push({ instance, primitive, node, local, reason });
    }
  }
  return strays;
}

function strayReason(units: Units, primitive: ResourceId, instance: InstanceId): Reason {
  const clone = units.spans.get(primitive)?.unit.clone;
  if (clone === undefined || !instance.includes(':')) {
    return { rule: 'removed', resource: primitive };
  }
  return { rule: 'clone-limit', resource: clone.id, max: clone.max ?? clone.maxPerNode };
}
