import { unreachable } from '../../base/assert.ts';
import { addMs, type Instant } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import type { NodeId } from '../../model/ids.ts';
import type { MembershipSend } from './membership-message.ts';
import type { ConfigurationIndex } from './packet.ts';

const queryMs = 500;

export type VoterChangeInput =
  | { readonly kind: 'wake' }
  | { readonly kind: 'lead' }
  | { readonly kind: 'follow' }
  /** The newest set in this node's log, committed or not. */
  | {
      readonly kind: 'configuration';
      readonly configuration: ConfigurationIndex;
      readonly voters: readonly NodeId[];
    }
  | {
      readonly kind: 'done';
      readonly from: NodeId;
      readonly configuration: ConfigurationIndex;
    };

export type VoterChangeEffect =
  | MembershipSend
  /** The next change of voters may be appended, as far as R15 goes (Raft has its own rule besides). */
  | { readonly kind: 'may-change'; readonly configuration: ConfigurationIndex };

/**
 * R15, the leader's side: the next change of the voter set waits until a majority of the present set has reported that
 * it is done with it. Reports are asked for until then.
 */
export class VoterChange implements Machine<VoterChangeInput, VoterChangeEffect> {
  #leads = false;
  #configuration: ConfigurationIndex = 0;
  #voters: readonly NodeId[] = [];
  readonly #done = new Set<NodeId>();
  #queryAt: Instant | undefined;

  /** Whether R15 lets the leader append the next change now. */
  get mayChange(): boolean {
    return this.#leads && this.#configuration > 0 && this.#doneVoters() > this.#voters.length / 2;
  }

  step(input: VoterChangeInput, now: Instant): readonly VoterChangeEffect[] {
    const before = this.mayChange;
    this.#take(input, now);
    const { mayChange } = this;
    if (mayChange) this.#queryAt = undefined;
    if (mayChange && !before) return [{ kind: 'may-change', configuration: this.#configuration }];
    return this.#query(now);
  }

  deadline(): Instant | undefined {
    return this.#configuration === 0 ? undefined : this.#queryAt;
  }

  #take(input: VoterChangeInput, now: Instant): void {
    switch (input.kind) {
      case 'wake':
        break;
      case 'lead':
        this.#leads = true;
        this.#queryAt = now;
        break;
      case 'follow':
        this.#leads = false;
        this.#queryAt = undefined;
        break;
      case 'configuration':
        if (input.configuration === this.#configuration) break;
        // Also backwards: an entry that was not committed may be taken out of the log again.
        this.#configuration = input.configuration;
        this.#voters = input.voters;
        this.#done.clear();
        if (this.#leads) this.#queryAt = now;
        break;
      case 'done':
        // Done with a later set is done with this one as well.
        if (input.configuration >= this.#configuration) this.#done.add(input.from);
        break;
      default:
        unreachable(input);
    }
  }

  /** Learners do not count. */
  #doneVoters(): number {
    let done = 0;
    for (const voter of this.#voters) if (this.#done.has(voter)) done += 1;
    return done;
  }

  #query(now: Instant): readonly VoterChangeEffect[] {
    if (this.#queryAt === undefined || now < this.#queryAt || this.#configuration === 0) return [];
    this.#queryAt = addMs(now, queryMs);
    const message = { kind: 'done-query', configuration: this.#configuration } as const;
    return this.#voters
      .filter((voter) => !this.#done.has(voter))
      .map((to) => ({ kind: 'send', to, message }));
  }
}
