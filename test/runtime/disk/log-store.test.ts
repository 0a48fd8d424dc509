import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry, RaftSnapshot } from '../../../src/core/raft/entry.ts';
import { nodeId } from '../../../src/model/ids.ts';
import type { DiskError } from '../../../src/runtime/disk/disk-error.ts';
import type { LogWrite } from '../../../src/runtime/disk/log-contract.ts';
import { type LogSettings, LogStore } from '../../../src/runtime/disk/log-store.ts';
import { until } from '../net/until.ts';

const identity = { clusterUuid: 'c1b8b6a2-0000-4000-8000-000000000001', node: nodeId('alpha') };

let directory = '';
const stores: LogStore[] = [];
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'holdfast-log-')), 'state');
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(join(directory, '..'), { recursive: true, force: true });
});

interface Opened {
  readonly store: LogStore;
  readonly written: number[];
  readonly troubles: (readonly [DiskError, boolean])[];
  readonly recoveries: number[];
  /** Resolves when the write with this ticket is durable. */
  readonly done: (ticket: number) => Promise<unknown>;
}

async function open(settings: Partial<LogSettings> = {}): Promise<Opened> {
  const written: number[] = [];
  const troubles: (readonly [DiskError, boolean])[] = [];
  const recoveries: number[] = [];
  const store = await LogStore.open({
    directory,
    identity,
    create: true,
    lockWaitMs: 0,
    onWritten: (ticket) => written.push(ticket),
    onTrouble: (error, final) => troubles.push([error, final]),
    onRecovered: () => recoveries.push(written.length),
    ...settings,
  });
  stores.push(store);
  return { store, written, troubles, recoveries, done: (t) => until(() => written.includes(t)) };
}

function command(index: number, text = 'x', term = 1): Entry {
  return { index, term, kind: 'command', command: { text } };
}

function appending(...entries: Entry[]): LogWrite {
  return { raft: { term: entries.at(-1)?.term ?? 1, commit: 0, append: entries } };
}

/** Writes, closes, and opens again. */
async function reopened(...writes: LogWrite[]): Promise<Opened> {
  const { store, written } = await open();
  for (const [i, write] of writes.entries()) store.write(i, write);
  await store.close();
  expect(written).toEqual(writes.map((_, i) => i));
  return open();
}

const snapshot: RaftSnapshot = {
  index: 7,
  term: 2,
  configuration: { voters: [nodeId('alpha'), nodeId('beta')], learners: [] },
  configurationIndex: 3,
  data: JSON.stringify({ big: 'é'.repeat(500_000) }),
};

describe('log store', () => {
  it('is empty when it was just made', async () => {
    const { store } = await open();
    expect(store.state).toEqual({
      fresh: true,
      term: 0,
      votedFor: undefined,
      commit: 0,
      snapshot: undefined,
      entries: [],
      promises: [],
      floor: 0,
      detectMaxMs: 0,
    });
  });

  it('gives back term, vote, commit, entries, promises and floor', async () => {
    const promise = { node: nodeId('beta'), incarnation: 4, term: 2, round: 1 };
    const { store } = await reopened(
      { raft: { term: 2, votedFor: nodeId('beta'), commit: 0 } },
      appending(command(1), command(2, 'ü', 2)),
      { raft: { term: 3, votedFor: nodeId('alpha'), commit: 2 }, promises: [promise], floor: 2 },
      {
        promises: [
          { ...promise, node: nodeId('gamma') },
          { ...promise, round: 2 },
        ],
      },
      { promises: [{ ...promise, round: 2 }] },
    );
    expect(store.state).toMatchObject({
      fresh: false,
      term: 3,
      votedFor: 'alpha',
      commit: 2,
      entries: [command(1), command(2, 'ü', 2)],
      promises: [{ ...promise, round: 2 }],
      floor: 2,
    });
  });

  it('forgets the vote when a write has none', async () => {
    const { store } = await reopened(
      { raft: { term: 2, votedFor: nodeId('beta'), commit: 0 } },
      { raft: { term: 3, commit: 0 } },
    );
    expect(store.state).toMatchObject({ term: 3, votedFor: undefined });
  });

  it('removes the tail that a new leader overwrites', async () => {
    const { store } = await reopened(appending(command(1), command(2), command(3)), {
      raft: { term: 4, commit: 1, truncateFrom: 2, append: [command(2, 'new', 4)] },
    });
    expect(store.state.entries).toEqual([command(1), command(2, 'new', 4)]);
  });

  it('replaces the snapshot in one step with the entries behind it', async () => {
    const { store } = await reopened(
      appending(command(1), command(2)),
      { raft: { term: 2, commit: 7, snapshot: { ...snapshot, index: 5 }, discardBefore: 6 } },
      { raft: { term: 2, commit: 7, snapshot, discardBefore: 8 } },
      appending(command(8, 'after', 2)),
    );
    expect(store.state.snapshot).toEqual(snapshot);
    expect(store.state.entries).toEqual([command(8, 'after', 2)]);
  });

  it('goes on behind a snapshot that fills an empty log', async () => {
    const { store } = await reopened(
      { raft: { term: 2, commit: 7, snapshot, truncateFrom: 1 } },
      appending(command(8, 'after', 2)),
    );
    expect(store.state.snapshot).toEqual(snapshot);
    expect(store.state.entries).toEqual([command(8, 'after', 2)]);
  });

  it.each([
    ['is shorter', 3],
    ['is longer', 12],
  ])('begins anew behind the snapshot of a leader when its own log %s', async (_what, length) => {
    const own = Array.from({ length }, (_, i) => command(i + 1));
    const { store } = await reopened(
      appending(...own),
      { raft: { term: 3, commit: 7, snapshot, discardBefore: 8, truncateFrom: 1 } },
      appending(command(8, 'after', 3)),
      appending(command(9, 'and on', 3)),
    );
    expect(store.state.entries).toEqual([command(8, 'after', 3), command(9, 'and on', 3)]);
  });

  it('keeps a tail of entries before the snapshot', async () => {
    const entries = [1, 2, 3, 4, 5, 6, 7, 8].map((index) => command(index));
    const { store } = await reopened(appending(...entries), {
      raft: { term: 2, commit: 8, snapshot, discardBefore: 4 },
    });
    expect(store.state.entries.map(({ index }) => index)).toEqual([4, 5, 6, 7, 8]);
  });

  it('tells many outstanding writes in order, and joins them', async () => {
    const { store, written, done } = await open();
    for (let i = 1; i <= 2000; i += 1) store.write(i, appending(command(i)));
    await done(2000);
    expect(written).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
    expect(store.figures().commits).toBeLessThan(1000);
  });

  it('writes what is queued before it closes', async () => {
    const { store } = await open();
    for (let i = 1; i <= 100; i += 1) store.write(i, appending(command(i)));
    await store.close();
    expect((await open()).store.state.entries).toHaveLength(100);
  });

  it('lets nobody else read what it holds', async () => {
    const { store, done } = await open();
    store.write(1, appending(command(1)));
    await done(1);
    const modes = ['', 'log.db', 'log.db-wal'].map(
      (n) => statSync(join(directory, n)).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o600, 0o600]);
  });

  it('ends rather than leave a gap in the log', async () => {
    const { store, written, troubles } = await open();
    store.write(1, appending(command(1)));
    store.write(2, appending(command(3)));
    const [error, final] = await until(() => troubles[0]);
    expect([final, error.message]).toEqual([true, expect.stringContaining('entry 3 after 1')]);
    store.write(3, appending(command(2)));
    expect(written).not.toContain(3);
  });
});

