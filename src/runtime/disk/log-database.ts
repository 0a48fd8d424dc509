import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { AssertionError, assert } from '../../base/assert.ts';
import type { HeldPromise } from '../../core/membership/heart-protocol.ts';
import type { Entry } from '../../core/raft/entry.ts';
import type { NodeId } from '../../model/ids.ts';
import { diskError, explained } from './disk-error.ts';
import type {
  LogOpening,
  PreparedEntry,
  PreparedSnapshot,
  PreparedWrite,
  StoredState,
} from './log-contract.ts';

/** Format of the file; grows when an older program could not read it any more. */
const formatVersion = 1;
/** "hfld": tells this program's files from any other SQLite database. */
const applicationId = 0x68_66_6c_64;

/*
 * `facts` holds what there is one of: the identity, the hard state, the floor, and each promise.
 * Every row carries a checksum of all of its values: SQLite itself has none for its pages.
 */
const schema = `
  CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE entries (
    idx INTEGER PRIMARY KEY, term INTEGER NOT NULL, body TEXT NOT NULL, crc INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE snapshot (
    id INTEGER PRIMARY KEY CHECK (id = 1), header TEXT NOT NULL, data TEXT NOT NULL, crc INTEGER NOT NULL
  ) STRICT;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${formatVersion};
`;

interface HardState {
  readonly term: number;
  readonly votedFor?: NodeId;
  readonly commit: number;
}

/** The log of one node in one SQLite file. Blocks while it works: it lives in a thread of its own. */
export class LogDatabase {
  readonly path: string;
  readonly fresh: boolean;
  readonly #opening: LogOpening;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  /** Of the newest entry, or where the log ends if there is none. */
  #lastIndex = 0;
  /** Of the snapshot; an empty log begins behind it. */
  #snapshotIndex = 0;

  /** Throws a `DiskError` where the directory cannot be used. */
  constructor(opening: LogOpening) {
    this.#opening = opening;
    this.path = join(opening.directory, 'log.db');
    try {
      checkWritable(opening.directory, this.path);
      this.fresh = !exists(this.path);
      if (this.fresh) this.#makeFile();
      this.#database = new DatabaseSync(this.path, { timeout: opening.lockWaitMs });
    } catch (error) {
      throw diskError(error, this.path);
    }
    try {
      this.#prepare();
      this.#statements = prepareStatements(this.#database);
    } catch (error) {
      this.#database.close();
      throw diskError(error, this.path);
    }
  }

