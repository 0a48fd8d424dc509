import type { Ties } from './colocation.ts';
import { combineParts } from './combine.ts';
import type { Preferences } from './preferences.ts';
import { NEVER } from './scores.ts';
import type { Situation } from './situation.ts';
import { currentPlaces } from './stickiness.ts';
import { afterNeeds } from './topology.ts';
import type { Unit } from './units.ts';

/**
 * In which order units choose their nodes, after Pacemaker: higher priority first; then what has the highest score
 * where it is now, so that those that must move see how full the nodes are; then the highest scores on the first
 * nodes; then as written. A primary always chooses before its dependents.
 */
export function unitOrder(
  situation: Situation,
  preferences: Preferences,
  ties: Ties,
): readonly number[] {
  const ranked = situation.units.map((unit) => rankOf(situation, preferences, unit));
  const preferred = ranked
    .sort(
      (a, b) =>
        b.unit.priority - a.unit.priority ||
        b.current - a.current ||
        compareScores(b.scores, a.scores) ||
        a.unit.index - b.unit.index,
    )
    .map((rank) => rank.unit.index);
  return afterNeeds(preferred, (unit) =>
    (ties.ofDependent.get(unit) ?? []).map((tie) => tie.primary.unit.index),
  );
}

export function unitAt(situation: Situation, index: number): Unit {
  const unit = situation.units[index];
  if (unit === undefined) throw new RangeError(`no unit ${index}`);
  return unit;
}

interface Rank {
  readonly unit: Unit;
  /** Its score where it is now; 0 where nothing keeps it there. */
  readonly current: number;
  readonly scores: readonly number[];
}

function rankOf(situation: Situation, preferences: Preferences, unit: Unit): Rank {
  const rows = unit.parts.flatMap((part) => preferences.rows[part.index] ?? []);
  const { scores } = combineParts(unit, rows);
  const places = unit.parts.flatMap((part) =>
    part.instances.flatMap((instance) => currentPlaces(situation, instance)),
  );
  const current = Math.max(0, ...places.map((node) => scores[node] ?? NEVER));
  return { unit, current, scores };
}

function compareScores(a: readonly number[], b: readonly number[]): number {
  for (const [node, score] of a.entries()) {
    const difference = score - (b[node] ?? NEVER);
    if (difference !== 0) return difference;
  }
  return 0;
}
