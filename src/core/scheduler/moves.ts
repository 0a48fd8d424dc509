import { INFINITY_SCORE } from '../../model/config.ts';
import type { Wish } from '../../model/plan.ts';
import type { Reason } from '../../model/reason.ts';
import type { Preference, Row } from './preferences.ts';
import { addScores, NEVER } from './scores.ts';
import type { Situation } from './situation.ts';
import { placesOf } from './stickiness.ts';
import type { Unit } from './units.ts';

export type MoveWish = Extract<Wish, { readonly kind: 'move' }>;

/** Whether a wish to move can be followed. */
export type MoveVerdict =
  | {
      readonly kind: 'granted';
      readonly wish: MoveWish;
      readonly unit: Unit;
      readonly node: number;
    }
  | { readonly kind: 'refused'; readonly wish: MoveWish; readonly reason: Reason };

/** Refuses what cannot be, and what would come back at once: two outages for nothing. */
export function judgeMoves(situation: Situation, rows: readonly Row[]): readonly MoveVerdict[] {
  const verdicts: MoveVerdict[] = [];
  for (const wish of situation.wishes) {
    if (wish.kind !== 'move') continue;
    const unit = situation.spans.get(wish.resource)?.unit;
    const node = situation.nodeIndex.get(wish.to);
    const refusal = refusalOf(situation, rows, wish);
    if (refusal !== undefined || unit === undefined || node === undefined) {
      const reason: Reason = refusal ?? { rule: 'removed', resource: wish.resource };
      verdicts.push({ kind: 'refused', wish, reason });
    } else {
      verdicts.push({ kind: 'granted', wish, unit, node });
    }
  }
  return verdicts;
}

export function movePreferences(moves: readonly MoveVerdict[]): readonly Preference[] {
  return moves.flatMap((move): readonly Preference[] => {
    const part = move.kind === 'granted' ? move.unit.parts[0] : undefined;
    if (move.kind !== 'granted' || part === undefined) return [];
    const { resource, to } = move.wish;
    const reason = { rule: 'moved-by-hand', resource, to } as const;
    return [{ part: part.index, node: move.node, score: INFINITY_SCORE, reason }];
  });
}

function refusalOf(situation: Situation, rows: readonly Row[], wish: MoveWish): Reason | undefined {
  const unit = situation.spans.get(wish.resource)?.unit;
  const node = situation.nodeIndex.get(wish.to);
  if (unit === undefined) return { rule: 'removed', resource: wish.resource };
  if (node === undefined) return { rule: 'not-joined', node: wish.to };
  if (unit.clone !== undefined) return { rule: 'runs-everywhere', resource: unit.id };
  for (const part of unit.parts) {
    const hindrance = part.frozen ?? (part.position === 0 ? part.intended : undefined);
    if (hindrance !== undefined) return hindrance;
  }
  const first = unit.parts[0];
  const row = first === undefined ? undefined : rows[first.index];
  if (row === undefined) return undefined;
  if ((row.scores[node] ?? NEVER) <= NEVER) {
    return row.reasons[node]?.[0] ?? { rule: 'not-joined', node: wish.to };
  }
  return returnReason(situation, unit, rows, node);
}

/** The rule that would take the unit away again as soon as the wish is fulfilled. */
function returnReason(
  situation: Situation,
  unit: Unit,
  rows: readonly Row[],
  to: number,
): Reason | undefined {
  const runsThere = unit.parts.some((part) =>
    part.instances.some((instance) => placesOf(situation, instance).includes(to)),
  );
  if (runsThere) return undefined;
  const stickiness = unit.parts.reduce((sum, part) => sum + part.stickiness, 0);
  const scoreAt = (node: number): number =>
    unit.parts.reduce((sum, part) => {
      const row = rows[part.index];
      const sticky = (row?.reasons[node] ?? []).some((reason) => reason.rule === 'stickiness');
      const own = (row?.scores[node] ?? NEVER) - (sticky ? part.stickiness : 0);
      return addScores(sum, own);
    }, 0);
  const there = addScores(scoreAt(to), stickiness);
  const reasonsAt = (node: number): readonly Reason[] =>
    unit.parts.flatMap((part) => rows[part.index]?.reasons[node] ?? []);
  if (there < 0) {
    return reasonsAt(to).find((reason) => reason.rule === 'location' && reason.score < 0);
  }
  for (const node of situation.nodes) {
    if (node.index === to || scoreAt(node.index) <= there) continue;
    const because = reasonsAt(node.index).find((reason) => reason.rule === 'location');
    const from = situation.nodes[to]?.id;
    if (because !== undefined && from !== undefined) {
      return { rule: 'better-node', from, to: node.id, because };
    }
  }
  return undefined;
}
