import { beforeEach, describe, expect, it } from 'vitest';
import { OwnMembership } from '../../../src/core/node/own-membership.ts';
import { Wants } from '../../../src/core/node/wants.ts';
import { instanceId } from '../../../src/model/ids.ts';
import { alpha, beta } from '../store/store-world.ts';
import { FakeContext } from './fake-context.ts';

let fake: FakeContext;
let wants: Wants;
let membership: OwnMembership;
beforeEach(() => {
  fake = new FakeContext();
  fake.world.join(beta);
  fake.world.apply({ kind: 'add-node', node: alpha, addresses: [], tokenId: undefined });
  wants = new Wants();
  membership = new OwnMembership([], wants);
});

const putDown = { kind: 'put-down' };

/** A node that is a member by what its heart holds. */
function joined(): number {
  fake.world.join(alpha);
  const incarnation = fake.world.incarnation(alpha);
  membership.heartHello(incarnation, fake.context);
  expect(membership.incarnation).toBe(incarnation);
  return incarnation;
}

describe('a node that comes', () => {
  it('puts everything down before it asks to join, and works once the log says so', () => {
    membership.heartHello(0, fake.context);
    expect(fake.toldHeart).toEqual([putDown]);
    expect(wants.has('join 0')).toBe(false);
    membership.allDown(0, fake.context);
    expect(wants.has('join 0')).toBe(true);
    fake.world.join(alpha);
    membership.advance(fake.context);
    expect(membership.incarnation).toBe(fake.world.incarnation(alpha));
  });

  it('goes on under the incarnation that its heart holds, if the log still says so', () => {
    joined();
    expect(fake.toldHeart).toEqual([]);
  });

  it('waits for its log before it judges an incarnation that the log does not know yet', () => {
    membership.heartHello(fake.state.index + 10, fake.context);
    expect(fake.toldHeart).toEqual([]);
    expect(membership.incarnation).toBe(0);
  });

  it('tells a new heart nothing of an incarnation that ended with the power', () => {
    fake.world.join(alpha);
    membership.heartHello(0, fake.context);
    expect(membership.facts(fake.context).map((fact) => fact.node)).toEqual([beta]);
  });
});

describe('a node that was lost', () => {
  it('puts everything down and joins anew', () => {
    const incarnation = joined();
    fake.world.apply({ kind: 'lost', node: alpha, incarnation });
    membership.advance(fake.context);
    expect(membership.incarnation).toBe(0);
    expect(fake.toldHeart).toEqual([putDown]);
  });

  it('takes only the end of its own incarnation as the answer, not one that came before', () => {
    const incarnation = joined();
    fake.world.apply({ kind: 'lost', node: alpha, incarnation });
    membership.advance(fake.context);
    membership.allDown(incarnation - 1, fake.context);
    expect(wants.has(`join ${incarnation}`)).toBe(false);
    membership.allDown(incarnation, fake.context);
    expect(wants.has(`join ${incarnation}`)).toBe(true);
  });

  it('hears nothing from an end that nobody asked for', () => {
    const incarnation = joined();
    membership.allDown(incarnation, fake.context);
    expect(membership.incarnation).toBe(incarnation);
  });
});

describe('a node that leaves', () => {
  it('waits until what it ran is elsewhere, puts the rest down, and ends', () => {
    const incarnation = joined();
    fake.world.start(instanceId('web'), alpha);
    membership.leave(fake.context);
    expect(wants.has(`leaving ${incarnation}`)).toBe(true);
    fake.world.apply({ kind: 'leaving', node: alpha, incarnation, on: true });
    membership.advance(fake.context);
    expect(fake.toldHeart).toEqual([]);
    fake.world.answer(fake.world.order('stop', instanceId('web'), alpha));
    membership.advance(fake.context);
    expect(fake.toldHeart).toEqual([putDown]);
    membership.allDown(incarnation, fake.context);
    expect(wants.has(`leave ${incarnation}`)).toBe(true);
    fake.world.apply({ kind: 'leave', node: alpha, incarnation });
    membership.advance(fake.context);
    expect(membership.hasLeft).toBe(true);
    expect(fake.effects).toContainEqual({ kind: 'end', reason: 'this node has left the cluster' });
  });
});
