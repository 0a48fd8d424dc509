import { describe, expect, test } from 'vitest';
import type { Entry, RaftSnapshot } from '../../../src/core/raft/entry.ts';
import { RaftLog } from '../../../src/core/raft/log.ts';
import { nodeId } from '../../../src/model/ids.ts';

const configuration = { voters: [nodeId('a')], learners: [] };

/** Entries from an index on, one for each term given. */
function entries(first: number, ...terms: readonly number[]): Entry[] {
  return terms.map((term, i) => ({ kind: 'command', index: first + i, term, command: 'x' }));
}

function logOf(...terms: readonly number[]): RaftLog {
  return new RaftLog({
    commit: 0,
    snapshot: undefined,
    entries: entries(1, ...terms),
    configuration,
  });
}

function snapshotAt(index: number, term: number): RaftSnapshot {
  return { index, term, configuration, configurationIndex: 0, data: '' };
}

describe('the log of raft', () => {
  test('takes a candidate for up to date by its last term, then by its length (3.6.1)', () => {
    const log = logOf(1, 2, 2);
    expect(log.isUpToDate({ index: 3, term: 2 })).toBe(true);
    expect(log.isUpToDate({ index: 4, term: 2 })).toBe(true);
    expect(log.isUpToDate({ index: 1, term: 3 })).toBe(true);
    expect(log.isUpToDate({ index: 2, term: 2 })).toBe(false);
    expect(log.isUpToDate({ index: 9, term: 1 })).toBe(false);
  });

  test('finds the last entry that may agree with a log that has another term there', () => {
    const log = logOf(1, 1, 2, 2, 2, 5);
    expect(log.lastNotAfter(6, 5)?.index).toBe(6);
    expect(log.lastNotAfter(6, 4)?.index).toBe(5);
    expect(log.lastNotAfter(4, 3)?.index).toBe(4);
    expect(log.lastNotAfter(6, 1)?.index).toBe(2);
    expect(log.lastNotAfter(99, 9)?.index).toBe(6);
    expect(log.lastNotAfter(6, 0)).toEqual({ index: 0, term: 0 });
  });

  test('does not say where it may agree before its first entry', () => {
    const log = logOf(1, 1, 2, 2);
    log.commitTo(4);
    log.takeApplicable();
    log.compact(4, '', 1);
    expect(log.lastNotAfter(2, 2)).toBeUndefined();
    expect(log.lastNotAfter(4, 1)).toBeUndefined();
    expect(log.lastNotAfter(4, 2)?.index).toBe(4);
  });

  test('gives for application what is committed and on disk, once', () => {
    const log = logOf(1, 1);
    log.append(entries(3, 1, 1));
    log.commitTo(3);
    expect(log.takeApplicable().map((entry) => entry.index)).toEqual([1, 2]);
    expect(log.takeApplicable()).toEqual([]);
    log.stableTo(4);
    expect(log.takeApplicable().map((entry) => entry.index)).toEqual([3]);
  });

  test('counts entries that were replaced as not on disk', () => {
    const log = logOf(1, 1, 1);
    log.truncateFrom(2);
    log.append(entries(2, 2));
    expect([log.stable, log.lastIndex, log.lastTerm]).toEqual([1, 2, 2]);
  });

  test('refuses gaps, falling terms, and changes of what is committed', () => {
    const log = logOf(1, 2);
    expect(() => log.append(entries(4, 2))).toThrow('gap');
    expect(() => log.append(entries(3, 1))).toThrow('falls');
    log.commitTo(2);
    expect(() => log.truncateFrom(2)).toThrow('committed');
    expect(() => log.commitTo(3)).toThrow('beyond');
  });

  test('fills a message by number and by size, but always with one entry', () => {
    const log = logOf(1, 1, 1, 1);
    expect(log.messageFrom(1, 3, 1e6)).toHaveLength(3);
    expect(log.messageFrom(1, 9, 1)).toHaveLength(1);
    expect(log.messageFrom(5, 9, 1e6)).toEqual([]);
    const one = log.messageFrom(4, 9, 1);
    expect(one.map((entry) => entry.index)).toEqual([4]);
    const some = log.messageFrom(1, 9, 200).length;
    expect(some).toBeGreaterThan(1);
    expect(some).toBeLessThan(4);
  });

  test('keeps a tail before its snapshot, for followers that are a little behind', () => {
    const log = logOf(1, 1, 2, 2, 3);
    log.commitTo(4);
    log.takeApplicable();
    expect(log.compact(4, 'state', 2)).toMatchObject({ index: 4, term: 2, data: 'state' });
    expect(log.termAt(1)).toBeUndefined();
    expect([2, 3, 4, 5].map((index) => log.termAt(index))).toEqual([1, 2, 2, 3]);
    expect(log.lastIndex).toBe(5);
    log.assertInvariants();
  });

  test('must not be compacted beyond what was applied', () => {
    expect(() => logOf(1, 1).compact(1, '', 0)).toThrow('not applied');
  });

  test('is restored with the tail that the disk kept', () => {
    const log = new RaftLog({
      commit: 5,
      snapshot: snapshotAt(4, 2),
      entries: entries(2, 1, 2, 2, 3),
      configuration,
    });
    expect([log.baseIndex, log.lastIndex, log.applied, log.commit]).toEqual([2, 5, 4, 5]);
    expect(log.takeApplicable().map((entry) => entry.index)).toEqual([5]);
    log.assertInvariants();
  });

  test('keeps the configuration of its snapshot, whatever older ones the tail holds', () => {
    const other = { voters: [nodeId('b')], learners: [] };
    const older: Entry = { kind: 'configuration', index: 2, term: 1, configuration: other };
    const log = new RaftLog({
      commit: 0,
      snapshot: { ...snapshotAt(3, 1), configurationIndex: 3 },
      entries: [...entries(1, 1), older, ...entries(3, 1)],
      configuration: other,
    });
    expect(log.configuration).toEqual({ index: 3, configuration });
  });

  test('gives way to a newer snapshot, and applies nothing before that is on disk', () => {
    const log = logOf(1, 1, 1);
    log.reset(snapshotAt(7, 3));
    expect([log.lastIndex, log.lastTerm, log.commit, log.applied]).toEqual([7, 3, 7, 0]);
    expect(log.takeRestorable()).toBeUndefined();
    log.stableTo(7);
    expect(log.takeRestorable()?.index).toBe(7);
    expect(log.takeRestorable()).toBeUndefined();
  });

  test('ends the program when the disk has lost committed entries', () => {
    const start = { commit: 3, snapshot: undefined, entries: entries(1, 1, 1), configuration };
    expect(() => new RaftLog(start)).toThrow('lost committed entries');
  });
});
