/** One figure of a bench: what `--json` prints, one a line. `value` is the median. */
export interface Measurement {
  readonly name: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly n: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
  /** What it is to reach; left out where there is no such figure. */
  readonly target?: Target;
  /** Whether it does. */
  readonly reached?: boolean;
}

/** Bounds of a figure, in its unit. */
export interface Target {
  readonly medianMost?: number;
  readonly maxMost?: number;
  readonly least?: number;
}

/** What a measurement is called. */
export interface Title {
  readonly name: string;
  readonly metric: string;
  readonly unit: string;
}

/** Sums samples up. Throws for none: a bench without a sample has failed. */
export function measurement(
  title: Title,
  samples: readonly number[],
  target?: Target,
): Measurement {
  if (samples.length === 0) throw new Error(`${title.name} ${title.metric}: no sample`);
  const sorted = samples.toSorted((a, b) => a - b);
  const figures = {
    min: rounded(sorted.at(0) ?? 0),
    median: rounded(medianOf(sorted)),
    max: rounded(sorted.at(-1) ?? 0),
  };
  return {
    ...title,
    value: figures.median,
    n: samples.length,
    ...figures,
    ...(target === undefined ? {} : { target, reached: reaches(figures, target) }),
  };
}

function reaches(
  { min, median, max }: { readonly min: number; readonly median: number; readonly max: number },
  { medianMost = Infinity, maxMost = Infinity, least = -Infinity }: Target,
): boolean {
  return median <= medianMost && max <= maxMost && min >= least;
}

function medianOf(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** Three decimals are more than any bench can tell. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
