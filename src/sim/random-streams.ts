import { Prng } from '../base/prng.ts';

/** Random numbers of one concern: what one concern draws does not shift what another one gets. */
export function forkPrng(seed: number, concern: string): Prng {
  let hash = 0x811c9dc5;
  for (let i = 0; i < concern.length; i += 1) {
    hash = Math.imul(hash ^ concern.charCodeAt(i), 0x01000193);
  }
  // The seed fills the low 32 bits, the concern what a double can hold above them.
  return new Prng((hash >>> 12) * 0x1_0000_0000 + (seed >>> 0));
}

/** A number between the two, each equally likely. */
export function between(prng: Prng, min: number, max: number): number {
  return min + (max - min) * prng.fraction();
}

/** A waiting time with the given mean, as between events that know nothing of each other. */
export function exponential(prng: Prng, mean: number): number {
  return -mean * Math.log(1 - prng.fraction());
}
