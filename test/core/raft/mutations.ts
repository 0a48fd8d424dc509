import type { Instant } from '../../../src/base/instant.ts';
import type { Machine } from '../../../src/base/machine.ts';
import type { RaftEffect, RaftInput, RaftStart } from '../../../src/core/raft/contract.ts';
import type { Entry } from '../../../src/core/raft/entry.ts';
import type { RaftMessage } from '../../../src/core/raft/messages.ts';
import { majority } from '../../../src/core/raft/quorum.ts';
import type { NodeId } from '../../../src/model/ids.ts';
import type { Mutation, TestNode } from './test-node.ts';

type RaftMachine = Machine<RaftInput, RaftEffect>;
type OnInput = (input: RaftInput, now: Instant) => RaftInput;
type OnEffects = (effects: readonly RaftEffect[], input: RaftInput) => readonly RaftEffect[];

/** A machine with something changed before and after each step. */
function wrapped(inner: RaftMachine, onInput: OnInput, onEffects: OnEffects): RaftMachine {
  return {
    deadline: () => inner.deadline(),
    step: (input, now) => onEffects(inner.step(onInput(input, now), now), input),
  };
}

/** Hears other words than were said. */
function mishears(name: string, change: (message: RaftMessage) => RaftMessage): Mutation {
  const onInput: OnInput = (input) =>
    input.kind === 'message' ? { ...input, message: change(input.message) } : input;
  return { name, wrap: (inner) => wrapped(inner, onInput, (effects) => effects) };
}

/** The deliberate bugs that the randomized test must find. */
export const mutations: readonly Mutation[] = [
  {
    name: 'forgets its vote in a restart',
    write: ({ votedFor: _, ...write }) => write,
  },
  {
    name: 'forgets its term in a restart',
    start: (start) => ({ ...start, term: start.entries.at(-1)?.term ?? start.snapshot?.term ?? 0 }),
  },
  {
    name: 'answers before the disk is done',
    wrap: answersEarly,
  },
  mishears('votes for candidates that lack entries', (message) =>
    message.kind === 'vote' || message.kind === 'pre-vote'
      ? { ...message, lastIndex: Number.MAX_SAFE_INTEGER, lastTerm: message.term }
      : message,
  ),
  {
    name: 'counts votes of other terms',
    wrap: countsOldVotes,
  },
  {
    name: 'appends without a look at the previous entry',
    wrap: trustsPrevious,
  },
  {
    name: 'commits entries of older terms by counting',
    wrap: commitsOlderTerms,
  },
  {
    name: 'believes each commit index, whatever its log holds',
    wrap: overstatesCommit,
  },
  {
    name: 'applies entries again',
    wrap: (inner) =>
      wrapped(
        inner,
        (input) => input,
        (effects) =>
          effects.flatMap((e) => (e.kind === 'apply' && e.entries.length > 2 ? [e, e] : [e])),
      ),
  },
  {
    name: 'leaves replaced entries on its disk',
    write: ({ truncateFrom: _, ...write }) => write,
  },
  {
    name: 'loses a piece of a snapshot',
    wrap: losesPiece,
  },
  {
    name: 'forgets the changes of the configuration in a restart',
    start: (start) => ({ ...start, entries: start.entries.map(withoutConfiguration) }),
  },
  {
    name: 'answers reads without asking whether it still leads',
    wrap: answersReadsAlone,
  },
  {
    name: 'forgets the last entry in a restart',
    start: (start) => ({
      ...start,
      commit: 0,
      entries: start.entries.slice(0, Math.max(start.entries.length - 1, lengthOfTail(start))),
    }),
  },
  {
    name: 'acknowledges one entry too many',
    wrap: overstatesMatch,
  },
];

function withoutConfiguration(entry: Entry): Entry {
  return entry.kind === 'configuration'
    ? { kind: 'no-op', index: entry.index, term: entry.term }
    : entry;
}

function lengthOfTail(start: RaftStart): number {
  const last = start.snapshot?.index ?? 0;
  return start.entries.filter((entry) => entry.index <= last).length;
}

/** The driver's answer is made up at once; the write itself comes later, or never. */
function answersEarly(inner: RaftMachine): RaftMachine {
  let answered = 0;
  return {
    deadline: () => inner.deadline(),
    step: (input, now) => {
      if (input.kind === 'persisted' && input.ticket <= answered) return [];
      const effects = [...inner.step(input, now)];
      for (const effect of effects) {
        if (effect.kind !== 'persist') continue;
        answered = effect.ticket;
        effects.push(...inner.step({ kind: 'persisted', ticket: effect.ticket }, now));
      }
      return effects;
    },
  };
}

function countsOldVotes(inner: RaftMachine): RaftMachine {
  let term = 0;
  const onInput: OnInput = (input) => {
    if (input.kind !== 'message' || input.message.kind !== 'vote-reply') return input;
    return { ...input, message: { ...input.message, term: Math.max(term, input.message.term) } };
  };
  return wrapped(inner, onInput, (effects) => {
    for (const effect of effects) if (effect.kind === 'role') term = effect.term;
    return effects;
  });
}

