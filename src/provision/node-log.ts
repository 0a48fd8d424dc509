import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import type { RaftWrite } from '../core/raft/contract.ts';
import { linkId, type NodeId } from '../model/ids.ts';
import type { MemberAddress } from '../model/status.ts';
import type { LogIdentity } from '../runtime/disk/log-contract.ts';
import { LogStore } from '../runtime/disk/log-store.ts';
import {
  logDirectory,
  type NodeDirectories,
  type NodeFile,
} from '../runtime/identity/node-file.ts';
import { secureDirectory } from '../runtime/pki/secure-files.ts';
import { type InitOptions, LocalError, type LocalLink } from './local-types.ts';

/** A node's certificate is renewed by joining anew; long, for nobody watches it yet. */
export const CERTIFICATE_DAYS: number = 10 * 365;

export function memberAddresses(links: readonly LocalLink[]): readonly MemberAddress[] {
  return links.map(({ link, host, port }) => ({ link: linkId(link), host, port }));
}

/** The state with which a log begins, and who votes on it. */
interface InitialLog {
  readonly data: string;
  readonly voters: readonly NodeId[];
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

/** Makes the directories: what can fail there must fail before a token is used up. */
export function makeDirectories(directories: NodeDirectories): void {
  secureDirectory(directories.etc);
  mkdirSync(directories.state, { recursive: true, mode: 0o700 });
  accessSync(directories.state, constants.W_OK);
}

/** To be thrown where this machine is a node of a cluster, and another one was meant. */
export function memberAlready(directories: NodeDirectories, file: NodeFile): LocalError {
  const { etc, state } = directories;
  const cluster = file.cluster === undefined ? 'a cluster' : `cluster ${file.cluster}`;
  return new LocalError(
    'exists',
    `this machine is node ${file.node} of ${cluster} already`,
    `to begin anew: systemctl stop holdfast, remove ${file.node} on another node, and move ${etc} and ${state} away`,
  );
}

/** The same command once more changes nothing; another name or other addresses are another command. */
export function refuseOtherNode(
  wanted: {
    readonly directories: NodeDirectories;
    readonly node: string;
    readonly links: readonly LocalLink[];
  },
  file: NodeFile,
): void {
  const text = (links: readonly LocalLink[]): string =>
    links.map(({ link, host, port }) => `${link}=${host}:${port}`).join(' ');
  const isSame = file.node === wanted.node && text(file.links) === text(wanted.links);
  if (!isSame) throw memberAlready(wanted.directories, file);
}

/**
 * Made beside its place and moved there when it is whole, so that a crash leaves nothing half-done. `complete` does the
 * rest of the work; where that fails the log goes again.
 */
export async function createLog(
  directory: string,
  clusterUuid: string,
  node: NodeId,
  initial: InitialLog | undefined,
  complete: () => void,
): Promise<void> {
  const made = `${directory}.new`;
  rmSync(made, { recursive: true, force: true });
  try {
    await fillLog(made, { clusterUuid, node }, initial);
    renameSync(made, directory);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    throw error;
  }
  try {
    complete();
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

async function fillLog(
  directory: string,
  identity: LogIdentity,
  initial: InitialLog | undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const store = await LogStore.open({
    directory,
    identity,
    create: true,
    onWritten: () => resolve(),
    onTrouble: (error) => reject(error),
    onRecovered: () => {},
  });
  try {
    store.write(1, initial === undefined ? { floor: 0 } : { raft: firstWrite(initial) });
    await promise;
  } finally {
    await store.close();
  }
}

function firstWrite({ data, voters }: InitialLog): RaftWrite {
  const configuration = { voters, learners: [] };
  const snapshot = { index: 2, term: 1, configuration, configurationIndex: 1, data };
  return { term: 1, commit: 2, snapshot };
}
