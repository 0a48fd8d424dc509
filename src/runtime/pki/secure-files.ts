import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export type CredentialProblem =
  | 'missing'
  /** Others could read or replace it. */
  | 'exposed'
  | 'unreadable'
  /** Not what its name says. */
  | 'malformed'
  /** Key, certificate and authority do not belong together. */
  | 'mismatch'
  | 'expired';

/** A key or certificate file that cannot be used; the message names it and says what to do. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
  readonly kind: CredentialProblem;

  constructor(kind: CredentialProblem, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Makes a directory that only its owner can write. An existing one that others can write is refused. */
export function secureDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  checkDirectory(directory);
}

/** Writes a file so that after a crash there is the old one or the new one, whole. */
export function writeAtomically(path: string, text: string, mode: 0o600 | 0o644): void {
  const directory = dirname(path);
  checkDirectory(directory);
  const temporary = join(directory, `.${basename(path)}.new`);
  rmSync(temporary, { force: true }); // Left by a crash.
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const file = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeSync(file, text);
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(directory, constants.O_RDONLY);
  fsyncSync(folder);
  closeSync(folder);
}

/** Reads a file that nobody but its owner may read (`secret`), or that nobody but its owner may write. */
export function readSecurely(path: string, secrecy: 'secret' | 'public'): string {
  checkDirectory(dirname(path));
  const file = openFile(path);
  try {
    const { mode, uid } = fstatSync(file);
    const forbidden = secrecy === 'secret' ? 0o077 : 0o022;
    if ((mode & 0o170000) !== 0o100000)
      throw new CredentialError('malformed', `${path} is no file`);
    if ((mode & forbidden) !== 0) {
      const wanted = secrecy === 'secret' ? '0600' : '0644';
      const found = (mode & 0o777).toString(8).padStart(4, '0');
      const advice = `others can ${secrecy === 'secret' ? 'read' : 'write'} it (mode ${found})`;
      throw new CredentialError(
        'exposed',
        `${path}: ${advice}; set mode ${wanted}, and replace it`,
      );
    }
    checkOwner(path, uid);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function openFile(path: string): number {
  try {
    // The descriptor that is checked is the one that is read; a link could lead anywhere.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new CredentialError('missing', `${path} is missing`);
    if (code === 'ELOOP') {
      throw new CredentialError('exposed', `${path} is a symbolic link; put the file itself there`);
    }
    throw new CredentialError('unreadable', `${path} cannot be read: ${code}`);
  }
}

function checkDirectory(directory: string): void {
  const status = lstatSync(directory, { throwIfNoEntry: false });
  if (status === undefined) throw new CredentialError('missing', `${directory} is missing`);
  if (!status.isDirectory()) {
    throw new CredentialError('malformed', `${directory} is no directory`);
  }
  if ((status.mode & 0o022) !== 0) {
    const advice = 'others can write into it; set mode 0755, and replace what is in it';
    throw new CredentialError('exposed', `${directory}: ${advice}`);
  }
  checkOwner(directory, status.uid);
}

function checkOwner(path: string, uid: number): void {
  const self = process.geteuid?.();
  if (uid === 0 || uid === self) return;
  throw new CredentialError('exposed', `${path}: belongs to user ${uid}, who could replace it`);
}
