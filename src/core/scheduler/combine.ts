import type { Reason } from '../../model/reason.ts';
import type { Row } from './preferences.ts';
import { addScores, NEVER } from './scores.ts';
import type { Unit } from './units.ts';

/** What the parts of a unit say together. */
export interface UnitRow extends Row {
  /** How many parts, from the first, could run on each node. */
  readonly depths: readonly number[];
}

/**
 * Sums the rows of a unit's parts. A part that a node refuses ends the unit there: it and those after it cannot
 * run on that node. A group goes where the most of it can run; the copies of a clone take each node as it is.
 */
export function combineParts(unit: Unit, rows: readonly Row[]): UnitRow {
  const first = rows[0];
  if (first === undefined) return { scores: [], reasons: [], depths: [] };
  const depths = first.scores.map((_, node) => depthAt(unit, rows, node));
  if (rows.length === 1) return { ...first, depths };
  const deepest = Math.max(...depths);
  const scores = depths.map((depth, node) => {
    if (depth === 0 || (unit.clone === undefined && depth < deepest)) return NEVER;
    return rows.slice(0, depth).reduce((sum, row) => addCounted(sum, row.scores[node]), 0);
  });
  const reasons = depths.map((_, node): readonly Reason[] => distinctReasons(rows, node));
  return { scores, reasons, depths };
}

function depthAt(unit: Unit, rows: readonly Row[], node: number): number {
  let depth = 0;
  for (const row of rows) {
    const part = unit.parts[depth];
    // A part that shall not run has no say.
    const isSilent = depth > 0 && (part?.intended !== undefined || part?.frozen !== undefined);
    if (!isSilent && (row.scores[node] ?? NEVER) <= NEVER) return depth;
    depth += 1;
  }
  return depth;
}

/** A silent part may be refused where the others are not. */
function addCounted(sum: number, score: number | undefined): number {
  return score === undefined || score <= NEVER ? sum : addScores(sum, score);
}

/** What the node itself refuses is the same object for every part, and said once. */
function distinctReasons(rows: readonly Row[], node: number): readonly Reason[] {
  return [...new Set(rows.flatMap((row) => row.reasons[node] ?? []))];
}
