import type { Measurement } from './measurement.ts';

export type Profile = 'default' | 'fast';

/** How a bench is run. */
export interface BenchOptions {
  /** How often each scenario is repeated. */
  readonly runs: number;
  readonly profiles: readonly Profile[];
  /** How long the long ones take. */
  readonly minutes: number;
  /** Only scenarios whose metric contains one of these texts; all, where there is none. */
  readonly only: readonly string[];
  /** For people: what is under way. */
  readonly progress: (text: string) => void;
  /** Called for each figure as soon as it is known. */
  readonly report: (measurement: Measurement) => void;
}

/** Measures; throws where the promise of one owner is broken or nothing could be measured. */
export type Bench = (options: BenchOptions) => Promise<void>;