/** What the node holds in its log: the disk and what is on its way there. */
function termAt(node: TestNode, index: number): number | undefined {
  const all = [...node.disk.entries, ...node.writes.flatMap(({ write }) => write.append ?? [])];
  return all.findLast((entry) => entry.index === index)?.term;
}

function trustsPrevious(inner: RaftMachine, node: TestNode): RaftMachine {
  const onInput: OnInput = (input) => {
    if (input.kind !== 'message' || input.message.kind !== 'append') return input;
    const { message } = input;
    const previousTerm = termAt(node, message.previousIndex) ?? message.previousTerm;
    return { ...input, message: { ...message, previousTerm } };
  };
  return wrapped(inner, onInput, (effects) => effects);
}

/** Figure 3.7: what a majority holds is applied, though its term is an older one. */
function commitsOlderTerms(inner: RaftMachine, node: TestNode): RaftMachine {
  let matches = new Map<NodeId, number>();
  let applied = node.machine.index;
  const countAnswer = (input: RaftInput): void => {
    if (input.kind !== 'message' || input.message.kind !== 'append-accepted') return;
    const { match } = input.message;
    matches.set(input.from, Math.max(matches.get(input.from) ?? 0, match));
  };
  const onEffects: OnEffects = (effects, input) => {
    countAnswer(input);
    const result = effects.flatMap((effect) => onlyNew(effect));
    for (const effect of effects) if (effect.kind === 'role') matches = new Map();
    const voters = node.raft?.status(0 as Instant).configuration.voters ?? [];
    if (node.raft?.role !== 'leader') return result;
    const held = (index: number): number =>
      1 + voters.filter((voter) => (matches.get(voter) ?? 0) >= index).length;
    const early = node.disk.entries.filter(
      (entry) => entry.index > applied && held(entry.index) >= majority(voters.length),
    );
    applied = early.at(-1)?.index ?? applied;
    return early.length === 0 ? result : [...result, { kind: 'apply', entries: early }];
  };
  const onlyNew = (effect: RaftEffect): readonly RaftEffect[] => {
    if (effect.kind === 'restore') applied = effect.snapshot.index;
    if (effect.kind !== 'apply') return [effect];
    const entries = effect.entries.filter((entry) => entry.index > applied);
    applied = Math.max(applied, entries.at(-1)?.index ?? 0);
    return entries.length === 0 ? [] : [{ kind: 'apply', entries }];
  };
  return wrapped(inner, (input) => input, onEffects);
}

function overstatesCommit(inner: RaftMachine, node: TestNode): RaftMachine {
  const overstated = (effect: RaftEffect): RaftEffect => {
    if (effect.kind !== 'send' || effect.message.kind !== 'heartbeat') return effect;
    const commit = node.raft?.status(0 as Instant).commit ?? 0;
    return { ...effect, message: { ...effect.message, commit } };
  };
  return wrapped(
    inner,
    (input) => input,
    (effects) => effects.map(overstated),
  );
}

function losesPiece(inner: RaftMachine): RaftMachine {
  const onInput: OnInput = (input) => {
    if (input.kind !== 'message' || input.message.kind !== 'snapshot') return input;
    const { message } = input;
    const text = message.offset > 0 && message.last ? ']' : message.text;
    return { ...input, message: { ...message, text } };
  };
  return wrapped(inner, onInput, (effects) => effects);
}

function answersReadsAlone(inner: RaftMachine, node: TestNode): RaftMachine {
  const isAnswer = (effect: RaftEffect): boolean =>
    effect.kind === 'leadership-confirmed' || effect.kind === 'leadership-unconfirmed';
  const onEffects: OnEffects = (effects, input) => {
    const others = effects.filter((effect) => !isAnswer(effect));
    if (input.kind !== 'confirm-leadership' || node.raft?.role !== 'leader') return others;
    const index = node.machine.index;
    return [...others, { kind: 'leadership-confirmed', id: input.id, index }];
  };
  return wrapped(inner, (input) => input, onEffects);
}

function overstatesMatch(inner: RaftMachine): RaftMachine {
  let last = 0;
  const overstated = (effect: RaftEffect): RaftEffect => {
    if (effect.kind !== 'send') return effect;
    if (effect.message.kind !== 'append-accepted') return effect;
    return {
      ...effect,
      message: { ...effect.message, match: Math.min(effect.message.match + 1, last) },
    };
  };
  // Never more than the leader is known to have: that alone would be noticed at once.
  const onInput: OnInput = (input) => {
    if (input.kind !== 'message' || input.message.kind !== 'append') return input;
    const { previousIndex, entries } = input.message;
    last = Math.max(last, previousIndex + entries.length);
    return input;
  };
  return wrapped(inner, onInput, (effects) => effects.map(overstated));
}
