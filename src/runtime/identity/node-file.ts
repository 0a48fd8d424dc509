import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterSecrets } from '../../model/command.ts';
import { type NodeId, nodeId } from '../../model/ids.ts';
import type { MemberAddress } from '../../model/status.ts';
import {
  CredentialError,
  readSecurely,
  secureDirectory,
  writeAtomically,
} from '../pki/secure-files.ts';

/** Format of the file; another number is another version of the program. */
const FORMAT = 1;

/** Where a node keeps what it owns. */
export interface NodeDirectories {
  /** Identity: certificates, keys, the node file. */
  readonly etc: string;
  /** State: the log with its snapshots. */
  readonly state: string;
  /** What a reboot may forget: sockets, records of what runs. */
  readonly run: string;
}

/** What a node knows of itself before it has read its log. */
export interface NodeFile {
  readonly format: typeof FORMAT;
  /** Name of the cluster as it was when this node came; files of early versions lack it. */
  readonly cluster?: string;
  readonly clusterId: string;
  readonly node: NodeId;
  /** Its number in datagrams. */
  readonly number: number;
  /** Where it listens, per link; numeric. */
  readonly links: readonly MemberAddress[];
  /** Members as they were when it was admitted: whom to ask while its log is still empty. */
  readonly seeds: readonly {
    readonly node: NodeId;
    readonly number: number;
    readonly addresses: readonly MemberAddress[];
    readonly fingerprint?: string | undefined;
  }[];
  /** Keys as they were then. */
  readonly secrets: ClusterSecrets;
}

export function nodeFilePath(directories: NodeDirectories): string {
  return join(directories.etc, 'node.json');
}

/** Directory of the log within the state directory. */
export function logDirectory(directories: NodeDirectories): string {
  return join(directories.state, 'log');
}

export function hasNodeFile(directories: NodeDirectories): boolean {
  return existsSync(nodeFilePath(directories));
}

/** Written last when a node is set up: where it is, the rest is there too. */
export function storeNodeFile(directories: NodeDirectories, file: NodeFile): void {
  secureDirectory(directories.etc);
  writeAtomically(nodeFilePath(directories), `${JSON.stringify(file, undefined, 2)}\n`, 0o600);
}

/** Throws a `CredentialError` that says what is wrong with the file and how to mend it. */
export function loadNodeFile(directories: NodeDirectories): NodeFile {
  const path = nodeFilePath(directories);
  if (!hasNodeFile(directories)) {
    throw new CredentialError(
      'missing',
      `${path} is missing: this node belongs to no cluster; run "holdfast cluster init" or "holdfast cluster join"`,
    );
  }
  const data = parse(readSecurely(path, 'secret'));
  if (data === undefined) {
    throw new CredentialError(
      'malformed',
      `${path} is damaged: restore it, or join the cluster anew`,
    );
  }
  if (data.format !== FORMAT) {
    const message = `${path} has format ${data.format}, this program knows ${FORMAT}: install the cluster's version`;
    throw new CredentialError('malformed', message);
  }
  return { ...data, node: nodeId(data.node) };
}

function parse(text: string): NodeFile | undefined {
  try {
    const data = JSON.parse(text) as Partial<NodeFile> | null;
    const isWhole =
      typeof data?.clusterId === 'string' &&
      typeof data.node === 'string' &&
      Number.isInteger(data.number) &&
      Array.isArray(data.links) &&
      Array.isArray(data.seeds) &&
      Array.isArray(data.secrets?.datagramKeys);
    return isWhole ? (data as NodeFile) : undefined;
  } catch {
    return undefined;
  }
}
