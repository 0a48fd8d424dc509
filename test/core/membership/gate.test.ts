import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import { Gate, type GateAction } from '../../../src/core/membership/gate.ts';

const longAgo = instant(Number.NEGATIVE_INFINITY);

function open(): Gate {
  const gate = new Gate(0);
  gate.open(7);
  return gate;
}

/** All actions up to a time, asked whenever they are due. */
function play(gate: Gate, untilMs: number): readonly (readonly [number, string])[] {
  const seen: (readonly [number, string])[] = [];
  for (let due = gate.due(); due <= untilMs; due = gate.due()) {
    for (const action of gate.check(due, longAgo, 500)) seen.push([due, label(action)]);
  }
  return seen;
}

function label(action: GateAction): string {
  return action.kind === 'put-down' ? action.signal : action.kind;
}

describe('Gate', () => {
  it('R10: term at once, kill at half of S, reset at S', () => {
    const gate = open();
    const first = gate.shut(instant(1000), 500, instant(1000));
    expect(first).toEqual({ kind: 'put-down', incarnation: 7, signal: 'term' });
    const seen = play(gate, 1500);
    expect(seen.find(([, what]) => what === 'kill')?.[0]).toBe(1250);
    expect(seen.find(([, what]) => what === 'reset')?.[0]).toBe(1500);
    expect(gate.failed).toBe(true);
  });

  it('R10: noticed late, it kills at once and has half of S to see it done', () => {
    const gate = open();
    const first = gate.shut(instant(1000), 500, instant(9000));
    expect(first).toMatchObject({ signal: 'kill' });
    expect(play(gate, 9249).map(([, what]) => what)).not.toContain('reset');
    expect(play(gate, 9250).map(([, what]) => what)).toContain('reset');
  });

  it('all is down when the report for this incarnation names nothing any more', () => {
    const gate = open();
    gate.shut(instant(1000), 500, instant(1000));
    expect(gate.progress(7, ['12 nginx'], instant(1010))).toBeUndefined();
    expect(gate.progress(6, [], instant(1020))).toBeUndefined();
    expect(gate.incarnation).toBe(7);
    expect(gate.progress(7, [], instant(1030))).toEqual({
      kind: 'all-down',
      incarnation: 7,
      tookMs: 30,
    });
    expect(gate.incarnation).toBeUndefined();
  });

  it('R11: opens never for a retired incarnation, and not before all is down', () => {
    const gate = open();
    gate.retire(7);
    gate.shut(instant(1000), 500, instant(1000));
    expect(gate.mayOpen(8)).toBe(false);
    gate.progress(7, [], instant(1010));
    expect(gate.mayOpen(7)).toBe(false);
    expect(gate.mayOpen(8)).toBe(true);
  });

  it('does not reset the host while the lease stands', () => {
    const gate = open();
    gate.shut(instant(1000), 500, instant(1000));
    const kinds: string[] = [];
    for (let due = gate.due(); due < 3000; due = gate.due()) {
      for (const action of gate.check(due, instant(5000), 500)) kinds.push(action.kind);
    }
    expect(new Set(kinds)).toEqual(new Set(['put-down']));
    expect(gate.failed).toBe(false);
  });

  it('names in the reason of a reset what is left', () => {
    const gate = open();
    gate.shut(instant(0), 500, instant(0));
    gate.progress(7, ['12 nginx'], instant(10));
    const actions = gate.check(instant(500), longAgo, 500);
    expect(actions[0]).toMatchObject({
      kind: 'reset',
      reason: expect.stringContaining('12 nginx'),
    });
  });
});
