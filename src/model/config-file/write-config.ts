import { Document, isMap, isScalar, parseDocument, visit } from 'yaml';
import { canonicalJson } from '../../base/canonical-json.ts';
import { agentName } from '../agent-spec.ts';
import {
  type ClusterConfig,
  type ClusterOptions,
  defaultMeta,
  defaultNode,
  defaultOptions,
  INFINITY_SCORE,
  type MetaConfig,
  type MonitorConfig,
  type NodeConfig,
  type PrimitiveConfig,
  type ResourceConfig,
  type Rule,
} from '../config.ts';
import { durationText } from '../duration.ts';
import { utcText } from '../utc-time.ts';
import { tightLists } from './edit-text.ts';
import { operationDefaults } from './read-resources.ts';
import { PREFER_SCORE } from './read-rules.ts';

type Plain = Readonly<Record<string, unknown>>;

/** The text of a configuration, without what is a default: reading it gives the same again. */
export function writeConfig(config: ClusterConfig): string {
  const sections = sectionsOf(config);
  const document = new Document({ cluster: config.name, ...sections });
  // Leaves of maps and lists of names on one line each, as people write them.
  visit(document, {
    Seq: (_, list) => {
      if (list.items.every(isScalar)) list.flow = true;
    },
    Map: (_, map) => {
      if (map.items.length <= 3 && map.items.every(({ value }) => isScalar(value))) map.flow = true;
    },
    Pair: (_, { key, value }) => {
      if (isMap(value) && isScalar(key) && flowKeys.has(String(key.value))) value.flow = true;
    },
  });
  if (isMap(document.contents)) document.contents.flow = false;
  const text = document.toString({ lineWidth: 0 });
  const tight = tightLists(text);
  const isSame = canonicalJson(parseDocument(tight).toJS()) === canonicalJson(document.toJS());
  return isSame ? tight : text;
}

const flowKeys = new Set(['with', 'attributes', 'order', 'together', 'apart', 'prefer', 'avoid']);

function sectionsOf(config: ClusterConfig): Plain {
  const resources: Record<string, Plain> = {};
  const groups: Record<string, Plain> = {};
  const clones: Record<string, Plain> = {};
  const put = (resource: ResourceConfig): void => {
    const { id, meta } = resource;
    switch (resource.kind) {
      case 'primitive':
        resources[id] = primitiveBody(resource);
        return;
      case 'group':
        for (const member of resource.members) put(member);
        groups[id] = { members: resource.members.map((member) => member.id), ...metaBody(meta) };
        return;
      case 'clone':
        put(resource.of);
        clones[id] = {
          of: resource.of.id,
          ...unless('max', resource.max, undefined),
          ...unless('max-per-node', resource.maxPerNode, 1),
          ...unless('interleave', resource.interleave, true),
          ...metaBody(meta),
        };
    }
  };
  for (const resource of config.resources) put(resource);
  return {
    ...some('options', optionsBody(config.options)),
    ...some('nodes', nodesBody(config.nodes)),
    ...some('resources', resources),
    ...some('groups', groups),
    ...some('clones', clones),
    ...(config.rules.length === 0 ? {} : { rules: config.rules.map(ruleBody) }),
  };
}

function some(key: string, value: Plain): Plain {
  return Object.keys(value).length === 0 ? {} : { [key]: value };
}

function unless(key: string, value: unknown, otherwise: unknown): Plain {
  return value === otherwise ? {} : { [key]: value };
}

function time(key: string, ms: number, otherwiseMs: number): Plain {
  return ms === otherwiseMs ? {} : { [key]: durationText(ms) };
}

function optionsBody(options: ClusterOptions): Plain {
  const normal = defaultOptions;
  return {
    ...some('detect', {
      ...time('min', options.detectMinMs, normal.detectMinMs),
      ...time('max', options.detectMaxMs, normal.detectMaxMs),
    }),
    ...time('self-stop', options.selfStopMs, normal.selfStopMs),
    ...time('agent-grace', options.agentGraceMs, normal.agentGraceMs),
    ...unless('takeover', options.takeover, normal.takeover),
    ...unless('on-lease-lost', options.onLeaseLost, normal.onLeaseLost),
    ...unless('stickiness', options.stickiness, normal.stickiness),
    ...unless('maintenance', options.maintenance, normal.maintenance),
    ...unless('symmetric', options.symmetric, normal.symmetric),
  };
}

