import { describe, expect, test } from 'vitest';
import { ConfigurationHistory, changeProblem } from '../../../src/core/raft/configuration.ts';
import type { RaftConfiguration } from '../../../src/core/raft/entry.ts';
import { nodeId } from '../../../src/model/ids.ts';

/** `'ab/c'`: voters a and b, learner c. */
function configuration(text: string): RaftConfiguration {
  const [voters = '', learners = ''] = text.split('/');
  return { voters: [...voters].map(nodeId), learners: [...learners].map(nodeId) };
}

function problem(from: string, to: string, caughtUp = ''): string {
  const found = changeProblem(configuration(from), configuration(to), (node) =>
    caughtUp.includes(node),
  );
  return found ?? 'none';
}

describe('a change of the configuration', () => {
  test('may add, remove or demote one voter', () => {
    expect(problem('abc/d', 'abcd', 'd')).toBe('none');
    expect(problem('abc', 'ab')).toBe('none');
    expect(problem('abc', 'ab/c')).toBe('none');
  });

  test('may add and remove learners at will, also together with one voter', () => {
    expect(problem('abc', 'abc/defg')).toBe('none');
    expect(problem('abc/de', 'abc')).toBe('none');
    expect(problem('abc/d', 'abcd/ef', 'd')).toBe('none');
  });

  test('must not exchange two voters at once: their majorities might not meet', () => {
    expect(problem('abc', 'a')).toBe('more-than-one-voter');
    expect(problem('abc/d', 'abd', 'd')).toBe('more-than-one-voter');
    expect(problem('a/bc', 'abc', 'bc')).toBe('more-than-one-voter');
  });

  test('makes voters only of learners that have caught up', () => {
    expect(problem('abc', 'abcd', 'd')).toBe('not-caught-up');
    expect(problem('abc/d', 'abcd')).toBe('not-caught-up');
  });

  test('must leave a voter, and name each node once', () => {
    expect(problem('a', '')).toBe('invalid-configuration');
    expect(problem('a', '/a')).toBe('invalid-configuration');
    expect(problem('ab', 'abb')).toBe('invalid-configuration');
    expect(problem('ab', 'ab/b')).toBe('invalid-configuration');
    expect(problem('ab', 'ab/cc')).toBe('invalid-configuration');
  });

  test('must change something; another order is no change', () => {
    expect(problem('abc/de', 'cba/ed')).toBe('unchanged');
  });
});

describe('the history of configurations', () => {
  const history = (): ConfigurationHistory => {
    const made = new ConfigurationHistory({ index: 0, configuration: configuration('a') });
    made.add({ index: 5, configuration: configuration('a/b') });
    made.add({ index: 9, configuration: configuration('ab') });
    return made;
  };

  test('tells what was in force at an index: from its own entry on', () => {
    const indexes = [0, 4, 5, 8, 9, 100];
    expect(indexes.map((index) => history().at(index).index)).toEqual([0, 0, 5, 5, 9, 9]);
  });

  test('goes back when entries are removed', () => {
    const cut = history();
    cut.truncateFrom(9);
    expect(cut.latest.index).toBe(5);
    cut.truncateFrom(6);
    expect(cut.latest.index).toBe(5);
    cut.truncateFrom(5);
    expect(cut.latest.index).toBe(0);
  });

  test('keeps what is in force at the point of compaction', () => {
    const compacted = history();
    compacted.compactTo(7);
    expect(compacted.at(7).index).toBe(5);
    expect(compacted.at(3).index).toBe(5);
    expect(compacted.latest.index).toBe(9);
  });
});
