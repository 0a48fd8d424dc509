import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { linkId, type NodeId } from '../model/ids.ts';
import type { MemberAddress } from '../model/status.ts';
import { LogStore } from '../runtime/disk/log-store.ts';
import { logDirectory } from '../runtime/identity/node-file.ts';
import { type InitOptions, LocalError, type LocalLink } from './local-types.ts';

/** A node's certificate is renewed by joining anew; long, for nobody watches it yet. */
export const CERTIFICATE_DAYS: number = 10 * 365;

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

/** Made beside its place and moved there when it is whole, so that a crash leaves nothing half-done. */
export async function createLog(
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
