import { INFINITY_SCORE } from '../../model/config.ts';
import type { Reason } from '../../model/reason.ts';
import type { Row } from './preferences.ts';
import { addScores, NEVER, scaleScore } from './scores.ts';
import type { Situation } from './situation.ts';
import type { Span, Unit } from './units.ts';

/** A colocation rule between two units. */
export interface Tie {
  readonly dependent: Span;
  readonly primary: Span;
  readonly score: number;
  readonly reason: Reason;
}

/** The ties of each unit, as dependent and as primary, by the unit's index. */
export interface Ties {
  readonly all: readonly Tie[];
  readonly ofDependent: ReadonlyMap<number, readonly Tie[]>;
  readonly ofPrimary: ReadonlyMap<number, readonly Tie[]>;
}

export function readTies(situation: Situation): Ties {
  const all = situation.rules.flatMap((rule): readonly Tie[] => {
    if (rule.kind !== 'colocation' || rule.score === 0) return [];
    const dependent = situation.spans.get(rule.dependent);
    const primary = situation.spans.get(rule.primary);
    if (dependent === undefined || primary === undefined) return [];
    if (dependent.unit === primary.unit) return [];
    const { id, score } = rule;
    const names = { dependent: rule.dependent, primary: rule.primary };
    return [{ dependent, primary, score, reason: { rule: 'colocation', id, ...names, score } }];
  });
  return {
    all,
    ofDependent: groupByUnit(all, (tie) => tie.dependent.unit),
    ofPrimary: groupByUnit(all, (tie) => tie.primary.unit),
  };
}

/** Which nodes the primary's part is placed on, by part index. */
export type Occupied = ReadonlyMap<number, ReadonlySet<number>>;

const nowhere: ReadonlySet<number> = new Set();

/** The dependent's row with what its primary's place says: mandatory ones bind, optional ones never leave no node. */
export function followPrimary(row: Row, tie: Tie, occupied: Occupied): Row {
  const primary = primaryPlaces(tie, occupied);
  if (tie.score < INFINITY_SCORE && primary.size === 0) return row;
  const scores = row.scores.map((score, node) => {
    if (primary.has(node)) return addScores(score, tie.score);
    return tie.score >= INFINITY_SCORE ? NEVER : score;
  });
  const isOptional = tie.score > NEVER && tie.score < 0;
  if (isOptional && !scores.some((score) => score >= 0)) return row;
  const reasons = row.reasons.map((list, node) =>
    primary.has(node) || tie.score >= INFINITY_SCORE ? [...list, tie.reason] : list,
  );
  return { scores, reasons };
}

/** For "must be with", the last part of the primary counts: where it runs, all before it run. */
function primaryPlaces(tie: Tie, occupied: Occupied): ReadonlySet<number> {
  const { unit, from, to } = tie.primary;
  const part = unit.parts[tie.score >= INFINITY_SCORE ? to : from];
  return (part && occupied.get(part.index)) ?? nowhere;
}

/**
 * The primary's row with what its dependents prefer: it goes where they can run as well, if there is such a node.
 * A pull that leaves no possible node is not heard, and none drives the primary off a place that it has (`current`):
 * of two that would be apart it is the dependent that gives way.
 */
export function hearDependent(
  { row, mayTake }: Heard,
  tie: Tie,
  pull: Row,
  current: ReadonlySet<number>,
): Heard {
  const scores = row.scores.map((score, node) => {
    const wish = pull.scores[node] ?? 0;
    if (tie.score >= 0) return addScores(score, pulled(wish, tie.score));
    const isLeft = wish <= 0 || current.has(node);
    return isLeft ? score : addScores(score, -scaleScore(wish, -tie.score));
  });
  const still = mayTake.map((possible, node) => possible && (scores[node] ?? NEVER) > NEVER);
  if (!still.includes(true)) return { row, mayTake };
  const reasons = row.reasons.map((list, node) =>
    scores[node] === row.scores[node] ? list : [...list, tie.reason],
  );
  return { row: { scores, reasons }, mayTake: still };
}

export interface Heard {
  readonly row: Row;
  /** Which nodes are possible so far. */
  readonly mayTake: readonly boolean[];
}

/** A finite tie passes on a finite wish only: it cannot forbid. */
function pulled(wish: number, tieScore: number): number {
  const scaled = scaleScore(wish, tieScore);
  return tieScore >= INFINITY_SCORE ? scaled : Math.max(scaled, NEVER + 1);
}

function groupByUnit(
  ties: readonly Tie[],
  unit: (tie: Tie) => Unit,
): ReadonlyMap<number, readonly Tie[]> {
  const map = new Map<number, Tie[]>();
  for (const tie of ties) {
    const list = map.get(unit(tie).index);
    if (list === undefined) map.set(unit(tie).index, [tie]);
    else list.push(tie);
  }
  return map;
}
