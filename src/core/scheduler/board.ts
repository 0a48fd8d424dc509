import {
  followPrimary,
  type Heard,
  hearDependent,
  type Occupied,
  type Ties,
} from './colocation.ts';
import { combineParts, type UnitRow } from './combine.ts';
import type { Preferences, Row } from './preferences.ts';
import { NEVER } from './scores.ts';
import type { Situation } from './situation.ts';
import { currentPlaces } from './stickiness.ts';
import { unitAt } from './unit-order.ts';
import type { Unit } from './units.ts';

/** All that is to be weighed for one unit. */
export interface Board {
  readonly partRows: readonly Row[];
  readonly row: UnitRow;
  readonly mayTake: readonly boolean[];
}

/** Weighs a unit's own preferences, the places of its primaries and the wishes of its dependents. */
export function readBoard(
  situation: Situation,
  unit: Unit,
  preferences: Preferences,
  ties: Ties,
  pulls: ReadonlyMap<number, Row>,
  occupied: Occupied,
): Board {
  const partRows = [...rowsOf(unit, preferences)];
  for (const tie of ties.ofDependent.get(unit.index) ?? []) {
    const position = tie.dependent.from;
    const row = partRows[position];
    if (row !== undefined) partRows[position] = followPrimary(row, tie, occupied);
  }
  const own = combineParts(unit, partRows);
  const heard = hearAll(situation, unit, own, ties, pulls);
  return { partRows, row: { ...heard.row, depths: own.depths }, mayTake: heard.mayTake };
}

function hearAll(
  situation: Situation,
  unit: Unit,
  own: Row,
  ties: Ties,
  pulls: ReadonlyMap<number, Row>,
): Heard {
  let heard: Heard = { row: own, mayTake: own.scores.map((score) => score >= 0) };
  const current = placesOfUnit(situation, unit);
  for (const tie of ties.ofPrimary.get(unit.index) ?? []) {
    const pull = pulls.get(tie.dependent.unit.index);
    const dependent = tie.dependent.unit.parts[tie.dependent.from];
    if (pull === undefined || dependent?.intended !== undefined) continue;
    heard = hearDependent(heard, tie, pull, current);
  }
  return heard;
}

function placesOfUnit(situation: Situation, unit: Unit): ReadonlySet<number> {
  return new Set(
    unit.parts.flatMap((part) =>
      part.instances.flatMap((instance) => currentPlaces(situation, instance)),
    ),
  );
}

function rowsOf(unit: Unit, preferences: Preferences): readonly Row[] {
  return unit.parts.flatMap((part) => preferences.rows[part.index] ?? []);
}

/** What each unit prefers together with all that depends on it, for its own primaries. */
export function readPulls(
  situation: Situation,
  preferences: Preferences,
  ties: Ties,
  order: readonly number[],
): ReadonlyMap<number, Row> {
  const pulls = new Map<number, Row>();
  for (const index of [...order].reverse()) {
    if (!ties.ofDependent.has(index)) continue;
    const unit = unitAt(situation, index);
    const first = unit.parts[0];
    if (first === undefined || first.intended !== undefined) continue;
    const own = combineParts(unit, rowsOf(unit, preferences));
    if (!own.scores.some((score) => score > NEVER)) continue;
    pulls.set(index, hearAll(situation, unit, own, ties, pulls).row);
  }
  return pulls;
}
