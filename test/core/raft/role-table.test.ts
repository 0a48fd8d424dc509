import { describe, expect, test } from 'vitest';
import { addMs, type Instant, instant } from '../../../src/base/instant.ts';
import { Prng } from '../../../src/base/prng.ts';
import { noConfiguration } from '../../../src/core/raft/configuration.ts';
import type { RaftEffect, RaftInput } from '../../../src/core/raft/contract.ts';
import type { RaftMessage } from '../../../src/core/raft/messages.ts';
import { Raft } from '../../../src/core/raft/raft.ts';
import { defaultRaftSettings } from '../../../src/core/raft/settings.ts';
import { nodeId } from '../../../src/model/ids.ts';

// Node a of the voters a, b and c is in term 5 in each of these roles.
type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** What becomes of the role and its term, and what is answered at once or once on disk. */
type Outcome = `${'follower' | 'candidate' | 'leader'} ${5 | 6 | 7}${string}`;

type Cells = Record<RaftMessage['kind'], Record<Role, Outcome>>;

const [a, b, c] = [nodeId('a'), nodeId('b'), nodeId('c')];
const start: Instant = instant(0);

class Bench {
  readonly raft: Raft;
  #now: Instant = start;

  constructor() {
    this.raft = new Raft(
      {
        self: a,
        term: 4,
        entries: [{ kind: 'no-op', index: 1, term: 4 }],
        configuration: { voters: [a, b, c], learners: [] },
        settings: defaultRaftSettings,
        prng: new Prng(1),
      },
      start,
    );
  }

