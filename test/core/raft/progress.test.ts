import { describe, expect, test } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import type { RaftSnapshot } from '../../../src/core/raft/entry.ts';
import { Progress } from '../../../src/core/raft/progress.ts';

const now = instant(0);
const snapshot: RaftSnapshot = {
  index: 20,
  term: 1,
  configuration: { voters: [], learners: [] },
  configurationIndex: 0,
  data: '',
};

function replicating(match: number): Progress {
  const progress = new Progress(match + 1, now);
  progress.accepted(match);
  return progress;
}

describe('the progress of a follower', () => {
  test('begins with one append, and waits for its answer', () => {
    const progress = new Progress(5, now);
    expect(progress.canAppend(10)).toBe(true);
    progress.appendSent(7);
    expect(progress.canAppend(10)).toBe(false);
    expect(progress.next).toBe(5);
    progress.accepted(7);
    expect([progress.state.kind, progress.match, progress.next]).toEqual(['replicate', 7, 8]);
  });

  test('goes on without answers as far as the window allows', () => {
    const progress = replicating(4);
    for (const last of [5, 7, 8]) progress.appendSent(last);
    expect([progress.next, progress.canAppend(3), progress.canAppend(4)]).toEqual([9, false, true]);
    progress.accepted(7);
    expect([progress.match, progress.canAppend(2), progress.isIdle()]).toEqual([7, true, false]);
    progress.accepted(8);
    expect(progress.isIdle()).toBe(true);
  });

  test('never goes back behind what was acknowledged', () => {
    const progress = replicating(9);
    progress.accepted(3);
    expect([progress.match, progress.next]).toEqual([9, 10]);
    expect(progress.rejected(9, 4)).toBe(false);
    expect(progress.rejected(12, 4)).toBe(true);
    expect([progress.state.kind, progress.next]).toEqual(['probe', 10]);
  });

  test('ignores refusals of another append than the one it waits for', () => {
    const progress = new Progress(9, now);
    progress.appendSent(9);
    expect(progress.rejected(5, 3)).toBe(false);
    expect(progress.next).toBe(9);
    expect(progress.rejected(8, 3)).toBe(true);
    expect([progress.next, progress.canAppend(1)]).toEqual([3, true]);
  });

  test('sends no entries while a snapshot is under way', () => {
    const progress = new Progress(5, now);
    progress.snapshotAt(snapshot, 0);
    expect(progress.canAppend(10)).toBe(false);
    progress.restart();
    progress.accepted(8);
    expect(progress.state.kind).toBe('snapshot');
    progress.accepted(20);
    expect([progress.state.kind, progress.next]).toEqual(['replicate', 21]);
  });

  test('is stuck when nothing was acknowledged between two heartbeats', () => {
    const progress = replicating(4);
    expect(progress.heartbeatAnswered(1, now)).toBe(false);
    expect(progress.heartbeatAnswered(2, now)).toBe(true);
    progress.appendSent(5);
    progress.accepted(5);
    expect(progress.heartbeatAnswered(3, now)).toBe(false);
    expect(progress.round).toBe(3);
  });

  test('asks again from what is known after a restart of the stream', () => {
    const progress = replicating(4);
    progress.appendSent(9);
    progress.restart();
    expect([progress.state.kind, progress.next, progress.canAppend(1)]).toEqual(['probe', 5, true]);
  });
});
