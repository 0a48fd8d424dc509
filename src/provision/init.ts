import { randomBytes, randomUUID } from 'node:crypto';

import { ClusterState } from '../core/store/cluster-state.ts';
import type { ClusterSecrets } from '../model/command.ts';
import { type ClusterConfig, defaultOptions } from '../model/config.ts';
import { problemText } from '../model/config-file/config-problem.ts';
import { readConfig } from '../model/config-file/read-config.ts';
import { profiles } from '../model/config-file/read-options.ts';
import { type NodeId, nodeId } from '../model/ids.ts';
import type { MemberAddress } from '../model/status.ts';

import {
  hasNodeFile,
  loadNodeFile,
  logDirectory,
  type NodeFile,
  storeNodeFile,
} from '../runtime/identity/node-file.ts';
import {
  createAuthority,
  createRequest,
  fingerprint,
  signRequest,
} from '../runtime/pki/authority.ts';
import { storeAuthority, storeCredentials } from '../runtime/pki/node-credentials.ts';
import { explained, refuseForeignAddresses } from './local-trouble.ts';
import { type InitOptions, type InitReport, LocalError } from './local-types.ts';
import {
  CERTIFICATE_DAYS,
  createLog,
  makeDirectories,
  memberAddresses,
  memberAlready,
  refuseLeftovers,
  refuseOtherNode,
} from './node-log.ts';

/** Makes this node the first member of a new cluster. Everything is in place, or nothing is. */
export function initCluster(options: InitOptions): Promise<InitReport> {
  return explained(() => makeCluster(options));
}

async function makeCluster(options: InitOptions): Promise<InitReport> {
  const { directories, name } = options;
  const node = nodeId(options.node);
  if (hasNodeFile(directories)) return sameCluster(options);
  refuseLeftovers(options);
  refuseForeignAddresses(options.links);
  makeDirectories(directories);
  const config = initialConfig(options);
  const links = memberAddresses(options.links);
  const clusterId = randomUUID();
  const authority = await createAuthority(clusterId);
  const request = await createRequest(node);
  const certificatePem = await signRequest({
    authority,
    clusterUuid: clusterId,
    node,
    requestPem: request.requestPem,
    days: CERTIFICATE_DAYS,
  });
  const secrets: ClusterSecrets = {
    datagramKeys: [{ generation: 1, secretBase64: randomBytes(32).toString('base64') }],
  };
  const seeds = [{ node, number: 1, addresses: links }];
  const file = { format: 1, cluster: name, clusterId, node, number: 1, links, seeds } as const;
  const initial = {
    data: initialState({
      clusterId,
      config,
      source: options.config,
      secrets,
      node,
      addresses: links,
      fingerprint: fingerprint(certificatePem),
    }),
    voters: [node],
  };
  await createLog(logDirectory(directories), clusterId, node, initial, () => {
    storeAuthority(directories.etc, authority);
    storeCredentials(directories.etc, {
      authorityPem: authority.certificatePem,
      certificatePem,
      keyPem: request.keyPem,
    });
    storeNodeFile(directories, { ...file, secrets });
  });
  return {
    cluster: name,
    clusterId,
    node,
    links: options.links,
    fingerprint: fingerprint(authority.certificatePem),
    changed: true,
    warnings: warningsFor(options),
  };
}

function sameCluster(options: InitOptions): InitReport {
  const file: NodeFile = loadNodeFile(options.directories);
  const isOther = file.cluster !== undefined && file.cluster !== options.name;
  if (isOther) throw memberAlready(options.directories, file);
  refuseOtherNode(options, file);
  return {
    cluster: options.name,
    clusterId: file.clusterId,
    node: file.node,
    links: file.links,
    fingerprint: '',
    changed: false,
    warnings: [],
  };
}

function initialConfig(options: InitOptions): ClusterConfig {
  if (options.config !== undefined) {
    const read = readConfig(options.config);
    if (read.kind === 'valid') return read.config;
    const text = read.problems.map(problemText).join('\n');
    throw new LocalError('invalid-config', text, 'mend the file and run the command again');
  }
  return {
    name: options.name,
    options: { ...defaultOptions, ...profiles[options.profile] },
    nodes: {},
    resources: [],
    rules: [],
  };
}

function initialState(first: {
  readonly clusterId: string;
  readonly config: ClusterConfig;
  readonly source: string | undefined;
  readonly secrets: ClusterSecrets;
  readonly node: NodeId;
  readonly addresses: readonly MemberAddress[];
  readonly fingerprint: string;
}): string {
  const { addresses, fingerprint: certificate, ...cluster } = first;
  const { node } = cluster;
  const state = new ClusterState();
  const atMs = Date.now();
  state.apply({ kind: 'bootstrap', ...cluster, atMs }, 1);
  const member = { node, addresses, fingerprint: certificate, tokenId: undefined };
  state.apply({ kind: 'add-node', ...member, atMs }, 2);
  return state.snapshot();
}

function warningsFor(options: InitOptions): readonly string[] {
  const warnings: string[] = [];
  if (options.links.length < 2) {
    warnings.push('there is one network path only: its loss separates this node from the others');
  }
  return warnings;
}
