import type { NodeId } from '../../model/ids.ts';

/** How many of `count` voters make a majority. */
export function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** The greatest value that a majority has reached; 0 where there are no voters. */
export function reachedByMajority(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const descending = [...values].sort((a, b) => b - a);
  return descending[majority(values.length) - 1] ?? 0;
}

export type VoteOutcome = 'won' | 'lost' | 'open';

/** The answers to one candidacy. The first answer of a voter counts. */
export class VoteTally {
  readonly #answers = new Map<NodeId, boolean>();

  record(voter: NodeId, granted: boolean): void {
    if (!this.#answers.has(voter)) this.#answers.set(voter, granted);
  }

  /** Judged by the voters alone, whoever else answered. Without voters nothing is won. */
  outcome(voters: readonly NodeId[]): VoteOutcome {
    let granted = 0;
    let refused = 0;
    for (const voter of voters) {
      const answer = this.#answers.get(voter);
      if (answer === true) granted += 1;
      if (answer === false) refused += 1;
    }
    const needed = majority(voters.length);
    if (granted >= needed) return 'won';
    return voters.length - refused < needed ? 'lost' : 'open';
  }
}
