import { addMs, type Instant, latest, msBetween } from '../../base/instant.ts';
import { never, sooner } from './never.ts';
import type { Incarnation } from './packet.ts';

/** Between two questions how far a put-down has come. */
const askMs = 25;
/** A reset that did not happen is asked for again. */
const resetAgainMs = 1000;

/** What the gate needs done. */
export type GateAction =
  | { readonly kind: 'open'; readonly incarnation: Incarnation }
  | {
      readonly kind: 'put-down';
      readonly incarnation: Incarnation;
      readonly signal: 'term' | 'kill';
    }
  | { readonly kind: 'all-down'; readonly incarnation: Incarnation; readonly tookMs: number }
  | { readonly kind: 'reset'; readonly reason: string };

interface Closing {
  readonly kind: 'closing';
  readonly incarnation: Incarnation;
  readonly since: Instant;
  readonly killAt: Instant;
  /** S after the end of the lease. */
  readonly resetAt: Instant;
  readonly askAt: Instant;
  readonly left: readonly string[] | undefined;
}

type State =
  | { readonly kind: 'shut' }
  | { readonly kind: 'open'; readonly incarnation: Incarnation }
  | Closing;

/**
 * R10, R11: the gate of one incarnation, inside which all exclusive resources run. It is shut at once when the lease
 * ends; whatever is inside is down within S, or the host resets itself.
 *
 *   shut --lease of e--> open(e) --lease ends, lost, asked--> closing(e) --nothing left--> shut
 */
export class Gate {
  #state: State = { kind: 'shut' };
  /** R12: never opened again for incarnations up to this one. */
  #retired: Incarnation;
  #failed = false;

  constructor(retired: Incarnation) {
    this.#retired = retired;
  }

  get retired(): Incarnation {
    return this.#retired;
  }

  get isOpen(): boolean {
    return this.#state.kind === 'open';
  }

  /** The incarnation that may still have something running; undefined once all is down. */
  get incarnation(): Incarnation | undefined {
    return this.#state.kind === 'shut' ? undefined : this.#state.incarnation;
  }

  /** A put-down did not succeed in time: nothing may keep the watchdog quiet any more. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Whether the gate may open for an incarnation now. */
  mayOpen(incarnation: Incarnation): boolean {
    return this.#state.kind === 'shut' && incarnation > this.#retired && !this.#failed;
  }

  open(incarnation: Incarnation): GateAction {
    this.#state = { kind: 'open', incarnation };
    return { kind: 'open', incarnation };
  }

  /** R12: this incarnation is over for this node, whatever the lease says. */
  retire(incarnation: Incarnation): void {
    this.#retired = Math.max(this.#retired, incarnation);
  }

  /**
   * R10: shuts an open gate, whose lease ended at `endedAt`; all must be down S later. Who notices late, for instance
   * after a stall, kills at once and still has half of S to see that it worked.
   */
  shut(endedAt: Instant, selfStopMs: number, now: Instant): GateAction | undefined {
    if (this.#state.kind !== 'open') return undefined;
    const { incarnation } = this.#state;
    return this.#begin(incarnation, endedAt, selfStopMs, now);
  }

  /** The run before left something of an incarnation, and its lease has ended. */
  resumeClosing(
    incarnation: Incarnation,
    endedAt: Instant,
    selfStopMs: number,
    now: Instant,
  ): GateAction {
    return this.#begin(incarnation, endedAt, selfStopMs, now);
  }

  progress(
    incarnation: Incarnation,
    left: readonly string[],
    now: Instant,
  ): GateAction | undefined {
    const state = this.#state;
    if (state.kind !== 'closing' || state.incarnation !== incarnation) return undefined;
    if (left.length > 0) {
      this.#state = { ...state, left };
      return undefined;
    }
    this.#state = { kind: 'shut' };
    return { kind: 'all-down', incarnation, tookMs: msBetween(state.since, now) };
  }

  /** `leaseUntil`: while a lease stands there is no hurry to reset. */
  check(now: Instant, leaseUntil: Instant, selfStopMs: number): readonly GateAction[] {
    const state = this.#state;
    if (state.kind !== 'closing' || now < this.due()) return [];
    const kill = now >= state.killAt;
    const actions: GateAction[] = [];
    let { resetAt } = state;
    if (now >= resetAt) {
      resetAt = latest(addMs(now, resetAgainMs), addMs(latest(leaseUntil, now), selfStopMs));
      if (now >= leaseUntil) {
        this.#failed = true;
        actions.push({ kind: 'reset', reason: describe(state) });
      }
    }
    this.#state = { ...state, resetAt, askAt: askAgain(now, state.killAt) };
    actions.push({
      kind: 'put-down',
      incarnation: state.incarnation,
      signal: kill ? 'kill' : 'term',
    });
    return actions;
  }

  due(): Instant {
    const state = this.#state;
    return state.kind === 'closing' ? sooner(state.askAt, state.resetAt) : never;
  }

  #begin(incarnation: Incarnation, endedAt: Instant, selfStopMs: number, now: Instant): GateAction {
    const killAt = addMs(endedAt, selfStopMs / 2);
    this.#state = {
      kind: 'closing',
      incarnation,
      since: now,
      killAt,
      resetAt: latest(addMs(endedAt, selfStopMs), addMs(now, selfStopMs / 2)),
      askAt: askAgain(now, killAt),
      left: undefined,
    };
    return { kind: 'put-down', incarnation, signal: now >= killAt ? 'kill' : 'term' };
  }
}

/** The next question comes no later than the change from `term` to `kill`. */
function askAgain(now: Instant, killAt: Instant): Instant {
  const at = addMs(now, askMs);
  return now < killAt ? sooner(at, killAt) : at;
}

function describe(closing: Closing): string {
  const what = closing.left === undefined ? 'no report' : `still there: ${closing.left.join(', ')}`;
  return `incarnation ${closing.incarnation} could not be put down in time (${what})`;
}
