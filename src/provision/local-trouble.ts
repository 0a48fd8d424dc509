import { networkInterfaces } from 'node:os';
import { DiskError } from '../runtime/disk/disk-error.ts';
import { CredentialError } from '../runtime/pki/secure-files.ts';
import { LocalError, type LocalErrorCode, type LocalLink } from './local-types.ts';

const fileTroubles: ReadonlyMap<string | undefined, readonly [LocalErrorCode, string]> = new Map([
  ['EACCES', ['denied', 'not permitted']],
  ['EPERM', ['denied', 'not permitted']],
  ['EROFS', ['disk', 'the file system is read-only']],
  ['ENOSPC', ['disk', 'no space is left']],
  ['EDQUOT', ['disk', 'no space is left']],
  ['EEXIST', ['disk', 'this is no directory']],
  ['ENOTDIR', ['disk', 'a part of this path is no directory']],
]);

/** Does local work; what the person at the keyboard can mend becomes a `LocalError`. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw localTrouble(error) ?? error;
  }
}

function localTrouble(error: unknown): LocalError | undefined {
  if (error instanceof CredentialError) {
    const code = error.kind === 'unreadable' ? 'denied' : 'disk';
    return new LocalError(code, error.message, rootHint(), error);
  }
  if (error instanceof DiskError) {
    const code = error.kind === 'read-only' ? 'denied' : 'disk';
    return new LocalError(code, error.message, rootHint(), error);
  }
  const { code, path } = error as { readonly code?: string; readonly path?: string };
  const trouble = fileTroubles.get(code);
  if (trouble === undefined || path === undefined) return undefined;
  return new LocalError(trouble[0], `${path}: ${trouble[1]}`, rootHint(), error);
}

function rootHint(): string | undefined {
  return process.geteuid?.() === 0 ? undefined : 'run this command as root';
}

/** A mistyped address would make a node that nobody ever reaches. */
export function refuseForeignAddresses(links: readonly LocalLink[]): void {
  const own = Object.entries(networkInterfaces()).flatMap(([device, addresses]) =>
    (addresses ?? []).map(({ address, internal }) => ({ device, address, internal })),
  );
  const foreign = links.find((link) => !own.some(({ address }) => address === link.host));
  if (foreign === undefined) return;
  const useful = own.filter(({ address, internal }) => !internal && !address.startsWith('fe80:'));
  const known = useful.map(({ device, address }) => `${address} (${device})`).join(', ');
  throw new LocalError(
    'bad-request',
    `${foreign.host} is no address of this machine`,
    known === '' ? 'this machine has no address' : `it has ${known}`,
  );
}
