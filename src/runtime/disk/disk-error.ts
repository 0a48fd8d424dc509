/** What is wrong with the state directory; each is told in words with what to do about it. */
export type DiskErrorKind =
  /** Nothing is there: this node has not joined a cluster, or its state was lost. */
  | 'missing'
  /** Written by a newer version of the program. */
  | 'newer-format'
  /** Belongs to another cluster or node. */
  | 'foreign'
  /** Damaged: what was on disk is not what was written. */
  | 'corrupt'
  /** Another process has it open. */
  | 'in-use'
  | 'read-only'
  /** No room. The write is tried again until there is. */
  | 'full'
  /** The device failed. After a failed sync nothing can be known of what is on disk. */
  | 'device';

/** A state directory that cannot be used, or a write that cannot be done. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly kind: DiskErrorKind;

  constructor(kind: DiskErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

const kindOfCode: ReadonlyMap<number, DiskErrorKind> = new Map([
  [5, 'in-use'], // SQLITE_BUSY
  [6, 'in-use'], // SQLITE_LOCKED
  [8, 'read-only'], // SQLITE_READONLY
  [11, 'corrupt'], // SQLITE_CORRUPT
  [13, 'full'], // SQLITE_FULL
  [26, 'corrupt'], // SQLITE_NOTADB
]);

const kindOfErrno: ReadonlyMap<string, DiskErrorKind> = new Map([
  ['EACCES', 'read-only'],
  ['EPERM', 'read-only'],
  ['EROFS', 'read-only'],
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
]);

const hints: Readonly<Record<DiskErrorKind, string>> = {
  missing: 'nothing is stored here',
  'newer-format': 'install the version of holdfast that wrote it',
  foreign: 'move it away if this node is to join anew',
  corrupt: mendHint(),
  'in-use': 'another process has it open; end that process first',
  'read-only': 'it cannot be written; check its owner, mode and mount',
  full: 'no space is left; the node does not vote until there is room',
  device: 'the device failed; check the disk, then start again',
};

function mendHint(): string {
  return (
    'the disk lost or changed what was written. Remove this node from the cluster, move the directory away and ' +
    'join again; the other nodes have the data. Never copy the directory of another node'
  );
}

/** A typed error for whatever SQLite or the file system threw about `path`. */
export function diskError(cause: unknown, path: string): DiskError {
  if (cause instanceof DiskError) return cause;
  const { errcode, code, message } = cause as { errcode?: number; code?: string; message?: string };
  const kind =
    errcode === undefined
      ? (kindOfErrno.get(code ?? '') ?? 'device')
      : (kindOfCode.get(errcode & 0xff) ?? 'device');
  return explained(kind, path, message ?? String(cause));
}

/** `PATH: what happened; what to do`. */
export function explained(kind: DiskErrorKind, path: string, detail: string): DiskError {
  return new DiskError(kind, `${path}: ${detail}; ${hints[kind]}`);
}
