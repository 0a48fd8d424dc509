import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import type { HeartbeatPacket } from '../../../src/core/membership/packet.ts';
import { Voter } from '../../../src/core/membership/voter.ts';
import { nodeId } from '../../../src/model/ids.ts';

const v = nodeId('v');
const x = nodeId('x');
const longAgo = instant(Number.NEGATIVE_INFINITY);
const promise = { node: x, incarnation: 7, term: 1, round: 1 } as const;

function heartbeat(change: Partial<HeartbeatPacket> = {}): HeartbeatPacket {
  return {
    kind: 'heartbeat',
    incarnation: 7,
    run: 1,
    sequence: 1,
    configuration: 4,
    peerRun: 1,
    hears: [],
    agent: true,
    rttMs: undefined,
    calm: false,
    ...change,
  };
}

/** Started at 0, Dmax 5000, m 15, voter of set 4, past its silence after the start from 5015 on. */
function voter(): Voter {
  const result = new Voter(v, instant(0));
  result.configure(5000, 15, instant(0));
  result.setVoters(4, [v, nodeId('a'), nodeId('b')]);
  result.hello([], 0);
  return result;
}

describe('Voter: acks', () => {
  it('R3: acks a member of the newest set', () => {
    expect(voter().refusal(x, heartbeat())).toBeUndefined();
  });

  it('R8: acks nothing before the log is applied up to the floor', () => {
    const fresh = new Voter(v, instant(0));
    fresh.setVoters(4, [v]);
    expect(fresh.refusal(x, heartbeat())).toEqual({ kind: 'starting' });
    fresh.hello([], 20);
    fresh.setApplied(19, []);
    expect(fresh.refusal(x, heartbeat())).toEqual({ kind: 'starting' });
    fresh.setApplied(20, []);
    expect(fresh.refusal(x, heartbeat())).toBeUndefined();
  });

  it('R3: refuses an incarnation that the log calls lost or that has a successor', () => {
    const one = voter();
    one.setApplied(9, [{ node: x, incarnation: 7, lost: true }]);
    expect(one.refusal(x, heartbeat())).toEqual({ kind: 'lost' });
    one.setApplied(12, [{ node: x, incarnation: 12, lost: false }]);
    expect(one.refusal(x, heartbeat())).toEqual({ kind: 'lost' });
    expect(one.refusal(x, heartbeat({ incarnation: 12 }))).toBeUndefined();
  });

  it('R3: facts never go back', () => {
    const one = voter();
    one.setApplied(9, [{ node: x, incarnation: 7, lost: true }]);
    one.setApplied(8, [{ node: x, incarnation: 7, lost: false }]);
    one.setApplied(8, [{ node: x, incarnation: 3, lost: false }]);
    expect(one.refusal(x, heartbeat())).toEqual({ kind: 'lost' });
  });

  it('acks an incarnation that its own log does not know yet', () => {
    const one = voter();
    one.setApplied(7, [{ node: x, incarnation: 7, lost: false }]);
    expect(one.refusal(x, heartbeat({ incarnation: 30 }))).toBeUndefined();
  });

  it('grants nothing to a node without an incarnation', () => {
    expect(voter().refusal(x, heartbeat({ incarnation: 0 }))).toEqual({ kind: 'lost' });
  });

  it('R14: refuses an older set and names the newer one, though it is no voter any more', () => {
    const one = voter();
    one.setVoters(6, [nodeId('a')]);
    expect(one.refusal(x, heartbeat())).toEqual({
      kind: 'newer-configuration',
      configuration: 6,
      voters: ['a'],
    });
    expect(one.refusal(x, heartbeat({ configuration: 6 }))).toEqual({ kind: 'not-voter' });
  });
});