  /** The messages that it sends, those after the disk too. */
  step(input: RaftInput): string[] {
    const effects: RaftEffect[] = [...this.raft.step(input, this.#now)];
    for (const effect of effects) {
      if (effect.kind !== 'persist') continue;
      effects.push(...this.raft.step({ kind: 'persisted', ticket: effect.ticket }, this.#now));
    }
    this.raft.assertInvariants();
    return effects.flatMap((effect) => (effect.kind === 'send' ? [nameOf(effect.message)] : []));
  }

  hear(message: RaftMessage): string[] {
    return this.step({ kind: 'message', from: b, message });
  }

  timeOut(): void {
    this.#now = this.raft.deadline() ?? this.#now;
    this.step({ kind: 'wake' });
  }

  silence(): void {
    this.#now = addMs(this.#now, defaultRaftSettings.electionMinMs);
  }

  become(role: Role): void {
    if (role === 'follower' || role === 'pre-candidate') {
      this.hear({ kind: 'heartbeat', term: 5, commit: 0, round: 0 });
      if (role === 'pre-candidate') this.timeOut();
      return;
    }
    this.timeOut();
    this.hear({ kind: 'pre-vote-reply', term: 5, granted: true });
    if (role === 'leader') this.hear({ kind: 'vote-reply', term: 5, granted: true });
  }
}

function nameOf(message: RaftMessage): string {
  if (!('granted' in message)) return message.kind;
  return message.granted ? 'granted' : 'refused';
}

function messageOf(kind: RaftMessage['kind'], term: number): RaftMessage {
  const last = { lastIndex: 9, lastTerm: term - 1 };
  const messages: Record<RaftMessage['kind'], RaftMessage> = {
    'pre-vote': { kind: 'pre-vote', term, ...last },
    'pre-vote-reply': { kind: 'pre-vote-reply', term, granted: false },
    vote: { kind: 'vote', term, ...last, transfer: false },
    'vote-reply': { kind: 'vote-reply', term, granted: true },
    append: { kind: 'append', term, previousIndex: 1, previousTerm: 4, entries: [], commit: 0 },
    'append-accepted': { kind: 'append-accepted', term, match: 1 },
    'append-rejected': {
      kind: 'append-rejected',
      term,
      previousIndex: 1,
      hintIndex: 0,
      hintTerm: 0,
    },
    commit: { kind: 'commit', term, commit: 1 },
    heartbeat: { kind: 'heartbeat', term, commit: 0, round: 3 },
    'heartbeat-reply': { kind: 'heartbeat-reply', term, round: 0 },
    snapshot: {
      kind: 'snapshot',
      term,
      index: 3,
      snapshotTerm: 4,
      configuration: noConfiguration,
      configurationIndex: 0,
      offset: 0,
      text: '',
      last: true,
    },
    'snapshot-reply': { kind: 'snapshot-reply', term, index: 3, offset: 0, next: 4 },
    'timeout-now': { kind: 'timeout-now', term },
  };
  return messages[kind];
}

function outcome(role: Role, kind: RaftMessage['kind'], term: number): string {
  const bench = new Bench();
  bench.become(role);
  // A leader would have stepped down by then; for the others the old leader is forgotten.
  if (role !== 'leader') bench.silence();
  const sent = bench.hear(messageOf(kind, term));
  return [bench.raft.role, bench.raft.status(start).term, ...new Set(sent)].join(' ');
}

const all = (cell: Outcome): Record<Role, Outcome> => ({
  follower: cell,
  'pre-candidate': cell,
  candidate: cell,
  leader: cell,
});

/** The roles keep what they are; a candidate and a leader have no other words than these. */
const kept: Record<Role, Outcome> = {
  follower: 'follower 5',
  'pre-candidate': 'follower 5',
  candidate: 'candidate 5',
  leader: 'leader 5',
};

const keptAnswering = (answer: string): Record<Role, Outcome> => ({
  follower: `follower 5 ${answer}`,
  'pre-candidate': `follower 5 ${answer}`,
  candidate: `candidate 5 ${answer}`,
  leader: `leader 5 ${answer}`,
});

/** From term 4: only those who may act on it are told of the newer term. */
const older: Cells = {
  'pre-vote': keptAnswering('refused'),
  'pre-vote-reply': kept,
  vote: keptAnswering('refused'),
  'vote-reply': kept,
  append: keptAnswering('heartbeat-reply'),
  'append-accepted': kept,
  'append-rejected': kept,
  commit: kept,
  heartbeat: keptAnswering('heartbeat-reply'),
  'heartbeat-reply': kept,
  snapshot: keptAnswering('heartbeat-reply'),
  'snapshot-reply': kept,
  'timeout-now': kept,
};

/** From term 6. A leader hears itself, so a candidate does not move it; anything else does. */
const newer: Cells = {
  'pre-vote': { ...keptAnswering('granted'), leader: 'leader 5 refused' },
  'pre-vote-reply': all('follower 6'),
  vote: { ...all('follower 6 granted'), leader: 'leader 5' },
  'vote-reply': all('follower 6'),
  append: all('follower 6 append-accepted'),
  'append-accepted': all('follower 6'),
  'append-rejected': all('follower 6'),
  commit: all('follower 6'),
  heartbeat: all('follower 6 heartbeat-reply'),
  'heartbeat-reply': all('follower 6'),
  snapshot: all('follower 6 append-accepted'),
  'snapshot-reply': all('follower 6'),
  'timeout-now': all('candidate 7 vote'),
};

/** From term 5 itself. The vote of a candidate and of a leader is their own. */
const same: Omit<Cells, 'append' | 'commit' | 'heartbeat' | 'snapshot'> = {
  'pre-vote': keptAnswering('refused'),
  'pre-vote-reply': kept,
  vote: {
    follower: 'follower 5 granted',
    'pre-candidate': 'follower 5 granted',
    candidate: 'candidate 5 refused',
    leader: 'leader 5 refused',
  },
  'vote-reply': { ...kept, candidate: 'leader 5 append' },
  'append-accepted': { ...kept, leader: 'leader 5 append' },
  'append-rejected': { ...kept, leader: 'leader 5 append' },
  'heartbeat-reply': { ...kept, leader: 'leader 5 append' },
  'snapshot-reply': kept,
  'timeout-now': {
    follower: 'candidate 6 vote',
    'pre-candidate': 'candidate 6 vote',
    candidate: 'candidate 5',
    leader: 'leader 5',
  },
};

/** From the leader of term 5: whoever is not a leader follows it; two would break Raft. */
const fromLeader: Record<'append' | 'commit' | 'heartbeat' | 'snapshot', string> = {
  append: 'follower 5 append-accepted',
  commit: 'follower 5',
  heartbeat: 'follower 5 heartbeat-reply',
  snapshot: 'follower 5 append-accepted',
};

function checkTable(table: Partial<Cells>, term: number): void {
  for (const [kind, row] of Object.entries(table)) {
    for (const [role, expected] of Object.entries(row)) {
      const actual = outcome(role as Role, kind as RaftMessage['kind'], term);
      expect(`${role} hears ${kind}: ${actual}`).toBe(`${role} hears ${kind}: ${expected}`);
    }
  }
}

describe('each role, for each message', () => {
  test('of an older term, stays and tells leaders and candidates the newer one (3.3)', () => {
    checkTable(older, 4);
  });

  test('of its own term, does as the table says', () => {
    checkTable(same, 5);
  });

  test('of a newer term, follows it, but for candidates that it need not hear (4.2.3)', () => {
    checkTable(newer, 6);
  });

  test('of the leader of its own term, follows that leader', () => {
    for (const [kind, expected] of Object.entries(fromLeader)) {
      for (const role of ['follower', 'pre-candidate', 'candidate'] as const) {
        expect(outcome(role, kind as RaftMessage['kind'], 5)).toBe(expected);
      }
      expect(() => outcome('leader', kind as RaftMessage['kind'], 5)).toThrow('second leader');
    }
  });
});

describe('a voter that hears its leader', () => {
  const bench = (): Bench => {
    const made = new Bench();
    made.become('follower');
    return made;
  };

  test('refuses pre-votes, and does not even take the term of a candidate', () => {
    expect(bench().hear(messageOf('pre-vote', 6))).toEqual(['granted']);
    const other = bench();
    const sent = other.step({ kind: 'message', from: c, message: messageOf('pre-vote', 6) });
    expect(sent).toEqual(['refused']);
    expect(other.step({ kind: 'message', from: c, message: messageOf('vote', 6) })).toEqual([]);
    expect(other.raft.status(start).term).toBe(5);
  });

  test('votes for a candidate that the leader itself asked to campaign', () => {
    const other = bench();
    const vote: RaftMessage = {
      kind: 'vote',
      term: 6,
      lastIndex: 9,
      lastTerm: 5,
      transfer: true,
    };
    expect(other.step({ kind: 'message', from: c, message: vote })).toEqual(['granted']);
  });
});
