import type { NodeInput, PolicyInput } from '../../core/scheduler/policy/input.ts';
import { isTrue } from '../../core/scheduler/policy/state.ts';
import { readConstraints } from './constraints.ts';
import { newDefinitionReader, type ParametersOf } from './definition.ts';
import { childNamed, childrenNamed, type Element, indexById, parseXml } from './element.ts';
import { readPairs, type Source } from './nvpairs.ts';
import { readOptions } from './options.ts';
import { operationsOf, readResources, withTemplate } from './resources.ts';
import { readNodeStates, readTickets } from './status.ts';

/** A Pacemaker configuration with its status, as the policy reads it. `nowS`: where it names no time. */
export function readCib(text: string, nowS: number): PolicyInput {
  const cib = parseXml(text);
  const at = cib.attributes['execution-date'];
  const time = at === undefined ? nowS : Number(at);
  const configuration = childNamed(cib, 'configuration');
  const status = childNamed(cib, 'status');
  const index = indexById(cib);
  const source: Source = { index, circumstances: { nowS: time } };
  const isQuorate = isTrue(cib.attributes['have-quorum']);
  const options = readPairs(
    childNamed(configuration, 'crm_config'),
    'cluster_property_set',
    source,
    'cib-bootstrap-options',
  );
  const resources = childNamed(configuration, 'resources');
  const from = {
    index,
    nowS: time,
    defaults: childNamed(configuration, 'rsc_defaults'),
    operationDefaults: childNamed(configuration, 'op_defaults'),
  };
  const inputs = readResources(resources, from);
  const nodes = readNodes(childNamed(configuration, 'nodes'), source);
  const parameters = parametersReader(resources, index, source, nodes, status);
  return {
    nowS: time,
    options: readOptions(cib, options, isQuorate),
    isQuorate,
    nodes,
    resources: inputs,
    constraints: readConstraints(childNamed(configuration, 'constraints'), {
      index,
      nowS: time,
      groups: readGroups(configuration),
      names: inputs.map((resource) => resource.id),
    }),
    tickets: readTickets(status),
    states: readNodeStates(status, source, newDefinitionReader(parameters)),
    leader: cib.attributes['dc-uuid'],
  };
}

function readNodes(element: Element | undefined, source: Source): readonly NodeInput[] {
  return childrenNamed(element, 'node').map((node) => {
    const { id = '', uname, type } = node.attributes;
    const kind = type === 'remote' || type === 'ping' ? type : 'member';
    return {
      id,
      name: uname ?? id,
      kind,
      attributes: readPairs(node, 'instance_attributes', source),
      utilization: readPairs(node, 'utilization', source),
    };
  });
}

/** Tags, and templates for the resources made from them. */
function readGroups(configuration: Element | undefined): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  const add = (name: string, id: string): void => {
    groups.set(name, [...(groups.get(name) ?? []), id]);
  };
  const visit = (element: Element): void => {
    const { id, template } = element.attributes;
    if (element.name === 'template' && id !== undefined) groups.set(id, groups.get(id) ?? []);
    if (element.name === 'primitive' && id !== undefined && template !== undefined) {
      add(template, id);
    }
    for (const child of element.children) visit(child);
  };
  for (const child of childNamed(configuration, 'resources')?.children ?? []) visit(child);
  for (const tag of childrenNamed(childNamed(configuration, 'tags'), 'tag')) {
    for (const reference of childrenNamed(tag, 'obj_ref')) {
      add(tag.attributes.id ?? '', reference.attributes.id ?? '');
    }
  }
  return groups;
}

/** What each primitive's parameters are on each node, for the comparison with what it was started with. */
function parametersReader(
  resources: Element | undefined,
  index: ReadonlyMap<string, Element>,
  source: Source,
  nodes: readonly NodeInput[],
  status: Element | undefined,
): ParametersOf {
  // Each with what it is part of, whose parameters it has as well.
  const primitives = new Map<string, readonly Element[]>();
  const visit = (element: Element, above: readonly Element[]): void => {
    const { id } = element.attributes;
    const line = [element, ...above];
    if (element.name === 'primitive' && id !== undefined) primitives.set(id, line);
    for (const child of element.children) visit(child, line);
  };
  for (const child of resources?.children ?? []) visit(child, []);
  const attributes = new Map<string, ReadonlyMap<string, string>>();
  const attributesOf = (name: string): ReadonlyMap<string, string> => {
    const found = attributes.get(name);
    if (found !== undefined) return found;
    const state = childrenNamed(status, 'node_state').find(
      (item) => (item.attributes.uname ?? item.attributes.id) === name,
    );
    const transient = readPairs(
      childNamed(state, 'transient_attributes'),
      'instance_attributes',
      source,
    );
    const lasting = nodes.find((node) => node.name === name)?.attributes ?? {};
    const all = new Map([['#uname', name], ...Object.entries({ ...lasting, ...transient })]);
    attributes.set(name, all);
    return all;
  };
  return (resource, node, task) => {
    const [element, ...above] = primitives.get(resource.replace(/:\d+$/, '')) ?? [];
    if (element === undefined) return undefined;
    const whole = withTemplate(element, index);
    const here: Source = { ...source, attributes: attributesOf(node) };
    const inherited = above.map((parent) => readPairs(parent, 'instance_attributes', here));
    const own = Object.assign(
      {},
      ...inherited.toReversed(),
      readPairs(whole, 'instance_attributes', here),
    ) as Record<string, string>;
    const operation = operationsOf(whole, index).find(
      (item) => item.attributes.name === task && Number(item.attributes.interval ?? 0) === 0,
    );
    return { own, extra: readPairs(operation, 'instance_attributes', here) };
  };
}
