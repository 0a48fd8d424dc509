import type { Instant } from '../../base/instant.ts';
import { type LossEffect, type LossInput, LossRounds } from '../../core/membership/loss.ts';
import { Takeover, type TakeoverInput } from '../../core/membership/takeover.ts';
import type { NodeId } from '../../model/ids.ts';
import { acting, type Bug, replaceMethod, replacingBug } from './bug.ts';

type RoundStep = (input: LossInput, now: Instant) => readonly LossEffect[];
type RoundMeddling = (rounds: LossRounds, input: LossInput, step: RoundStep) => RoundStep;

/** Mistakes of the leader that counts promises and waits (R4 to R7), and of the voter's disk. */
export const lossBugs: readonly Bug[] = [
  replacingBug(
    {
      name: 'single-promise',
      rule: 'R6',
      what: 'the promise of one voter is taken for that of a majority',
      seedsMax: 8,
      kinds: ['one way cut'],
    },
    () => [meddleWithRounds(countForAll)],
  ),
  replacingBug(
    {
      name: 'leader-counts-itself',
      rule: 'R4',
      what: 'the leader counts itself without a promise of its own heart',
      seedsMax: 8,
      nodes: 3,
      kinds: ['one way cut'],
    },
    () => [meddleWithRounds(countSelf)],
  ),
  replacingBug(
    {
      name: 'old-promises-count',
      rule: 'R6',
      what: 'promises of earlier rounds and terms count in the present round',
      seedsMax: 40,
      nodes: 3,
      kinds: ['one way cut', 'isolated'],
    },
    () => [meddleWithRounds(countOld)],
  ),
  replacingBug(
    {
      name: 'lost-by-silence',
      rule: 'R6',
      what: 'a member that the leader does not hear is lost, whatever the voters say',
      seedsMax: 8,
      kinds: ['one way cut'],
    },
    () => [meddleWithRounds(countRequests)],
  ),
  replacingBug(
    {
      name: 'no-wait-for-self-stop',
      rule: 'R7',
      what: 'what a lost node ran is given away at once, without waiting for S',
      seedsMax: 20,
      kinds: ['isolated'],
    },
    () => [meddleWithTakeover(() => true)],
  ),
  replacingBug(
    {
      name: 'new-leader-does-not-wait',
      rule: 'R7',
      what: 'a leader that did not gather the promises does not wait for S',
      seedsMax: 60,
      kinds: ['isolated and stuck', 'power-off at a gathered round', 'power-off at a decision'],
    },
    () => {
      const gathered = new WeakMap<Takeover, Set<string>>();
      return [
        meddleWithTakeover((takeover, input) => {
          const own = gathered.get(takeover) ?? new Set<string>();
          gathered.set(takeover, own);
          if (input.kind === 'gathered') own.add(`${input.node} ${input.incarnation}`);
          return input.kind === 'lost' && !own.has(`${input.node} ${input.incarnation}`);
        }),
      ];
    },
  ),
];

function meddleWithRounds(make: RoundMeddling): () => void {
  return replaceMethod(
    LossRounds.prototype,
    'step',
    (original) =>
      function (this: LossRounds, input, now) {
        const honest: RoundStep = (given, at) => original.call(this, given, at);
        return make(this, input, honest)(input, now);
      },
  );
}

const votersOf = new WeakMap<LossRounds, readonly NodeId[]>();

/** Each promise comes in the name of every voter. */
function countForAll(rounds: LossRounds, input: LossInput, step: RoundStep): RoundStep {
  if (input.kind === 'voters') votersOf.set(rounds, input.voters);
  if (input.kind !== 'response' || !input.response.promised) return step;
  return (_input, now) =>
    (votersOf.get(rounds) ?? []).flatMap((from) => step({ ...input, from }, now));
}

/** To ask is to be promised. */
function countRequests(_rounds: LossRounds, _input: LossInput, step: RoundStep): RoundStep {
  return (input, now) => promisedBy(step(input, now), step, now, () => true);
}

/** Its own request is answered with yes, and its own heart is not asked. */
function countSelf(_rounds: LossRounds, _input: LossInput, step: RoundStep): RoundStep {
  return (input, now) => {
    const effects = step(input, now);
    const answered = promisedBy(effects, step, now, (to) => to === acting.self);
    return answered.filter(
      (effect) =>
        effect.kind !== 'send' ||
        effect.to !== acting.self ||
        effect.message.kind !== 'promise-request',
    );
  };
}

function promisedBy(
  effects: readonly LossEffect[],
  step: RoundStep,
  now: Instant,
  counts: (to: NodeId) => boolean,
): readonly LossEffect[] {
  const more = effects.flatMap((effect) => {
    if (effect.kind !== 'send' || effect.message.kind !== 'promise-request') return [];
    if (!counts(effect.to)) return [];
    const response = { ...effect.message, kind: 'promise-response', promised: true } as const;
    return step({ kind: 'response', from: effect.to, response }, now);
  });
  return [...effects, ...more];
}

interface Present {
  readonly term: number;
  readonly round: number;
  readonly incarnation: number;
}

const presentRounds = new WeakMap<LossRounds, Map<NodeId, Present>>();
const oldPromises = new WeakMap<LossRounds, Map<NodeId, Set<NodeId>>>();

/** A promise once given counts in every later round about the node. */
function countOld(rounds: LossRounds, _input: LossInput, step: RoundStep): RoundStep {
  const present = presentRounds.get(rounds) ?? new Map<NodeId, Present>();
  const old = oldPromises.get(rounds) ?? new Map<NodeId, Set<NodeId>>();
  presentRounds.set(rounds, present);
  oldPromises.set(rounds, old);
  return (input, now) => {
    if (input.kind === 'response' && input.response.promised) {
      const { node } = input.response;
      const voters = old.get(node) ?? new Set<NodeId>();
      old.set(node, voters.add(input.from));
    }
    const effects = step(input, now);
    const more: LossEffect[] = [];
    for (const effect of effects) {
      if (effect.kind !== 'note' || effect.note.kind !== 'round-begun') continue;
      const { node, incarnation, term, round } = effect.note;
      for (const from of old.get(node) ?? []) {
        const promise = { node, incarnation, term, round, promised: true };
        const response = { ...promise, kind: 'promise-response' } as const;
        more.push(...step({ kind: 'response', from, response }, now));
      }
    }
    return [...effects, ...more];
  };
}

/** Makes S nothing for those losses for which `hurries` says so. */
function meddleWithTakeover(
  hurries: (takeover: Takeover, input: TakeoverInput) => boolean,
): () => void {
  return replaceMethod(
    Takeover.prototype,
    'step',
    (original) =>
      function (this: Takeover, input, now) {
        const isHasty = hurries(this, input);
        if (input.kind !== 'lost' || !isHasty || input.selfStopMs === undefined) {
          return original.call(this, input, now);
        }
        return original.call(this, { ...input, selfStopMs: 0 }, now);
      },
  );
}
