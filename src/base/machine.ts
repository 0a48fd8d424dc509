import type { Instant } from './instant.ts';

/**
 * A deterministic machine: no clock, no randomness, no I/O of its own.
 * The same inputs at the same instants always give the same effects.
 */
export interface Machine<Input, Effect> {
  /** Takes one input and returns the work to be done, in order. `now` never goes back. */
  step(input: Input, now: Instant): readonly Effect[];
  /**
   * When the machine must be woken (with its own `wake` input) if nothing else comes before.
   * The driver asks after each step. It may wake late after a stall, and early by a timer's grain.
   */
  deadline(): Instant | undefined;
}
