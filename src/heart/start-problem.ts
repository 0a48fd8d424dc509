import { PortError } from '../runtime/net/port-error.ts';
import { CredentialError } from '../runtime/pki/secure-files.ts';

/** Another heart of this node runs on this machine. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

const words: ReadonlyMap<string | undefined, string> = new Map([
  ['EACCES', 'not permitted; the agent must run as root'],
  ['EPERM', 'not permitted; the agent must run as root'],
  ['EROFS', 'the file system is read-only'],
  ['EEXIST', 'this is no directory'],
  ['ENOTDIR', 'a part of this path is no directory'],
  ['ENOSPC', 'no space is left'],
  ['EDQUOT', 'no space is left'],
]);

/** What a person can mend about a start, in one line; undefined for a fault of the program. */
export function startProblem(error: unknown): string | undefined {
  const isPlain =
    error instanceof CredentialError ||
    error instanceof PortError ||
    error instanceof AlreadyRunning;
  if (isPlain) return error.message;
  const { code, path } = error as { readonly code?: string; readonly path?: string };
  const what = words.get(code);
  return what === undefined || path === undefined ? undefined : `${path}: ${what}`;
}

/** Whether it can be over by itself. */
export function isShortage(error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return code === 'ENOSPC' || code === 'EDQUOT';
}
