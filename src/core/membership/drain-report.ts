import { unreachable } from '../../base/assert.ts';
import type { Instant } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import type { NodeId } from '../../model/ids.ts';
import type { AgentToHeart } from './heart-protocol.ts';
import type { MembershipSend } from './membership-message.ts';
import type { ConfigurationIndex } from './packet.ts';

export type DrainInput =
  /** A configuration entry was applied; the heart has been told its voters before. */
  | { readonly kind: 'applied'; readonly configuration: ConfigurationIndex }
  /** The heart's answer: every grant made before has run out. */
  | { readonly kind: 'drained'; readonly configuration: ConfigurationIndex }
  | { readonly kind: 'persisted'; readonly floor: ConfigurationIndex }
  /** The leader asks. */
  | {
      readonly kind: 'query';
      readonly from: NodeId;
      readonly configuration: ConfigurationIndex;
    }
  /** The heart was started anew and knows nothing of earlier questions. */
  | { readonly kind: 'heart-up' };

export type DrainEffect =
  | MembershipSend
  | { readonly kind: 'heart'; readonly message: AgentToHeart & { readonly kind: 'drain' } }
  /** R8, R15: from now on this node acks only when its log is applied up to here. Answered by `persisted`. */
  | { readonly kind: 'persist-floor'; readonly floor: ConfigurationIndex };

/**
 * R15, the voter's side: "done with j" is reported when j is applied, every grant made before has run out, and the
 * index of j is on disk as the floor.
 */
export class DrainReport implements Machine<DrainInput, DrainEffect> {
  #applied: ConfigurationIndex = 0;
  /** On disk. */
  #floor: ConfigurationIndex;
  /** Who asked, and gets the report when it is true. */
  #asked: { readonly from: NodeId; readonly configuration: ConfigurationIndex } | undefined;

  constructor(floor: ConfigurationIndex) {
    this.#floor = floor;
  }

  /** The floor that is on disk. */
  get floor(): ConfigurationIndex {
    return this.#floor;
  }

  step(input: DrainInput, _now: Instant): readonly DrainEffect[] {
    switch (input.kind) {
      case 'applied':
        if (input.configuration <= this.#applied) return [];
        this.#applied = input.configuration;
        return this.#drain();
      case 'heart-up':
        return this.#drain();
      case 'drained':
        if (input.configuration !== this.#applied || input.configuration <= this.#floor) return [];
        return [{ kind: 'persist-floor', floor: input.configuration }];
      case 'persisted':
        this.#floor = Math.max(this.#floor, input.floor);
        return this.#report();
      case 'query':
        this.#asked = { from: input.from, configuration: input.configuration };
        return this.#report();
      default:
        return unreachable(input);
    }
  }

  deadline(): undefined {
    return undefined;
  }

  #drain(): readonly DrainEffect[] {
    if (this.#applied <= this.#floor) return [];
    return [{ kind: 'heart', message: { kind: 'drain', configuration: this.#applied } }];
  }

  #report(): readonly DrainEffect[] {
    const asked = this.#asked;
    if (asked === undefined || this.#floor < asked.configuration) return [];
    this.#asked = undefined;
    const message = { kind: 'done-report', configuration: this.#floor } as const;
    return [{ kind: 'send', to: asked.from, message }];
  }
}