  /** Reads and checks everything. Throws a `DiskError` of kind `corrupt` where a checksum does not fit. */
  load(): StoredState {
    const hard = this.#fact<HardState>('hard-state') ?? { term: 0, commit: 0 };
    const snapshot = this.#loadSnapshot();
    const entries = this.#loadEntries(snapshot?.index);
    this.#snapshotIndex = snapshot?.index ?? 0;
    this.#lastIndex = entries.at(-1)?.index ?? this.#snapshotIndex;
    return {
      fresh: this.fresh,
      term: hard.term,
      votedFor: hard.votedFor,
      commit: hard.commit,
      snapshot,
      entries,
      promises: (this.#readFact('promises') ?? []) as HeldPromise[],
      floor: this.#fact<number>('floor') ?? 0,
      detectMaxMs: this.#fact<number>('detect-max') ?? 0,
    };
  }

  /** Does all writes in one transaction: they are durable when it returns, and undone when it throws. */
  write(writes: readonly PreparedWrite[]): void {
    const before = { lastIndex: this.#lastIndex, snapshotIndex: this.#snapshotIndex };
    try {
      this.#statements.begin.run();
      for (const write of writes) this.#writeOne(write);
      this.#statements.commit.run();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#lastIndex = before.lastIndex;
      this.#snapshotIndex = before.snapshotIndex;
      throw error instanceof AssertionError ? error : diskError(error, this.path);
    }
  }

  close(): void {
    this.#database.close();
  }

  #makeFile(): void {
    const { directory, create } = this.#opening;
    if (!create) throw explained('missing', this.path, 'there is no log');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    closeSync(openSync(this.path, 'a', 0o600)); // SQLite gives its other files the same mode.
    const folder = openSync(directory, 'r');
    fsyncSync(folder);
    closeSync(folder);
  }

  #prepare(): void {
    const database = this.#database;
    // Before anything is read: the lock that it takes then is kept until the end.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    this.#checkFormat();
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA journal_size_limit = 16777216;
      PRAGMA max_page_count = ${Math.ceil(this.#opening.bytesMax / 4096)};
      BEGIN IMMEDIATE;
    `);
    if (this.#pragma('user_version') === 0) this.#create();
    database.exec('COMMIT');
    this.#checkIdentity();
    const [problem] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {});
    if (problem !== 'ok') throw explained('corrupt', this.path, `damaged: ${problem}`);
  }

  #checkFormat(): void {
    const version = this.#pragma('user_version');
    const application = this.#pragma('application_id');
    const blank = version === 0 && application === 0 && this.#pragma('page_count') <= 1;
    if (!blank && application !== applicationId) {
      throw explained('corrupt', this.path, 'this is not a log of holdfast');
    }
    if (version > formatVersion) {
      const detail = `written in format ${version}, this program knows up to ${formatVersion}`;
      throw explained('newer-format', this.path, detail);
    }
    // A crash in the middle of the very first start leaves an empty file, and only that.
    if (blank && !this.#opening.create) throw explained('missing', this.path, 'the log is empty');
  }

  #create(): void {
    const { clusterUuid, node } = this.#opening.identity;
    this.#database.exec(schema);
    const put = this.#database.prepare('INSERT INTO facts VALUES (?, ?, ?)');
    for (const [key, value] of [
      ['cluster', clusterUuid],
      ['node', node],
    ] as const) {
      const text = JSON.stringify(value);
      put.run(key, text, checksum(key, text));
    }
  }

  #checkIdentity(): void {
    const { clusterUuid, node } = this.#opening.identity;
    const cluster = this.#readFact('cluster');
    const owner = this.#readFact('node');
    if (cluster !== clusterUuid) {
      throw explained('foreign', this.path, `belongs to cluster ${cluster}, not to ${clusterUuid}`);
    }
    if (owner !== node) {
      throw explained('foreign', this.path, `belongs to node ${owner}, not to ${node}`);
    }
  }

  #pragma(name: string): number {
    return Number(Object.values(this.#database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  }

  #fact<T>(key: string): T | undefined {
    return this.#readFact(key) as T | undefined;
  }

  #readFact(key: string): unknown {
    const row = this.#database.prepare('SELECT value, crc FROM facts WHERE key = ?').get(key);
    if (row === undefined) return undefined;
    const text = String(row.value);
    this.#check(Number(row.crc) === checksum(key, text), `the record "${key}"`);
    return JSON.parse(text);
  }

  #check(sound: boolean, what: string): void {
    if (!sound) throw explained('corrupt', this.path, `${what} is damaged`);
  }

  #loadSnapshot(): PreparedSnapshot | undefined {
    const row = this.#database.prepare('SELECT header, data, crc FROM snapshot').get();
    if (row === undefined) return undefined;
    const header = String(row.header);
    const data = String(row.data);
    this.#check(Number(row.crc) === checksum(header, data), 'the snapshot');
    return { ...(JSON.parse(header) as Omit<PreparedSnapshot, 'data'>), data };
  }

  #loadEntries(snapshotIndex: number | undefined): Entry[] {
    const entries: Entry[] = [];
    const rows = this.#database.prepare('SELECT idx, term, body, crc FROM entries ORDER BY idx');
    let expected: number | undefined;
    for (const { idx, term, body, crc } of rows.iterate()) {
      const index = Number(idx);
      const text = String(body);
      const sound = Number(crc) === entryChecksum(index, Number(term), text);
      this.#check(sound, `entry ${index} of the log`);
      this.#check(expected === undefined || index === expected, `the log before entry ${index}`);
      entries.push(JSON.parse(text) as Entry);
      expected = index + 1;
    }
    const first = entries[0]?.index;
    const gap = first !== undefined && first > (snapshotIndex ?? 0) + 1;
    this.#check(!gap, `the log before entry ${first}`);
    return entries;
  }

  #writeOne(write: PreparedWrite): void {
    const { hardState, snapshot, discardBefore, truncateFrom, promises, floor, detectMaxMs } =
      write;
    if (hardState !== undefined) this.#putFact('hard-state', hardState);
    if (snapshot !== undefined) this.#putSnapshot(snapshot);
    if (discardBefore !== undefined) this.#discard(discardBefore);
    if (truncateFrom !== undefined) this.#truncate(truncateFrom);
    // A snapshot that is ahead of the log takes its place: what follows is appended behind it.
    this.#lastIndex = Math.max(this.#lastIndex, this.#snapshotIndex);
    for (const entry of write.append) this.#append(entry);
    if (promises !== undefined) this.#putFact('promises', JSON.stringify(promises));
    if (floor !== undefined) this.#putFact('floor', JSON.stringify(floor));
    if (detectMaxMs !== undefined) this.#putFact('detect-max', JSON.stringify(detectMaxMs));
  }

  #discard(before: number): void {
    this.#statements.discard.run(before);
    this.#lastIndex = Math.max(this.#lastIndex, before - 1);
  }

  #truncate(from: number): void {
    this.#statements.truncate.run(from);
    this.#lastIndex = Math.min(this.#lastIndex, from - 1);
  }

  #append({ index, term, body }: PreparedEntry): void {
    assert(index === this.#lastIndex + 1, `entry ${index} after ${this.#lastIndex}`);
    this.#statements.append.run(index, term, body, entryChecksum(index, term, body));
    this.#lastIndex = index;
  }

  #putFact(key: string, text: string): void {
    this.#statements.putFact.run(key, text, checksum(key, text));
  }

  #putSnapshot({ data, ...rest }: PreparedSnapshot): void {
    const header = JSON.stringify(rest);
    this.#statements.putSnapshot.run(header, data, checksum(header, data));
    this.#snapshotIndex = rest.index;
  }
}

interface Statements {
  readonly begin: StatementSync;
  readonly commit: StatementSync;
  readonly putFact: StatementSync;
  readonly removeFact: StatementSync;
  readonly append: StatementSync;
  readonly discard: StatementSync;
  readonly truncate: StatementSync;
  readonly putSnapshot: StatementSync;
}

function prepareStatements(database: DatabaseSync): Statements {
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    putFact: database.prepare('INSERT OR REPLACE INTO facts VALUES (?, ?, ?)'),
    removeFact: database.prepare('DELETE FROM facts WHERE key = ?'),
    append: database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?)'),
    discard: database.prepare('DELETE FROM entries WHERE idx < ?'),
    truncate: database.prepare('DELETE FROM entries WHERE idx >= ?'),
    putSnapshot: database.prepare('INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?, ?)'),
  };
}

function checksum(a: string, b: string): number {
  return crc32(b, crc32(a));
}

function entryChecksum(index: number, term: number, body: string): number {
  return checksum(`${index}/${term}`, body);
}

/** SQLite and `mkdir` name this trouble badly, or only at the first write: so it is asked for. */
function checkWritable(directory: string, path: string): void {
  let place = directory;
  while (!exists(place) && dirname(place) !== place) place = dirname(place);
  if (!statSync(place).isDirectory())
    throw explained('read-only', path, `${place} is no directory`);
  accessSync(place, constants.W_OK | constants.X_OK);
  if (exists(path)) accessSync(path, constants.R_OK | constants.W_OK);
}

function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}
