import { INFINITY_SCORE } from '../../model/config.ts';

/** Out of the question: no sum lifts it. */
export const NEVER: number = -INFINITY_SCORE;

/** Adds as Pacemaker does: -INFINITY wins over everything, +INFINITY over what is finite. */
export function addScores(a: number, b: number): number {
  if (a <= NEVER || b <= NEVER) return NEVER;
  if (a >= INFINITY_SCORE || b >= INFINITY_SCORE) return INFINITY_SCORE;
  const sum = a + b;
  if (sum <= NEVER) return NEVER;
  return sum >= INFINITY_SCORE ? INFINITY_SCORE : sum;
}

/** The part of a dependent's score that counts for its primary: `score` × `factor` / INFINITY, rounded. */
export function scaleScore(score: number, factor: number): number {
  if (factor >= INFINITY_SCORE) return score;
  const scaled = (score * factor) / INFINITY_SCORE;
  return scaled < 0 ? -Math.round(-scaled) : Math.round(scaled);
}
