import { unreachable } from '../../base/assert.ts';
import { addMs, type Instant } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import type { NodeId } from '../../model/ids.ts';
import { never, sooner } from './never.ts';
import type { Incarnation } from './packet.ts';

export type TakeoverInput =
  | { readonly kind: 'wake' }
  | { readonly kind: 'lead' }
  | { readonly kind: 'follow' }
  /** m of R16, in ms. */
  | { readonly kind: 'margin'; readonly marginMs: number }
  /** As leader: the last promise of a majority has just come in (`append-lost` of the rounds). */
  | { readonly kind: 'gathered'; readonly node: NodeId; readonly incarnation: Incarnation }
  /**
   * `lost` was applied. S as recorded with the join of that incarnation; undefined where it does not stop by itself
   * (`keep`), so that only a confirmed fencing ends it.
   */
  | {
      readonly kind: 'lost';
      readonly node: NodeId;
      readonly incarnation: Incarnation;
      readonly selfStopMs: number | undefined;
    }
  /** A fence device, or a human, confirmed that the node is off. */
  | { readonly kind: 'fenced'; readonly node: NodeId; readonly incarnation: Incarnation }
  /** The applied log says that nothing of it runs: down, or the node joined anew (R12). */
  | { readonly kind: 'settled'; readonly node: NodeId; readonly incarnation: Incarnation };

/** Nothing of the incarnation can run any more: the leader may say so in the log and assign what it owned. */
export interface TakeoverEffect {
  readonly kind: 'ended';
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  readonly by: 'time' | 'fencing';
}

interface Waiting {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  readonly selfStopMs: number | undefined;
  /** When this leader received the last promise, or applied the entry as leader. */
  since: Instant;
  fenced: boolean;
  /** Said so in this leadership. */
  ended: boolean;
}

/**
 * R7: what a lost incarnation owned may be assigned when the entry is committed and S + m have passed since this leader
 * received the last promise, or, if it did not gather them, since it applied the entry as leader.
 */
export class Takeover implements Machine<TakeoverInput, TakeoverEffect> {
  #leads = false;
  #marginMs = 0;
  readonly #waiting = new Map<NodeId, Waiting>();
  /** Last promises that this leader received, for entries that are not applied yet. */
  readonly #gathered = new Map<
    NodeId,
    { readonly incarnation: Incarnation; readonly at: Instant }
  >();

  step(input: TakeoverInput, now: Instant): readonly TakeoverEffect[] {
    this.#take(input, now);
    if (!this.#leads) return [];
    const ended: TakeoverEffect[] = [];
    for (const waiting of this.#waiting.values()) {
      if (waiting.ended || now < this.#endOf(waiting)) continue;
      waiting.ended = true;
      const { node, incarnation, fenced } = waiting;
      ended.push({ kind: 'ended', node, incarnation, by: fenced ? 'fencing' : 'time' });
    }
    return ended;
  }

  deadline(): Instant | undefined {
    if (!this.#leads) return undefined;
    let due = never;
    for (const waiting of this.#waiting.values()) {
      if (!waiting.ended) due = sooner(due, this.#endOf(waiting));
    }
    return due === never ? undefined : due;
  }

  /** When what a node owned may be assigned, as far as this leader knows; undefined where only fencing ends it. */
  freeAt(node: NodeId): Instant | undefined {
    const waiting = this.#waiting.get(node);
    if (waiting === undefined) return undefined;
    const end = this.#endOf(waiting);
    return end === never ? undefined : end;
  }

  #take(input: TakeoverInput, now: Instant): void {
    switch (input.kind) {
      case 'wake':
        break;
      case 'lead':
        this.#leads = true;
        this.#gathered.clear();
        // It cannot know when the promises were made to the leader before it: S from now.
        for (const waiting of this.#waiting.values()) {
          waiting.since = now;
          waiting.ended = false;
        }
        break;
      case 'follow':
        this.#leads = false;
        this.#gathered.clear();
        break;
      case 'margin':
        this.#marginMs = input.marginMs;
        break;
      case 'gathered':
        if (this.#leads) {
          this.#gathered.set(input.node, { incarnation: input.incarnation, at: now });
        }
        break;
      case 'lost':
        this.#lost(input, now);
        break;
      case 'fenced': {
        const waiting = this.#waiting.get(input.node);
        if (waiting?.incarnation === input.incarnation) waiting.fenced = true;
        break;
      }
      case 'settled': {
        const waiting = this.#waiting.get(input.node);
        if (waiting !== undefined && waiting.incarnation <= input.incarnation) {
          this.#waiting.delete(input.node);
        }
        break;
      }
      default:
        unreachable(input);
    }
  }

  #lost(input: TakeoverInput & { readonly kind: 'lost' }, now: Instant): void {
    const { node, incarnation, selfStopMs } = input;
    const known = this.#waiting.get(node);
    if (known !== undefined && known.incarnation >= incarnation) return;
    const gathered = this.#gathered.get(node);
    this.#gathered.delete(node);
    const since = gathered?.incarnation === incarnation ? gathered.at : now;
    const waiting = { node, incarnation, selfStopMs, since, fenced: false, ended: false };
    this.#waiting.set(node, waiting);
  }

  #endOf(waiting: Waiting): Instant {
    if (waiting.fenced) return waiting.since;
    if (waiting.selfStopMs === undefined) return never;
    return addMs(waiting.since, waiting.selfStopMs + this.#marginMs);
  }
}