describe('log store, after a crash', () => {
  it('has everything that was acknowledged when its process is killed amid writes', async () => {
    for (let round = 0; round < 3; round += 1) {
      const writer = spawn(process.execPath, [
        join(import.meta.dirname, 'writer.ts'),
        ...[directory, identity.clusterUuid, identity.node],
      ]);
      let printed = '';
      writer.stdout.on('data', (chunk) => {
        printed += chunk;
        if (printed.length > 4000 + 3000 * round) writer.kill('SIGKILL');
      });
      const ended = once(writer, 'close');
      await ended;
      const lines = printed.slice(0, printed.lastIndexOf('\n')).split('\n').map(Number);
      const { store } = await open({ create: false });
      const acknowledged = lines.at(-1) ?? 0;
      expect(acknowledged).toBeGreaterThan(100);
      expect(store.state.entries.length).toBeGreaterThanOrEqual(acknowledged);
      await store.close();
    }
  });

  it('loses only the last transactions when the end of its journal is torn', async () => {
    const { store, done } = await open();
    for (let i = 1; i <= 30; i += 1) {
      store.write(i, appending(command(i, 'y'.repeat(300))));
      await done(i);
    }
    // What a power failure would leave: a copy of the files as they are now, cut anywhere.
    const lengths: number[] = [];
    const full = statSync(join(directory, 'log.db-wal')).size;
    for (const length of [full, full - 1, full - 5000, Math.floor(full / 2), 5000, 32, 1, 0]) {
      const torn = join(directory, '..', `torn-${length}`);
      cpSync(directory, torn, { recursive: true });
      truncateSync(join(torn, 'log.db-wal'), length);
      const again = await open({ directory: torn });
      const { entries } = again.store.state;
      expect(entries.map(({ index }) => index)).toEqual(entries.map((_, i) => i + 1));
      lengths.push(entries.length);
      await again.store.close();
    }
    expect(lengths[0]).toBe(30);
    expect(lengths[1]).toBe(29);
    expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
  });

  it('starts again when it was killed before anything was written', async () => {
    const { store } = await open();
    await store.close();
    writeFileSync(join(directory, 'log.db'), '');
    const again = await open();
    expect(again.store.state.entries).toEqual([]);
  });
});

describe('log store, bad state directory', () => {
  it('is told with what to do', async () => {
    await expect(open({ create: false })).rejects.toMatchObject({
      kind: 'missing',
      message: `${join(directory, 'log.db')}: there is no log; nothing is stored here`,
    });
  });

  it('that is open already is refused', async () => {
    await open();
    await expect(open()).rejects.toMatchObject({ kind: 'in-use' });
  });
});

describe('log store, full disk', () => {
  it('acknowledges nothing that is not on disk, and says so once', async () => {
    const { store, written, troubles, recoveries } = await open({ bytesMax: 400_000 });
    const big = 'z'.repeat(50_000);
    for (let i = 1; i <= 20; i += 1) store.write(i, appending(command(i, big)));
    const [error, final] = await until(() => troubles[0]);
    expect([error.kind, final]).toEqual(['full', false]);
    const before = written.length;
    expect(before).toBeLessThan(20);
    expect(recoveries).toEqual([]);
    await store.close();
    const again = await open();
    expect(again.store.state.entries.length).toBe(before);
  });
});