describe('Voter: promises', () => {
  it('R4: waits for the longest grant, not the latest', () => {
    const one = voter();
    one.granted(x, 7, instant(12_000));
    one.granted(x, 7, instant(11_000));
    expect(one.promise(promise, instant(11_500))).toBe('waits');
    expect(one.due(instant(11_500))).toBe(12_000);
    expect(one.completed(instant(11_999))).toEqual([]);
    expect(one.completed(instant(12_000))).toEqual([promise]);
  });

  it('R4: acks no more from the step of the promise on', () => {
    const one = voter();
    expect(one.promise(promise, instant(6000))).toBe('promised');
    expect(one.refusal(x, heartbeat())).toEqual({ kind: 'promised' });
    expect(one.refusal(x, heartbeat({ incarnation: 6 }))).toEqual({ kind: 'promised' });
    expect(one.refusal(x, heartbeat({ incarnation: 8 }))).toBeUndefined();
  });

  it('R4: a grant to that incarnation meanwhile is the answer heard', () => {
    const one = voter();
    one.granted(x, 7, instant(8000));
    one.promise(promise, instant(7500));
    expect(one.granted(x, 7, instant(8300))).toEqual(promise);
    expect(one.completed(instant(9000))).toEqual([]);
  });

  it('R4: a repeated question about a promised incarnation is answered at once', () => {
    const one = voter();
    one.promise(promise, instant(6000));
    expect(one.promise({ ...promise, term: 2 }, instant(6001))).toBe('promised');
    expect(one.promises).toEqual([{ ...promise, term: 2 }]);
  });

  it('R4: says nothing about itself', () => {
    expect(voter().promise({ ...promise, node: v }, instant(9000))).toBe('heard');
  });

  it('R5: a release ends the promise of that incarnation only', () => {
    const one = voter();
    one.promise(promise, instant(6000));
    expect(one.release(x, 6)).toBe(false);
    expect(one.release(x, 7)).toBe(true);
    expect(one.refusal(x, heartbeat())).toBeUndefined();
  });

  it('R8: promises from disk hold, those that the log has settled do not', () => {
    const one = new Voter(v, instant(0));
    one.setVoters(4, [v]);
    one.setApplied(20, [{ node: nodeId('y'), incarnation: 20, lost: false }]);
    one.hello([promise, { ...promise, node: nodeId('y'), incarnation: 8 }], 0);
    expect(one.refusal(x, heartbeat())).toEqual({ kind: 'promised' });
    expect(one.promises).toEqual([promise]);
  });

  it('R8: no statement before Dmax + m since the start', () => {
    const one = voter();
    expect(one.promise(promise, instant(100))).toBe('waits');
    expect(one.due(instant(100))).toBe(5015);
  });

  it('R8: no statement at all before it knows Dmax', () => {
    const one = new Voter(v, instant(0));
    expect(one.promise(promise, instant(1e9))).toBe('waits');
    expect(one.completed(instant(2e9))).toEqual([]);
  });

  it('R8: a lowered Dmax counts only after one old Dmax', () => {
    const one = voter();
    one.configure(1000, 15, instant(1000));
    expect(one.dmaxMs(instant(5999))).toBe(5000);
    expect(one.dmaxMs(instant(6000))).toBe(1000);
    one.configure(2000, 15, instant(6500));
    expect(one.dmaxMs(instant(6500))).toBe(2000);
  });

  it('trusts no silence before one round after a stall', () => {
    const one = voter();
    one.stalled(instant(7000), 200);
    expect(one.promise(promise, instant(7000))).toBe('waits');
    expect(one.completed(instant(7200))).toEqual([promise]);
  });
});

describe('Voter: drain', () => {
  it('R15: waits for every earlier grant, its own lease, its own start, and m', () => {
    const one = voter();
    one.drain(4, longAgo, instant(100));
    expect(one.due(instant(100))).toBe(5015);
    expect(one.drained(instant(5015))).toEqual([4]);
    one.granted(x, 7, instant(8000));
    one.drain(6, instant(8100), instant(7000));
    one.granted(x, 7, instant(9000)); // Later grants do not matter.
    expect(one.drained(instant(8114))).toEqual([]);
    expect(one.drained(instant(8115))).toEqual([6]);
    expect(one.drained(instant(9999))).toEqual([]);
  });
});
