import { earliest, type Instant } from '../../base/instant.ts';
import type { Command } from '../../model/command.ts';
import { isHeard, later, type NodeContext } from './context.ts';
import { Decisions } from './decisions.ts';
import { nextConfiguration } from './voter-policy.ts';

/** Between two tries to change the voter set. */
const RETRY_MS = 200;

/** What a node does while it leads: it decides, and it keeps the voter set as it should be. */
export class Leadership {
  readonly #decisions = new Decisions();
  /** The term that this node leads; undefined otherwise. */
  #term: number | undefined;
  /** All entries of earlier terms are applied: the facts are complete. */
  #isReady = false;
  #votersAt: Instant | undefined;

  deadline(): Instant | undefined {
    if (!this.#isReady) return undefined;
    return earliest(this.#decisions.deadline(), this.#votersAt);
  }

  roleChanged(isLeader: boolean, term: number, context: NodeContext): void {
    if (!isLeader) {
      this.#term = undefined;
      this.#isReady = false;
      this.#decisions.stop();
    } else if (this.#term !== term) {
      this.#term = term;
      this.#isReady = false;
      context.append({ kind: 'lead', node: context.self, term });
    }
  }

  applied(index: number, command: Command, context: NodeContext): void {
    this.#decisions.applied(index);
    this.#decisions.changed();
    if (command.kind !== 'lead' || this.#term === undefined) return;
    if (command.term === this.#term && command.node === context.self) this.#isReady = true;
  }

  /** `mayChangeVoters`: R15 allows the next change of the voter set. */
  advance(mayChangeVoters: boolean, context: NodeContext): void {
    if (!this.#isReady) return;
    this.#decisions.advance(context);
    this.#keepVoters(mayChangeVoters, context);
  }

  #keepVoters(mayChangeVoters: boolean, context: NodeContext): void {
    const { config } = context.state;
    if (config === undefined) return;
    if (this.#votersAt !== undefined && context.now < this.#votersAt) return;
    this.#votersAt = undefined;
    const status = context.raft.status(context.now);
    if (status.configurationIndex > status.commit) return;
    const next = nextConfiguration(status.configuration, context.state.members(), config, (node) =>
      isHeard(context, node),
    );
    if (next === undefined) return;
    const sameVoters = next.voters.length === status.configuration.voters.length;
    if (!sameVoters && !mayChangeVoters) return;
    // Refused until a new voter has caught up; asked again soon.
    this.#votersAt = later(context, RETRY_MS);
    context.raftStep({ kind: 'change-configuration', configuration: next });
  }
}
