import type { Prng } from '../base/prng.ts';
import type { AgentSpec } from '../model/agent-spec.ts';
import type { Command } from '../model/command.ts';
import {
  type ClusterConfig,
  type ClusterOptions,
  defaultMeta,
  defaultOptions,
  type MetaConfig,
  type PrimitiveConfig,
  type ResourceConfig,
  type Rule,
} from '../model/config.ts';
import { type LinkId, linkId, type NodeId, nodeId, resourceId } from '../model/ids.ts';
import { createdImage, type DiskImage } from './disk-image.ts';
import { addressesOf } from './host.ts';

export const hostNames: readonly NodeId[] = [
  'alpha',
  'bravo',
  'charlie',
  'delta',
  'echo',
  'foxtrot',
  'golf',
].map((name) => nodeId(name));

export const linkNames: readonly LinkId[] = [linkId('net0'), linkId('net1')];

const START_MS = 1_700_000_000_000;

/** One resource with checks that are short enough to matter within a run. */
export function primitive(
  id: string,
  agent: AgentSpec,
  meta: Partial<MetaConfig> = {},
): PrimitiveConfig {
  return {
    kind: 'primitive',
    id: resourceId(id),
    agent,
    parameters: agent.kind === 'address' ? { ip: '10.0.0.100' } : {},
    operations: {
      startTimeoutMs: 5000,
      stopTimeoutMs: 5000,
      monitors: [{ intervalMs: 5000, timeoutMs: 3000, depth: 0 }],
    },
    meta: { ...defaultMeta, ...meta },
  };
}

/** A floating address with a web server behind it, as a group. */
export function frontGroup(): ResourceConfig {
  return {
    kind: 'group',
    id: resourceId('front'),
    members: [
      primitive('vip', { kind: 'address' }),
      primitive('web', { kind: 'ocf', provider: 'heartbeat', type: 'nginx' }),
    ],
    meta: defaultMeta,
  };
}

export function sampleConfig(
  resources: readonly ResourceConfig[],
  options: Partial<ClusterOptions> = {},
  rules: readonly Rule[] = [],
): ClusterConfig {
  return {
    name: 'simulated',
    options: { ...defaultOptions, ...options },
    nodes: {},
    resources,
    rules,
  };
}

/** What a run works with: the group, two single resources, and sometimes a clone. */
export function drawResources(prng: Prng): readonly ResourceConfig[] {
  const resources: ResourceConfig[] = [
    frontGroup(),
    primitive('db', { kind: 'process' }, { restarts: prng.integer(0, 3) }),
    primitive('backup', { kind: 'systemd', unit: 'backup' }),
  ];
  if (prng.chance(0.3)) {
    resources.push({
      kind: 'clone',
      id: resourceId('caches'),
      of: primitive('cache', { kind: 'process' }),
      max: undefined,
      maxPerNode: 1,
      interleave: true,
      meta: defaultMeta,
    });
  }
  return resources;
}

/** The log of a cluster that was just created, the same on the disk of each of its nodes. */
export function createdCluster(
  nodes: readonly NodeId[],
  voters: readonly NodeId[],
  config: ClusterConfig,
): () => DiskImage {
  const learners = nodes.filter((node) => !voters.includes(node));
  const commands: Command[] = [
    {
      kind: 'bootstrap',
      clusterId: '00000000-0000-4000-8000-000000000000',
      config,
      source: undefined,
      secrets: { datagramKeys: [] },
      node: nodes[0] ?? nodeId('alpha'),
      atMs: START_MS,
    },
  ];
  nodes.forEach((node, index) => {
    commands.push({
      kind: 'add-node',
      node,
      addresses: addressesOf(index, linkNames),
      tokenId: undefined,
      atMs: START_MS,
    });
  });
  return () => createdImage({ voters, learners }, commands);
}
