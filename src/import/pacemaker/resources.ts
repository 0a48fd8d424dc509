import type {
  AgentInput,
  BundleInput,
  OperationInput,
  ResourceInput,
} from '../../core/scheduler/policy/input.ts';
import { isFalse } from '../../core/scheduler/policy/state.ts';
import { parseIntervalMs } from './conditions.ts';
import { childNamed, childrenNamed, type Element } from './element.ts';
import { dereference, readPairs, type Source } from './nvpairs.ts';

/** The resources of a configuration with what reading them needs. */
export interface ResourceSource {
  readonly index: ReadonlyMap<string, Element>;
  readonly nowS: number;
  readonly defaults: Element | undefined;
  readonly operationDefaults: Element | undefined;
}

const kinds: Readonly<Record<string, ResourceInput['kind']>> = {
  primitive: 'primitive',
  group: 'group',
  clone: 'clone',
  master: 'clone',
  bundle: 'bundle',
};

export function readResources(element: Element | undefined, from: ResourceSource): ResourceInput[] {
  return (element?.children ?? []).flatMap((child) => readResource(child, from) ?? []);
}

function readResource(element: Element, from: ResourceSource): ResourceInput | undefined {
  const kind = kinds[element.name];
  if (kind === undefined) return undefined;
  const whole = kind === 'primitive' ? withTemplate(element, from.index) : element;
  const agent = readAgent(whole);
  const source = sourceFor(from, agent);
  const meta = normalizeMeta(readPairs(whole, 'meta_attributes', source), element.name);
  const defaults = normalizeMeta(readPairs(from.defaults, 'meta_attributes', source), '');
  return {
    id: element.attributes.id ?? '',
    kind,
    agent,
    meta,
    defaults,
    parameters: readPairs(whole, 'instance_attributes', source),
    operations: readOperations(whole, from, agent),
    utilization: readPairs(whole, 'utilization', source),
    children: readResources(whole, from),
    bundle: kind === 'bundle' ? readBundle(whole) : undefined,
  };
}

function sourceFor(from: ResourceSource, agent: AgentInput): Source {
  const { standard, provider, type } = agent;
  return { index: from.index, circumstances: { nowS: from.nowS, standard, provider, type } };
}

export function readAgent(element: Element): AgentInput {
  const { class: standard = '', provider = '', type = '' } = element.attributes;
  return {
    standard,
    provider,
    type,
    isFenceDevice: standard === 'stonith',
    isConnection: standard === 'ocf' && provider === 'pacemaker' && type === 'remote',
  };
}

/** Settings under their names of today. */
function normalizeMeta(meta: Record<string, string>, element: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(meta)) {
    result[name.replace(/^master-/, 'promoted-').replace('promotion-', 'promoted-')] = value;
    result[name] = value;
  }
  for (const name of ['target-role'] as const) {
    const value = result[name];
    if (value === 'Master') result[name] = 'Promoted';
    if (value === 'Slave') result[name] = 'Unpromoted';
  }
  if (element === 'master') result.promotable = 'true';
  return result;
}

/** A primitive with what its template adds; its own settings come first. */
export function withTemplate(element: Element, index: ReadonlyMap<string, Element>): Element {
  const name = element.attributes.template;
  const template = name === undefined ? undefined : index.get(name);
  if (template === undefined) return element;
  const own = element.children.filter((child) => child.name !== 'operations');
  const inherited = template.children.filter((child) => child.name !== 'operations');
  return {
    name: element.name,
    attributes: { ...template.attributes, ...element.attributes },
    children: [...own, ...inherited, mergeOperations(element, template, index)],
  };
}

function mergeOperations(
  element: Element,
  template: Element,
  index: ReadonlyMap<string, Element>,
): Element {
  const own = operationsOf(element, index);
  const keys = new Set(own.map((item) => operationKey(item)));
  const inherited = operationsOf(template, index).filter((item) => !keys.has(operationKey(item)));
  return { name: 'operations', attributes: {}, children: [...own, ...inherited] };
}

function operationKey({ attributes }: Element): string {
  return `${attributes.name}-${parseIntervalMs(attributes.interval)}`;
}

export function operationsOf(
  element: Element,
  index: ReadonlyMap<string, Element>,
): readonly Element[] {
  return childrenNamed(element, 'operations').flatMap((list) =>
    childrenNamed(dereference(list, index), 'op').map((item) => dereference(item, index)),
  );
}

function readOperations(
  element: Element,
  from: ResourceSource,
  agent: AgentInput,
): readonly OperationInput[] {
  return operationsOf(element, from.index).map((operation): OperationInput => {
    const { name = '', role, enabled } = operation.attributes;
    const intervalMs = parseIntervalMs(operation.attributes.interval);
    const { circumstances } = sourceFor(from, agent);
    const source: Source = {
      index: from.index,
      circumstances: { ...circumstances, operation: name, intervalMs },
    };
    const meta = readPairs(operation, 'meta_attributes', source);
    const defaults = readPairs(from.operationDefaults, 'meta_attributes', source);
    return {
      name,
      intervalMs,
      role: role === 'Master' ? 'Promoted' : role === 'Slave' ? 'Unpromoted' : role,
      isEnabled: !isFalse(enabled ?? meta.enabled ?? defaults.enabled),
      onFail: operation.attributes['on-fail'] ?? meta['on-fail'] ?? defaults['on-fail'],
    };
  });
}

function readBundle(element: Element): BundleInput {
  const engine = element.children.find((child) => ['docker', 'podman', 'rkt'].includes(child.name));
  const attributes = engine?.attributes ?? {};
  const network = childNamed(element, 'network')?.attributes ?? {};
  const promotedMax = Number(attributes['promoted-max'] ?? attributes.masters ?? 0);
  const replicas = Number(attributes.replicas ?? (promotedMax > 0 ? promotedMax : 1));
  return {
    engine: engine?.name ?? 'docker',
    replicas,
    replicasPerHost: Number(attributes['replicas-per-host'] ?? 1),
    promotedMax,
    firstAddress: network['ip-range-start'],
    hasControlPort: network['control-port'] !== undefined,
  };
}
