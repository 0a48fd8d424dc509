import { describe, expect, it } from 'vitest';
import { nextConfiguration } from '../../../src/core/node/voter-policy.ts';
import type { RaftConfiguration } from '../../../src/core/raft/entry.ts';
import { type ClusterConfig, defaultNode, type NodeConfig } from '../../../src/model/config.ts';
import { nodeId } from '../../../src/model/ids.ts';
import type { MemberStatus } from '../../../src/model/status.ts';
import { configOf } from '../store/store-world.ts';

interface Case {
  readonly what: string;
  readonly voters: string;
  readonly learners: string;
  /** Members; in brackets those that are known and not joined. */
  readonly members: string;
  readonly roles?: Readonly<Record<string, NodeConfig['role']>>;
  readonly silent?: string;
  /** `VOTERS | LEARNERS` after one step; undefined: nothing is to be done. */
  readonly next: string | undefined;
}

const cases: readonly Case[] = [
  { what: 'one node votes alone', voters: 'a', learners: '', members: 'a', next: undefined },
  {
    what: 'a new node comes in as a learner',
    voters: 'a',
    learners: '',
    members: 'a b',
    next: 'a | b',
  },
  {
    what: 'a second voter would survive nothing more',
    voters: 'a',
    learners: 'b',
    members: 'a b',
    next: undefined,
  },
  {
    what: 'with a third node two become voters, one at a time',
    voters: 'a',
    learners: 'b c',
    members: 'a b c',
    next: 'a b | c',
  },
  {
    what: 'the second of them follows',
    voters: 'a b',
    learners: 'c',
    members: 'a b c',
    next: 'a b c | ',
  },
  {
    what: 'a node that has not joined gets no vote',
    voters: 'a',
    learners: 'b c',
    members: 'a b (c)',
    next: undefined,
  },
  {
    what: 'a node that is not heard gets no vote',
    voters: 'a',
    learners: 'b c',
    members: 'a b c',
    silent: 'c',
    next: undefined,
  },
  {
    what: 'a removed learner goes',
    voters: 'a',
    learners: 'b x',
    members: 'a b',
    next: 'a | b',
  },
  {
    what: 'a removed voter goes before anybody comes',
    voters: 'a b x',
    learners: '',
    members: 'a b c',
    next: 'a b | ',
  },
  {
    what: 'who shall only learn loses its vote',
    voters: 'a b c',
    learners: '',
    members: 'a b c',
    roles: { b: 'learner' },
    next: 'a c | b',
  },
  {
    what: 'a witness gets a vote before others',
    voters: 'a',
    learners: 'b c w',
    members: 'a b c w',
    roles: { w: 'witness' },
    next: 'a w | b c',
  },
  {
    what: 'seven voters are enough',
    voters: 'a b c d e f g',
    learners: 'h i',
    members: 'a b c d e f g h i',
    next: undefined,
  },
];

function names(text: string): readonly string[] {
  return text.split(' ').filter((name) => name !== '');
}

function member(text: string): MemberStatus {
  const isJoined = !text.startsWith('(');
  return {
    node: nodeId(text.replace(/[()]/g, '')),
    number: 1,
    addresses: [],
    incarnation: 1,
    presence: isJoined ? 'joined' : 'absent',
    selfStopMs: 500,
    sinceMs: 0,
    version: '1',
  };
}

describe('the voters that a cluster should have', () => {
  it.each(cases)('$what', ({ voters, learners, members, roles = {}, silent, next }) => {
    const present: RaftConfiguration = {
      voters: names(voters).map(nodeId),
      learners: names(learners).map(nodeId),
    };
    const nodes = Object.entries(roles).map(([name, role]) => [name, { ...defaultNode, role }]);
    const config: ClusterConfig = { ...configOf(), nodes: Object.fromEntries(nodes) };
    const found = nextConfiguration(
      present,
      names(members).map(member),
      config,
      (node) => node !== silent,
    );
    const text = found && `${found.voters.join(' ')} | ${found.learners.join(' ')}`;
    expect(text).toBe(next);
  });
});
