import { describe, expect, test } from 'vitest';
import { majority, reachedByMajority, VoteTally } from '../../../src/core/raft/quorum.ts';
import { nodeId } from '../../../src/model/ids.ts';

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(nodeId) as [
  ReturnType<typeof nodeId>,
  ReturnType<typeof nodeId>,
  ReturnType<typeof nodeId>,
  ReturnType<typeof nodeId>,
];

describe('a majority', () => {
  test('is more than half, so that any two share a voter', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(majority)).toEqual([1, 2, 2, 3, 3, 4, 4]);
  });

  test('has reached the value that its slowest member has reached', () => {
    expect(reachedByMajority([7])).toBe(7);
    expect(reachedByMajority([7, 3])).toBe(3);
    expect(reachedByMajority([1, 9, 5])).toBe(5);
    expect(reachedByMajority([1, 9, 5, 2])).toBe(2);
    expect(reachedByMajority([10, 9, 100, 2, 1])).toBe(9);
  });

  test('of nobody has reached nothing', () => {
    expect(reachedByMajority([])).toBe(0);
  });
});

describe('a vote', () => {
  test('is won with a majority of grants, and lost when none can be reached', () => {
    const tally = new VoteTally();
    tally.record(a, true);
    expect(tally.outcome([a, b, c])).toBe('open');
    tally.record(b, false);
    expect(tally.outcome([a, b, c])).toBe('open');
    tally.record(c, true);
    expect(tally.outcome([a, b, c])).toBe('won');
    expect(tally.outcome([a, b])).toBe('lost');
  });

  test('counts the first answer of each voter only', () => {
    const tally = new VoteTally();
    tally.record(a, false);
    tally.record(a, true);
    tally.record(a, true);
    expect(tally.outcome([a])).toBe('lost');
  });

  test('counts nobody who does not vote', () => {
    const tally = new VoteTally();
    for (const node of [a, b, d]) tally.record(node, true);
    expect(tally.outcome([c])).toBe('open');
  });

  test('without voters is never won', () => {
    const tally = new VoteTally();
    tally.record(a, true);
    expect(tally.outcome([])).not.toBe('won');
  });
});
