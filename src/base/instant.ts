import type { Brand } from './brand.ts';

/**
 * A point in time on one machine's own monotonic clock, in milliseconds (with fractions).
 * The clock counts suspended time. Instants of different machines cannot be compared.
 */
export type Instant = Brand<number, 'Instant'>;

export function instant(ms: number): Instant {
  return ms as Instant;
}

export function addMs(at: Instant, ms: number): Instant {
  return (at + ms) as Instant;
}

/** Milliseconds from `earlier` to `later`; negative if they are the other way round. */
export function msBetween(earlier: Instant, later: Instant): number {
  return later - earlier;
}

/** The earliest of the instants that are set, or undefined where none is. */
export function earliest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  let first: Instant | undefined;
  for (const at of instants) {
    if (at !== undefined && (first === undefined || at < first)) first = at;
  }
  return first;
}

export function latest(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}
