import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeId } from '../../../src/model/ids.ts';
import type { LogOpening, PreparedWrite } from '../../../src/runtime/disk/log-contract.ts';
import { LogDatabase } from '../../../src/runtime/disk/log-database.ts';

const identity = { clusterUuid: 'c1b8b6a2-0000-4000-8000-000000000001', node: nodeId('alpha') };

let directory = '';
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'holdfast-log-')), 'state');
});
afterEach(() => {
  rmSync(join(directory, '..'), { recursive: true, force: true });
});

function opening(overrides: Partial<LogOpening> = {}): LogOpening {
  return { directory, identity, create: true, bytesMax: 1 << 30, lockWaitMs: 0, ...overrides };
}

const nothing: PreparedWrite = {
  hardState: undefined,
  snapshot: undefined,
  discardBefore: undefined,
  truncateFrom: undefined,
  append: [],
  promises: undefined,
  floor: undefined,
  detectMaxMs: undefined,
};

/** Entries 1 to `count`, and a hard state. */
function appending(count: number, text: string): PreparedWrite {
  const append = Array.from({ length: count }, (_, i) => ({
    index: i + 1,
    term: 1,
    body: JSON.stringify({ index: i + 1, term: 1, kind: 'command', command: text }),
  }));
  return { ...nothing, hardState: '{"term":1,"commit":0}', append };
}

/** Makes a log with this content, and closes it. */
function write(content: PreparedWrite = nothing): void {
  const database = new LogDatabase(opening());
  database.load();
  database.write([content]);
  database.close();
}

/** What is thrown when the log is opened and read. */
function refusal(overrides: Partial<LogOpening> = {}): unknown {
  let database: LogDatabase | undefined;
  try {
    database = new LogDatabase(opening(overrides));
    database.load();
    return 'nothing was thrown';
  } catch (error) {
    return error;
  } finally {
    database?.close();
  }
}

describe('log database', () => {
  it('that is missing is not made unless asked for', () => {
    expect(refusal({ create: false })).toMatchObject({ kind: 'missing' });
    expect(existsSync(directory)).toBe(false);
  });

  it('that was emptied does not pass for a new one', () => {
    write();
    writeFileSync(join(directory, 'log.db'), '');
    expect(refusal({ create: false })).toMatchObject({ kind: 'missing' });
  });

  it('of another cluster is refused', () => {
    write();
    const other = { ...identity, clusterUuid: 'c1b8b6a2-0000-4000-8000-000000000002' };
    expect(refusal({ identity: other })).toMatchObject({
      kind: 'foreign',
      message: expect.stringContaining(`belongs to cluster ${identity.clusterUuid}`),
    });
  });

  it('of another node is refused', () => {
    write();
    const other = { ...identity, node: nodeId('beta') };
    expect(refusal({ identity: other })).toMatchObject({
      kind: 'foreign',
      message: expect.stringContaining('belongs to node alpha, not to beta'),
    });
  });

  it('of a newer format is refused and left as it is', () => {
    write();
    edit('PRAGMA user_version = 2');
    const before = readFileSync(join(directory, 'log.db'));
    expect(refusal()).toMatchObject({
      kind: 'newer-format',
      message: expect.stringContaining('format 2, this program knows up to 1'),
    });
    expect(readFileSync(join(directory, 'log.db')).equals(before)).toBe(true);
  });

  it('that is open in another process is refused', () => {
    const first = new LogDatabase(opening());
    expect(refusal()).toMatchObject({ kind: 'in-use' });
    first.close();
  });

  it('that another program wrote is refused', () => {
    write();
    edit('PRAGMA application_id = 77');
    expect(refusal()).toMatchObject({ kind: 'corrupt' });
    writeFileSync(
      join(directory, 'log.db'),
      'no database at all, but long enough to be looked at'.repeat(200),
    );
    expect(refusal()).toMatchObject({ kind: 'corrupt' });
  });

  it('whose parent is a file is refused', () => {
    const file = join(directory, '..', 'file');
    writeFileSync(file, '');
    expect(refusal({ directory: join(file, 'state') })).toMatchObject({
      kind: 'read-only',
      message: expect.stringContaining(`${file} is no directory`),
    });
  });

  it.each([
    [
      'an entry was changed',
      "UPDATE entries SET body = replace(body, 'x', 'z') WHERE idx = 2",
      'entry 2',
    ],
    ['the term of an entry was changed', 'UPDATE entries SET term = 9 WHERE idx = 3', 'entry 3'],
    ['an entry is missing in the middle', 'DELETE FROM entries WHERE idx = 2', 'before entry 3'],
    ['the first entries are missing', 'DELETE FROM entries WHERE idx < 3', 'before entry 3'],
    [
      'the vote was changed',
      `UPDATE facts SET value = '{"term":9,"commit":0}' WHERE key = 'hard-state'`,
      'hard-state',
    ],
    ['a promise was changed', `UPDATE facts SET value = '{}' WHERE key = 'promises'`, 'promises'],
  ])('is refused when %s', (_what, sql, where) => {
    const promises = [{ node: nodeId('beta'), incarnation: 4, term: 2, round: 1 }];
    const content = { ...appending(3, 'x'), promises };
    write(content);
    edit(sql);
    expect(refusal()).toMatchObject({
      kind: 'corrupt',
      message: expect.stringMatching(new RegExp(`${where}.* is damaged; .*join again`)),
    });
  });

  it('is refused when bytes of the file were changed', () => {
    const content = appending(200, 'abcdef'.repeat(30));
    write(content);
    const path = join(directory, 'log.db');
    const bytes = readFileSync(path);
    const at = bytes.lastIndexOf('abcdef');
    bytes.write('abcdeF', at);
    writeFileSync(path, bytes);
    expect(refusal()).toMatchObject({ kind: 'corrupt' });
  });
});

function edit(sql: string): void {
  const database = new DatabaseSync(join(directory, 'log.db'));
  database.exec(sql);
  database.close();
}
