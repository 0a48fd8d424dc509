import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import { Takeover } from '../../../src/core/membership/takeover.ts';
import { nodeId } from '../../../src/model/ids.ts';

const x = { node: nodeId('x'), incarnation: 7 } as const;
const lost = { ...x, kind: 'lost', selfStopMs: 500 } as const;

function leader(): Takeover {
  const takeover = new Takeover();
  takeover.step({ kind: 'margin', marginMs: 15 }, instant(0));
  takeover.step({ kind: 'lead' }, instant(0));
  return takeover;
}

describe('Takeover', () => {
  it('R7: S + m after the last promise, if this leader gathered them', () => {
    const takeover = leader();
    takeover.step({ ...x, kind: 'gathered' }, instant(1000));
    expect(takeover.step(lost, instant(1200))).toEqual([]);
    expect(takeover.deadline()).toBe(1515);
    expect(takeover.step({ kind: 'wake' }, instant(1514))).toEqual([]);
    expect(takeover.step({ kind: 'wake' }, instant(1515))).toEqual([
      { ...x, kind: 'ended', by: 'time' },
    ]);
    expect(takeover.step({ kind: 'wake' }, instant(1600))).toEqual([]);
    expect(takeover.deadline()).toBeUndefined();
  });

  it('R7: at once when the entry is applied only after that', () => {
    const takeover = leader();
    takeover.step({ ...x, kind: 'gathered' }, instant(1000));
    expect(takeover.step(lost, instant(2000))).toHaveLength(1);
  });

  it('R7: S + m after it applied the entry, if it did not gather the promises', () => {
    const takeover = leader();
    takeover.step(lost, instant(1200));
    expect(takeover.deadline()).toBe(1715);
  });

  it('R7: a new leader waits from the moment on that it leads, whatever it applied before', () => {
    const takeover = new Takeover();
    takeover.step({ kind: 'margin', marginMs: 15 }, instant(0));
    takeover.step(lost, instant(100));
    expect(takeover.step({ kind: 'wake' }, instant(5000))).toEqual([]);
    takeover.step({ kind: 'lead' }, instant(5000));
    expect(takeover.deadline()).toBe(5515);
  });

  it('R7: promises of an earlier leadership do not shorten the wait', () => {
    const takeover = leader();
    takeover.step({ ...x, kind: 'gathered' }, instant(1000));
    takeover.step({ kind: 'follow' }, instant(1001));
    takeover.step({ kind: 'lead' }, instant(3000));
    takeover.step(lost, instant(3001));
    expect(takeover.deadline()).toBe(3516);
  });

  it('R7: S belongs to the incarnation, and promises about another one do not count', () => {
    const takeover = leader();
    takeover.step({ ...x, incarnation: 6, kind: 'gathered' }, instant(1000));
    takeover.step({ ...lost, selfStopMs: 2000 }, instant(2000));
    expect(takeover.freeAt(x.node)).toBe(4015);
  });

  it('says so again in a new leadership, for the entry may not have been committed', () => {
    const takeover = leader();
    takeover.step(lost, instant(0));
    expect(takeover.step({ kind: 'wake' }, instant(600))).toHaveLength(1);
    takeover.step({ kind: 'follow' }, instant(700));
    takeover.step({ kind: 'lead' }, instant(800));
    expect(takeover.step({ kind: 'wake' }, instant(1400))).toHaveLength(1);
  });

  it('a confirmed fencing ends the wait', () => {
    const takeover = leader();
    takeover.step(lost, instant(100));
    expect(takeover.step({ ...x, incarnation: 6, kind: 'fenced' }, instant(150))).toEqual([]);
    expect(takeover.step({ ...x, kind: 'fenced' }, instant(200))).toEqual([
      { ...x, kind: 'ended', by: 'fencing' },
    ]);
  });

  it('without a self-stop only a confirmed fencing ends it', () => {
    const takeover = leader();
    takeover.step({ ...lost, selfStopMs: undefined }, instant(100));
    expect(takeover.deadline()).toBeUndefined();
    expect(takeover.step({ kind: 'wake' }, instant(1e9))).toEqual([]);
    expect(takeover.step({ ...x, kind: 'fenced' }, instant(1e9))).toHaveLength(1);
  });

  it('R12: nothing is left to wait for when the node has joined anew', () => {
    const takeover = leader();
    takeover.step(lost, instant(100));
    takeover.step({ ...x, kind: 'settled' }, instant(200));
    expect(takeover.deadline()).toBeUndefined();
    expect(takeover.freeAt(x.node)).toBeUndefined();
  });
});
