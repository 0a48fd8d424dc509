import type { Reason } from '../../model/reason.ts';
import { type FailureBan, failureBans } from './failures.ts';
import { locationPreferences, optInRefusals } from './location.ts';
import { judgeMoves, type MoveVerdict, movePreferences } from './moves.ts';
import { addScores, NEVER } from './scores.ts';
import type { Situation } from './situation.ts';
import { stickinessPreferences } from './stickiness.ts';

/** A wish that a part be (not) on a node. */
export interface Preference {
  readonly part: number;
  readonly node: number;
  readonly score: number;
  readonly reason: Reason;
}

/** Scores and their reasons by node. */
export interface Row {
  readonly scores: readonly number[];
  readonly reasons: readonly (readonly Reason[])[];
}

/** Stage 2: what speaks for and against each node, for each part by itself. */
export interface Preferences {
  /** By part. */
  readonly rows: readonly Row[];
  readonly moves: readonly MoveVerdict[];
  readonly bans: readonly FailureBan[];
}

export function collectPreferences(situation: Situation): Preferences {
  const bans = failureBans(situation);
  const standing = [
    ...optInRefusals(situation),
    ...locationPreferences(situation),
    ...bans.map((ban) => ban.preference),
    ...stickinessPreferences(situation),
  ];
  const rows = foldRows(situation, standing);
  const moves = judgeMoves(situation, rows);
  const wished = movePreferences(moves);
  if (wished.length === 0) return { rows, moves, bans };
  return { rows: foldRows(situation, [...standing, ...wished]), moves, bans };
}

/** Sums the preferences of each part, on top of what the nodes themselves refuse. */
function foldRows(situation: Situation, preferences: readonly Preference[]): readonly Row[] {
  const base: Row = {
    scores: situation.nodes.map((node) => (node.refusal === undefined ? 0 : NEVER)),
    reasons: situation.nodes.map((node) => (node.refusal === undefined ? [] : [node.refusal])),
  };
  const byPart = new Map<number, Preference[]>();
  for (const preference of preferences) {
    const list = byPart.get(preference.part);
    if (list === undefined) byPart.set(preference.part, [preference]);
    else list.push(preference);
  }
  return situation.parts.map((part) => {
    const own = byPart.get(part.index);
    return own === undefined ? base : addToRow(base, own);
  });
}

function addToRow(row: Row, preferences: readonly Omit<Preference, 'part'>[]): Row {
  const scores = [...row.scores];
  const reasons = [...row.reasons];
  for (const { node, score, reason } of preferences) {
    scores[node] = addScores(scores[node] ?? 0, score);
    reasons[node] = [...(reasons[node] ?? []), reason];
  }
  return { scores, reasons };
}