function nodesBody(nodes: Readonly<Record<string, NodeConfig>>): Plain {
  return Object.fromEntries(
    Object.entries(nodes).map(([name, node]) => [
      name,
      {
        ...unless('standby', node.standby, defaultNode.standby),
        ...unless('maintenance', node.maintenance, defaultNode.maintenance),
        ...unless('role', node.role, defaultNode.role),
        ...some('attributes', node.attributes),
      },
    ]),
  );
}

function primitiveBody({ agent, parameters, operations, meta }: PrimitiveConfig): Plain {
  return {
    agent: agentName(agent),
    ...some('with', parameters),
    ...some('start', time('timeout', operations.startTimeoutMs, operationDefaults.startTimeoutMs)),
    ...some('stop', time('timeout', operations.stopTimeoutMs, operationDefaults.stopTimeoutMs)),
    ...monitorsBody(operations.monitors),
    ...metaBody(meta),
  };
}

function monitorsBody(monitors: readonly MonitorConfig[]): Plain {
  const [first, second] = monitors;
  if (first === undefined) return { monitor: 'off' };
  if (second === undefined) return some('monitor', monitorBody(first));
  return { monitor: monitors.map(monitorBody) };
}

function monitorBody({ intervalMs, timeoutMs, depth }: MonitorConfig): Plain {
  const normal = operationDefaults.monitor;
  return {
    ...time('every', intervalMs, normal.intervalMs),
    ...time('timeout', timeoutMs, normal.timeoutMs),
    ...unless('depth', depth, normal.depth),
  };
}

function metaBody(meta: MetaConfig): Plain {
  return {
    ...(meta.targetRole === 'stopped' ? { stopped: true } : {}),
    ...unless('managed', meta.managed, defaultMeta.managed),
    ...unless('maintenance', meta.maintenance, defaultMeta.maintenance),
    ...unless('priority', meta.priority, defaultMeta.priority),
    ...unless('stickiness', meta.stickiness, defaultMeta.stickiness),
    ...unless('restarts', meta.restarts, defaultMeta.restarts),
    ...time('failure-window', meta.failureWindowMs, defaultMeta.failureWindowMs),
  };
}

function ruleBody(rule: Rule): Plain {
  switch (rule.kind) {
    case 'location':
      return locationBody(rule);
    case 'colocation': {
      const verb = rule.score < 0 ? 'apart' : 'together';
      const { id, dependent, primary } = rule;
      return {
        [verb]: {
          dependent,
          with: primary,
          ...unless('score', Math.abs(rule.score), INFINITY_SCORE),
          ...unless('id', id, `${verb}-${dependent}-${primary}`),
        },
      };
    }
    case 'order':
      return {
        order: {
          first: rule.first,
          ...{ then: rule.then },
          ...unless('optional', rule.strength === 'optional', false),
          ...unless('symmetrical', rule.symmetrical, true),
          ...unless('id', rule.id, `order-${rule.first}-${rule.then}`),
        },
      };
  }
}

function locationBody(rule: Extract<Rule, { readonly kind: 'location' }>): Plain {
  const absolute = Math.abs(rule.score) >= INFINITY_SCORE;
  const verb = rule.score > 0 ? 'prefer' : absolute ? 'never' : 'avoid';
  const { resource, node, untilMs } = rule;
  return {
    [verb]: {
      resource,
      node,
      ...(verb === 'never'
        ? {}
        : unless('score', absolute ? 'infinity' : Math.abs(rule.score), PREFER_SCORE)),
      ...unless('id', rule.id, `${verb}-${resource}-${node}`),
      ...(untilMs === undefined ? {} : { until: utcText(untilMs) }),
    },
  };
}
