import { defined } from '../../base/assert.ts';
import { sortedTexts } from '../../base/order.ts';
import type { NodeId } from '../../model/ids.ts';
import type { RaftConfiguration } from './entry.ts';

/** Of a node that waits to be added: it never campaigns. */
export const noConfiguration: RaftConfiguration = { voters: [], learners: [] };

/** A configuration and the index of its entry; the index serves as its identity. */
export interface ConfigurationRecord {
  readonly index: number;
  readonly configuration: RaftConfiguration;
}

/** Voters and learners in id order. */
export function membersOf(configuration: RaftConfiguration): NodeId[] {
  return sortedTexts([...configuration.voters, ...configuration.learners]);
}

export type ConfigurationProblem =
  | 'unchanged'
  | 'invalid-configuration'
  | 'more-than-one-voter'
  | 'not-caught-up';

/**
 * Why the step from one configuration to the next must not be taken, or undefined.
 * Any two majorities of neighbouring configurations share a voter only if one voter at most
 * comes or goes (4.1). A new voter must have been a learner that caught up (4.2.1).
 */
export function changeProblem(
  current: RaftConfiguration,
  next: RaftConfiguration,
  isCaughtUp: (node: NodeId) => boolean,
): ConfigurationProblem | undefined {
  const members = membersOf(next);
  if (next.voters.length === 0 || new Set(members).size !== members.length) {
    return 'invalid-configuration';
  }
  const added = next.voters.filter((node) => !current.voters.includes(node));
  const removed = current.voters.filter((node) => !next.voters.includes(node));
  if (added.length + removed.length > 1) return 'more-than-one-voter';
  if (added.length + removed.length === 0 && sameNodes(current.learners, next.learners)) {
    return 'unchanged';
  }
  const ready = added.every((node) => current.learners.includes(node) && isCaughtUp(node));
  return ready ? undefined : 'not-caught-up';
}

function sameNodes(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  return a.length === b.length && a.every((node) => b.includes(node));
}

/** The configurations that a log has held since its snapshot: what is in force now, and was at an index. */
export class ConfigurationHistory {
  /** By ascending index, never empty; the first one was in force where the log begins. */
  #records: ConfigurationRecord[];

  constructor(first: ConfigurationRecord) {
    this.#records = [first];
  }

  get latest(): ConfigurationRecord {
    return defined(this.#records.at(-1), 'raft configuration');
  }

  /** The configuration that was in force at an index of the log. */
  at(index: number): ConfigurationRecord {
    const found = this.#records.findLast((record) => record.index <= index);
    return found ?? defined(this.#records[0], 'raft configuration');
  }

  add(record: ConfigurationRecord): void {
    this.#records.push(record);
  }

  /** Forgets what entries from `index` on had brought. */
  truncateFrom(index: number): void {
    while (this.#records.length > 1 && this.latest.index >= index) this.#records.pop();
  }

  /** Forgets what is not needed to answer for `index` and later. */
  compactTo(index: number): void {
    const first = this.at(index);
    this.#records = this.#records.filter((record) => record.index >= first.index);
  }
}
