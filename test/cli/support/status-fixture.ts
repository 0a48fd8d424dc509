import type { LinkReport, PeerReport, StatusReport } from '../../../src/api/requests.ts';
import type { ClusterConfig } from '../../../src/model/config.ts';
import { readConfig } from '../../../src/model/config-file/read-config.ts';
import { instanceId, linkId, nodeId, resourceId } from '../../../src/model/ids.ts';
import type { Failure, InstanceStatus, MemberStatus } from '../../../src/model/status.ts';

/** The wall clock of every fixture: 2026-11-20T14:00:00Z. */
export const wallMs: number = Date.UTC(2026, 10, 20, 14);

export const siteText = `# the shop
cluster: demo
resources:
  ip: { agent: address, with: { ip: 10.77.0.100/24 } }
  web:
    agent: ocf:heartbeat:nginx # the front
    start: { timeout: 40s }
  backup: { agent: systemd:backup }
  haproxy: { agent: systemd:haproxy }
groups:
  site: { members: [ip, web] }
clones:
  proxy: { of: haproxy }
`;

export function configOf(text: string): ClusterConfig {
  const read = readConfig(text);
  if (read.kind === 'valid') return read.config;
  throw new Error(JSON.stringify(read.problems));
}

export function member(name: string, over: Partial<MemberStatus> = {}): MemberStatus {
  const number = ['alpha', 'bravo', 'charlie', 'delta'].indexOf(name) + 1;
  return {
    node: nodeId(name),
    number,
    addresses: [
      { link: linkId('net0'), host: `10.0.0.${number}`, port: 7400 },
      { link: linkId('net1'), host: `10.0.1.${number}`, port: 7400 },
    ],
    incarnation: 10 + number,
    presence: 'joined',
    selfStopMs: 500,
    sinceMs: wallMs - 7_400_000,
    version: '0.1.0',
    ...over,
  };
}

export function running(name: string, node: string, forMs: number): InstanceStatus {
  return {
    instance: instanceId(name),
    node: nodeId(node),
    role: 'started',
    assignment: 7,
    failed: undefined,
    blocked: undefined,
    sinceMs: wallMs - forMs,
  };
}

export function failure(name: string, node: string, over: Partial<Failure> = {}): Failure {
  return {
    instance: instanceId(name),
    node: nodeId(node),
    action: 'monitor',
    exitCode: 7,
    reason: 'not running',
    atMs: wallMs - 4000,
    ...over,
  };
}

export function peer(name: string, over: Partial<PeerReport> = {}): PeerReport {
  const others = ['alpha', 'bravo', 'charlie'].filter((other) => other !== name);
  return {
    node: nodeId(name),
    heard: true,
    forMs: 7_000_000,
    agent: true,
    hears: others.map(nodeId),
    grantMs: 500,
    ...over,
  };
}

export function link(name: string, to: string, over: Partial<LinkReport> = {}): LinkReport {
  return {
    peer: nodeId(to),
    link: linkId(name),
    up: true,
    forMs: 7_000_000,
    rttMs: 0.42,
    lossPercent: 0,
    ...over,
  };
}

/** Three nodes, all well: the site runs on bravo, the backup on charlie, a proxy everywhere. */
export function calm(over: Partial<StatusReport> = {}): StatusReport {
  const { options, nodes, resources } = configOf(siteText);
  return {
    apiVersion: 1,
    version: '0.1.0',
    cluster: 'demo',
    clusterId: '6f1d4f9e-0000-4000-8000-000000000000',
    self: nodeId('alpha'),
    configVersion: 12,
    raft: {
      role: 'follower',
      term: 3,
      leader: nodeId('bravo'),
      quorate: true,
      voters: ['alpha', 'bravo', 'charlie'].map(nodeId),
      learners: [],
      commitIndex: 40,
      appliedIndex: 40,
      lastIndex: 40,
    },
    lease: { standing: true, incarnation: 11, leftMs: 450 },
    failover: { detectMs: 520, takeoverMs: 1070 },
    links: ['bravo', 'charlie'].flatMap((to) => [link('net0', to), link('net1', to)]),
    peers: [peer('bravo'), peer('charlie')],
    options,
    nodes,
    resources,
    facts: {
      index: 40,
      members: [member('alpha'), member('bravo'), member('charlie')],
      instances: [
        running('ip', 'bravo', 3_600_000),
        running('web', 'bravo', 3_599_000),
        running('backup', 'charlie', 7_000_000),
        running('haproxy:0', 'alpha', 7_000_000),
        running('haproxy:1', 'bravo', 7_000_000),
        running('haproxy:2', 'charlie', 7_000_000),
      ],
      orders: [],
      failures: [],
    },
    assignments: ['ip', 'web'].map((name) => ({
      instance: instanceId(name),
      resource: resourceId(name),
      node: nodeId('bravo'),
      reason: { rule: 'stickiness', node: nodeId('bravo'), score: 1 },
      candidates: [],
    })),
    actions: [],
    settled: true,
    trouble: [],
    wallMs,
    ...over,
  };
}

/** Bravo lost power three seconds ago; its resources are on their way to alpha. */
export function oneNodeLost(): StatusReport {
  const base = calm();
  const [alpha, , charlie] = base.facts.members;
  const lost = member('bravo', { presence: 'lost', sinceMs: wallMs - 3000 });
  return {
    ...base,
    raft: { ...base.raft, leader: nodeId('charlie'), term: 4 },
    peers: [peer('bravo', { heard: false, forMs: 3520, hears: [] }), peer('charlie')],
    links: base.links.map((item) =>
      item.peer === 'bravo' ? { ...item, up: false, forMs: 3400, rttMs: undefined } : item,
    ),
    facts: { ...base.facts, members: [alpha ?? lost, lost, charlie ?? lost] },
    settled: false,
  };
}

/** The switch died: this node hears nobody. */
export function noQuorum(): StatusReport {
  const base = calm();
  return {
    ...base,
    raft: { ...base.raft, role: 'candidate', leader: undefined, quorate: false },
    lease: { standing: false, incarnation: 11, leftMs: undefined },
    peers: ['bravo', 'charlie'].map((name) => peer(name, { heard: false, forMs: 8000, hears: [] })),
    links: base.links.map((item) => ({ ...item, up: false, forMs: 8000, rttMs: undefined })),
    settled: false,
  };
}

/** The web server died and could not be started again; the backup's stop failed. */
export function failedResource(): StatusReport {
  const base = calm();
  const dead = failure('web', 'bravo', {
    action: 'start',
    exitCode: 1,
    reason: 'bind() to 0.0.0.0:80 failed (98: Address already in use)',
  });
  const stuck = failure('backup', 'charlie', { action: 'stop', reason: 'timed out after 60 s' });
  const instances = base.facts.instances.map((item) => {
    if (item.instance === 'web') return { ...item, role: 'stopped' as const, failed: dead };
    return item.instance === 'backup' ? { ...item, blocked: stuck } : item;
  });
  return { ...base, facts: { ...base.facts, instances, failures: [dead, stuck] } };
}

/** Maintenance of the cluster, a standby node, a resource that is stopped by wish. */
export function maintenance(): StatusReport {
  const text = siteText
    .replace(
      'resources:',
      'options: { maintenance: true }\nnodes: { charlie: { standby: true } }\nresources:',
    )
    .replace('systemd:backup', 'systemd:backup, stopped: true');
  const { options, nodes, resources } = configOf(text);
  const base = calm({ options, nodes, resources });
  const instances = base.facts.instances.filter(({ instance }) => instance !== 'backup');
  return { ...base, facts: { ...base.facts, instances } };
}
