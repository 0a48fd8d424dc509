import { describe, expect, it } from 'vitest';
import { instanceId } from '../../../src/model/ids.ts';
import { alpha, beta, gamma, StoreWorld } from './store-world.ts';

const web = instanceId('web');

function world(): StoreWorld {
  const made = new StoreWorld();
  made.join(alpha, beta);
  return made;
}

function token(made: StoreWorld, untilMs: number): void {
  made.apply({ kind: 'token', id: 'one', secretHash: 'hash', untilMs, by: 'ann' });
}

describe('a node that is admitted', () => {
  it('is known and absent until it joins; its number is never given again', () => {
    const made = world();
    made.apply({
      kind: 'add-node',
      node: gamma,
      addresses: [],
      fingerprint: 'ff',
      tokenId: undefined,
    });
    const first = made.state.member(gamma);
    expect(first).toMatchObject({ presence: 'absent', incarnation: 0, fingerprint: 'ff' });
    made.apply({ kind: 'remove-node', node: gamma, newDatagramSecret: undefined, by: 'ann' });
    made.apply({ kind: 'add-node', node: gamma, addresses: [], tokenId: undefined });
    expect(made.state.member(gamma)?.number).toBe((first?.number ?? 0) + 1);
  });

  it('uses up its token, which then admits nobody else', () => {
    const made = world();
    token(made, 5_000);
    const admit = { kind: 'add-node', node: gamma, addresses: [], tokenId: 'one' } as const;
    expect(made.apply(admit)).toEqual({ kind: 'applied', changed: true });
    expect(made.state.token('one')).toBeUndefined();
    made.apply({ kind: 'remove-node', node: gamma, newDatagramSecret: undefined, by: 'ann' });
    expect(made.apply(admit)).toMatchObject({ kind: 'refused', code: 'bad-token' });
  });

  it('is refused with an expired token, and with the name of a member, which keeps the token', () => {
    const made = world();
    token(made, 900);
    expect(
      made.apply({ kind: 'add-node', node: gamma, addresses: [], tokenId: 'one' }),
    ).toMatchObject({ code: 'bad-token', message: 'the join token has expired' });
    token(made, 5_000);
    expect(
      made.apply({ kind: 'add-node', node: beta, addresses: [], tokenId: 'one' }),
    ).toMatchObject({ code: 'exists' });
    expect(made.state.token('one')).toBeDefined();
  });
});

describe('a node that joins', () => {
  it('gets the index of its join as its incarnation, and nothing that it owned before', () => {
    const made = world();
    made.start(web, beta);
    const before = made.incarnation(beta);
    made.join(beta);
    expect(made.incarnation(beta)).toBe(made.state.index);
    expect(made.incarnation(beta)).toBeGreaterThan(before);
    expect(made.state.instance(web, beta)).toBeUndefined();
    expect(made.state.definition(web, beta)).toBeUndefined();
  });

  it('is refused where it follows an older incarnation, or is not known', () => {
    const made = world();
    const join = { kind: 'join', addresses: [], selfStopMs: 500, version: '1' } as const;
    const before = made.state.facts().members;
    expect(made.apply({ ...join, node: beta, previous: 1 })).toMatchObject({ code: 'stale' });
    expect(made.apply({ ...join, node: gamma, previous: 0 })).toMatchObject({ code: 'not-found' });
    expect(made.state.facts().members).toEqual(before);
  });
});

describe('a node that is lost', () => {
  it('owns what it ran until it is down; then an unanswered start counts as run', () => {
    const made = world();
    made.answer(made.order('probe', web, beta), 7);
    const order = made.order('start', web, beta);
    const incarnation = made.incarnation(beta);
    made.apply({ kind: 'lost', node: beta, incarnation });
    expect(made.state.member(beta)?.presence).toBe('lost');
    expect(made.state.order(order ?? 0)).toBeDefined();
    made.apply({ kind: 'down', node: beta, incarnation, proof: 'lease' });
    expect(made.state.member(beta)?.presence).toBe('down');
    expect(made.state.order(order ?? 0)).toBeUndefined();
    expect(made.state.instance(web, beta)).toMatchObject({ role: 'started', assignment: order });
  });

  it('is not lost twice, nor by an older incarnation, nor down before it is lost', () => {
    const made = world();
    const incarnation = made.incarnation(beta);
    expect(made.apply({ kind: 'lost', node: beta, incarnation: 1 })).toMatchObject({
      code: 'stale',
    });
    expect(made.apply({ kind: 'down', node: beta, incarnation, proof: 'lease' })).toMatchObject({
      code: 'stale',
    });
    made.apply({ kind: 'lost', node: beta, incarnation });
    expect(made.apply({ kind: 'lost', node: beta, incarnation })).toMatchObject({ code: 'stale' });
  });
});

describe('a node that leaves', () => {
  it('says so once, may take it back, and owns nothing when it has left', () => {
    const made = world();
    made.start(web, beta);
    const incarnation = made.incarnation(beta);
    const leaving = { kind: 'leaving', node: beta, incarnation } as const;
    expect(made.apply({ ...leaving, on: true })).toMatchObject({ changed: true });
    expect(made.apply({ ...leaving, on: true })).toMatchObject({ changed: false });
    expect(made.state.leaving).toEqual([beta]);
    made.apply({ ...leaving, on: false });
    expect(made.state.leaving).toEqual([]);
    made.apply({ kind: 'leave', node: beta, incarnation });
    expect(made.state.member(beta)?.presence).toBe('left');
    expect(made.state.instance(web, beta)).toBeUndefined();
    expect(made.apply({ kind: 'leave', node: beta, incarnation })).toMatchObject({
      code: 'stale',
    });
  });
});

describe('a node that is removed', () => {
  const remove = { kind: 'remove-node', newDatagramSecret: 'second', by: 'ann' } as const;

  it('must not be able to run anything any more', () => {
    const made = world();
    const incarnation = made.incarnation(beta);
    expect(made.apply({ ...remove, node: gamma })).toMatchObject({ code: 'not-found' });
    expect(made.apply({ ...remove, node: beta })).toMatchObject({ code: 'unsafe' });
    made.apply({ kind: 'lost', node: beta, incarnation });
    expect(made.apply({ ...remove, node: beta })).toMatchObject({ code: 'unsafe' });
    made.apply({ kind: 'down', node: beta, incarnation, proof: 'lease' });
    expect(made.apply({ ...remove, node: beta })).toMatchObject({ kind: 'applied' });
    expect(made.state.member(beta)).toBeUndefined();
  });

  it('takes the datagram key with it; only the one before it stays beside the new one', () => {
    const made = world();
    for (const [at, secret] of ['second', 'third'].entries()) {
      made.apply({ kind: 'add-node', node: gamma, addresses: [], tokenId: undefined });
      made.apply({ ...remove, node: gamma, newDatagramSecret: secret });
      expect(made.state.secrets.datagramKeys[0]).toEqual({
        generation: at + 2,
        secretBase64: secret,
      });
      expect(made.state.secrets.datagramKeys).toHaveLength(2);
    }
  });
});
