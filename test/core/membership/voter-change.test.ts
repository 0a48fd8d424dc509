import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import { DrainReport } from '../../../src/core/membership/drain-report.ts';
import { VoterChange } from '../../../src/core/membership/voter-change.ts';
import { nodeId } from '../../../src/model/ids.ts';

const [l, a, b, c] = [nodeId('l'), nodeId('a'), nodeId('b'), nodeId('c')];
const at = instant(0);

function leader(): VoterChange {
  const change = new VoterChange();
  change.step({ kind: 'configuration', configuration: 5, voters: [l, a, b] }, at);
  change.step({ kind: 'lead' }, at);
  return change;
}

describe('VoterChange', () => {
  it('R15: the next change waits for a majority of the present set', () => {
    const change = leader();
    expect(change.mayChange).toBe(false);
    change.step({ kind: 'done', from: l, configuration: 5 }, at);
    change.step({ kind: 'done', from: c, configuration: 5 }, at); // Not of this set.
    change.step({ kind: 'done', from: a, configuration: 4 }, at); // Done with an older set only.
    expect(change.mayChange).toBe(false);
    const effects = change.step({ kind: 'done', from: b, configuration: 5 }, at);
    expect(effects).toEqual([{ kind: 'may-change', configuration: 5 }]);
  });

  it('R15: reports about the older set do not count for the next one', () => {
    const change = leader();
    for (const from of [l, a, b]) change.step({ kind: 'done', from, configuration: 5 }, at);
    change.step({ kind: 'configuration', configuration: 9, voters: [l, a, b, c] }, at);
    expect(change.mayChange).toBe(false);
    for (const from of [l, a]) change.step({ kind: 'done', from, configuration: 9 }, at);
    expect(change.mayChange).toBe(false);
    change.step({ kind: 'done', from: c, configuration: 9 }, at);
    expect(change.mayChange).toBe(true);
  });

  it('asks those that have not reported until a majority has', () => {
    const change = new VoterChange();
    change.step({ kind: 'configuration', configuration: 5, voters: [l, a, b] }, at);
    const asked = change.step({ kind: 'lead' }, at);
    expect(asked.flatMap((effect) => (effect.kind === 'send' ? [effect.to] : []))).toEqual([
      l,
      a,
      b,
    ]);
    change.step({ kind: 'done', from: l, configuration: 5 }, at);
    expect(change.deadline()).toBe(500);
    expect(change.step({ kind: 'wake' }, instant(500))).toHaveLength(2);
    change.step({ kind: 'done', from: a, configuration: 5 }, instant(501));
    expect(change.deadline()).toBeUndefined();
  });

  it('lets nobody change anything who does not lead', () => {
    const change = leader();
    for (const from of [l, a, b]) change.step({ kind: 'done', from, configuration: 5 }, at);
    change.step({ kind: 'follow' }, at);
    expect(change.mayChange).toBe(false);
  });
});

describe('DrainReport', () => {
  it('R15: reports only when drained and on disk', () => {
    const report = new DrainReport(0);
    report.step({ kind: 'query', from: l, configuration: 5 }, at);
    expect(report.step({ kind: 'applied', configuration: 5 }, at)).toEqual([
      { kind: 'heart', message: { kind: 'drain', configuration: 5 } },
    ]);
    expect(report.step({ kind: 'drained', configuration: 5 }, at)).toEqual([
      { kind: 'persist-floor', floor: 5 },
    ]);
    expect(report.step({ kind: 'persisted', floor: 5 }, at)).toEqual([
      { kind: 'send', to: l, message: { kind: 'done-report', configuration: 5 } },
    ]);
    expect(report.floor).toBe(5);
  });

  it('answers a later question at once, one about a later set when that is done', () => {
    const report = new DrainReport(5);
    expect(report.step({ kind: 'query', from: l, configuration: 5 }, at)).toHaveLength(1);
    expect(report.step({ kind: 'query', from: l, configuration: 9 }, at)).toEqual([]);
  });

  it('asks a new heart again, and ignores an answer about a set that is no longer the newest', () => {
    const report = new DrainReport(0);
    report.step({ kind: 'applied', configuration: 5 }, at);
    expect(report.step({ kind: 'heart-up' }, at)).toHaveLength(1);
    report.step({ kind: 'applied', configuration: 9 }, at);
    expect(report.step({ kind: 'drained', configuration: 5 }, at)).toEqual([]);
  });

  it('after a restart what is on disk needs no new drain', () => {
    const report = new DrainReport(5);
    expect(report.step({ kind: 'applied', configuration: 5 }, at)).toEqual([]);
  });
});
