import { addMs, earliest, type Instant } from '../../base/instant.ts';
import type { Command } from '../../model/command.ts';
import type { ClusterState } from '../store/cluster-state.ts';

/** A want is said again after so long, in case the leader lost it. */
const REPEAT_MS = 1000;

interface Want {
  readonly command: Command;
  /** Whether the log shows that nothing more is to be said. */
  readonly settled: (state: ClusterState) => boolean;
  sayAt: Instant;
}

/** What this node wants in the log (answers to orders, failures, its join): said until the log shows its effect. */
export class Wants {
  readonly #wants = new Map<string, Want>();

  deadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const want of this.#wants.values()) first = earliest(first, want.sayAt);
    return first;
  }

  /** The first of two wants with one key stays. */
  add(
    key: string,
    command: Command,
    settled: (state: ClusterState) => boolean,
    now: Instant,
  ): void {
    if (this.#wants.has(key)) return;
    this.#wants.set(key, { command, settled, sayAt: now });
  }

  drop(key: string): void {
    this.#wants.delete(key);
  }

  has(key: string): boolean {
    return this.#wants.has(key);
  }

  /** Forgets what has come true. */
  settle(state: ClusterState): void {
    for (const [key, want] of this.#wants) {
      if (want.settled(state)) this.#wants.delete(key);
    }
  }

  /** There is a new leader: it knows nothing of what was said. */
  sayAllAgain(now: Instant): void {
    for (const want of this.#wants.values()) want.sayAt = now;
  }

  /** What is to be said now. */
  due(now: Instant): readonly Command[] {
    const commands: Command[] = [];
    for (const want of this.#wants.values()) {
      if (want.sayAt > now) continue;
      want.sayAt = addMs(now, REPEAT_MS);
      commands.push(want.command);
    }
    return commands;
  }
}
