import type { Candidate } from '../../model/plan.ts';
import type { Reason } from '../../model/reason.ts';
import type { Instance } from './units.ts';

/** Where an instance shall run as far as scores say, and why. */
export interface Seat {
  readonly node: number | undefined;
  readonly reason: Reason;
  readonly candidates: readonly Candidate[];
  /** Why nothing may be done with it, on any node. */
  readonly frozen: Reason | undefined;
}

/** An instance and its seat. */
export interface Placed {
  readonly instance: Instance;
  readonly seat: Seat;
}
