import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { ClusterState } from '../core/store/cluster-state.ts';
import type { ClusterSecrets } from '../model/command.ts';
import { type ClusterConfig, defaultOptions } from '../model/config.ts';
import { problemText } from '../model/config-file/config-problem.ts';
import { readConfig } from '../model/config-file/read-config.ts';
import { profiles } from '../model/config-file/read-options.ts';
import { linkId, type NodeId, nodeId } from '../model/ids.ts';
import type { MemberAddress } from '../model/status.ts';
import { LogStore } from '../runtime/disk/log-store.ts';
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
import { type InitOptions, type InitReport, LocalError, type LocalLink } from './local-types.ts';

/** A node's certificate is renewed by joining anew; long, for nobody watches it yet. */
export const CERTIFICATE_DAYS: number = 10 * 365;

/** Makes this node the first member of a new cluster. Everything is in place, or nothing is. */
export async function initCluster(options: InitOptions): Promise<InitReport> {
  const { directories, name } = options;
  const node = nodeId(options.node);
  if (hasNodeFile(directories)) return sameCluster(options);
  refuseLeftovers(options);
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
  await createLog(logDirectory(directories), clusterId, node, {
    data: initialState(clusterId, config, options.config, secrets, node, links),
    voters: [node],
  });
  storeAuthority(directories.etc, authority);
  storeCredentials(directories.etc, {
    authorityPem: authority.certificatePem,
    certificatePem,
    keyPem: request.keyPem,
  });
  const seeds = [{ node, number: 1, addresses: links }];
  storeNodeFile(directories, { format: 1, clusterId, node, number: 1, links, seeds, secrets });
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

/** The log of a node that was admitted: empty, until the leader fills it. */
export function createEmptyLog(directory: string, clusterId: string, node: NodeId): Promise<void> {
  return createLog(directory, clusterId, node, undefined);
}

export function memberAddresses(links: readonly LocalLink[]): readonly MemberAddress[] {
  return links.map(({ link, host, port }) => ({ link: linkId(link), host, port }));
}

/** A log without a node file is another node's, or what is left of one: nobody deletes it unasked. */
export function refuseLeftovers(options: {
  readonly directories: InitOptions['directories'];
}): void {
  const directory = logDirectory(options.directories);
  if (!existsSync(directory)) return;
  throw new LocalError(
    'exists',
    `${directory} holds the log of a former node`,
    `move it away if it is not needed: mv ${directory} ${directory}.old`,
  );
}

function sameCluster(options: InitOptions): InitReport {
  const file: NodeFile = loadNodeFile(options.directories);
  if (file.node !== options.node) {
    throw new LocalError(
      'exists',
      `this machine is node ${file.node} of a cluster already`,
      'to begin anew, stop the agent and remove its directories',
    );
  }
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

function initialState(
  clusterId: string,
  config: ClusterConfig,
  source: string | undefined,
  secrets: ClusterSecrets,
  node: NodeId,
  addresses: readonly MemberAddress[],
): string {
  const state = new ClusterState();
  const atMs = Date.now();
  state.apply({ kind: 'bootstrap', clusterId, config, source, secrets, node, atMs }, 1);
  state.apply({ kind: 'add-node', node, addresses, tokenId: undefined, atMs }, 2);
  return state.snapshot();
}

/** Made beside its place and moved there when it is whole, so that a crash leaves nothing half-done. */
async function createLog(
  directory: string,
  clusterUuid: string,
  node: NodeId,
  initial: { readonly data: string; readonly voters: readonly NodeId[] } | undefined,
): Promise<void> {
  const made = `${directory}.new`;
  rmSync(made, { recursive: true, force: true });
  mkdirSync(dirname(directory), { recursive: true, mode: 0o700 });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const store = await LogStore.open({
    directory: made,
    identity: { clusterUuid, node },
    create: true,
    onWritten: () => resolve(),
    onTrouble: (error) => reject(error),
    onRecovered: () => {},
  });
  try {
    if (initial === undefined) {
      store.write(1, { floor: 0 });
    } else {
      const snapshot = {
        index: 2,
        term: 1,
        configuration: { voters: initial.voters, learners: [] },
        configurationIndex: 1,
        data: initial.data,
      };
      store.write(1, { raft: { term: 1, commit: 2, snapshot } });
    }
    await promise;
  } finally {
    await store.close();
  }
  renameSync(made, directory);
}

function warningsFor(options: InitOptions): readonly string[] {
  const warnings: string[] = [];
  if (options.links.length < 2) {
    warnings.push('there is one network path only: its loss separates this node from the others');
  }
  return warnings;
}
