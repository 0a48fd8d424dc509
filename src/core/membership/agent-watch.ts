import { addMs, type Instant, msBetween } from '../../base/instant.ts';
import { never, sooner } from './never.ts';

/** Waits before a start, by the number of crashes in a row; the last one for all further. */
const backOffMs: readonly number[] = [0, 0, 100, 500, 1000];
/** An agent that ran this long was no crash in a row. */
const steadyMs = 10_000;
const pingMs = 500;
/** No sign of life for this long: hung. */
const hungMs = 3000;
/** A new process may take longer for its first word. */
const firstWordMs = 15_000;
/** A killed agent that is still there is killed again. */
const killAgainMs = 5000;

/** What is to be done about the agent. */
export type AgentAction =
  | { readonly kind: 'start' }
  | { readonly kind: 'kill' }
  | { readonly kind: 'ping'; readonly ping: number };

type State =
  | { readonly kind: 'gone'; readonly startAt: Instant }
  | { readonly kind: 'started'; readonly since: Instant }
  /** Its channel is there; `working` from its first word on. */
  | { readonly kind: 'up'; readonly since: Instant; readonly working: boolean }
  | { readonly kind: 'killed'; readonly againAt: Instant };

/**
 * Keeps the agent running: started at once when it dies, killed when it hangs. Between crashes in a row the waits
 * grow, so that a broken agent does not eat the host.
 */
export class AgentWatch {
  #state: State;
  /** Since when no agent works; undefined while one does. */
  #idleSince: Instant | undefined;
  #crashes = 0;
  #leaving = false;
  #signAt: Instant;
  #pingAt: Instant = never;
  #ping = 0;

  constructor(now: Instant) {
    this.#state = { kind: 'gone', startAt: now };
    this.#idleSince = now;
    this.#signAt = now;
  }

  /** Whether an agent is there that has said its first word and does not hang. */
  get working(): boolean {
    return this.#idleSince === undefined;
  }

  /** How long no agent has worked, in ms; 0 while one does. */
  idleMs(now: Instant): number {
    return this.#idleSince === undefined ? 0 : msBetween(this.#idleSince, now);
  }

  /** The channel is there. */
  connected(now: Instant): void {
    this.#state = { kind: 'up', since: now, working: false };
    this.#signAt = now;
    this.#pingAt = never;
    this.#leaving = false;
  }

  /** The process or its channel is gone. */
  gone(now: Instant): void {
    if (this.#state.kind === 'gone') return;
    const steady = this.#state.kind === 'up' && msBetween(this.#state.since, now) >= steadyMs;
    this.#crashes = this.#leaving ? 0 : steady ? 1 : this.#crashes + 1;
    const waitMs = backOffMs[Math.min(this.#crashes, backOffMs.length - 1)] ?? 0;
    this.#state = { kind: 'gone', startAt: addMs(now, waitMs) };
    this.#idleSince ??= now;
  }

  /** Any word of the agent is a sign of life; the first one shows that it works. */
  word(now: Instant): void {
    this.#signAt = now;
    const state = this.#state;
    if (state.kind !== 'up' || state.working) return;
    this.#state = { kind: 'up', since: state.since, working: true };
    this.#idleSince = undefined;
    this.#pingAt = now;
  }

  /** The agent ends by itself: no crash. */
  leaves(): void {
    this.#leaving = true;
  }

  /** This heart slept: the agent's words may wait to be read. */
  stalled(now: Instant): void {
    this.#signAt = now;
  }

  check(now: Instant): readonly AgentAction[] {
    const state = this.#state;
    switch (state.kind) {
      case 'gone':
        if (now < state.startAt) return [];
        this.#state = { kind: 'started', since: now };
        return [{ kind: 'start' }];
      case 'started':
        return now < addMs(state.since, firstWordMs) ? [] : this.#kill(now);
      case 'killed':
        return now < state.againAt ? [] : this.#kill(now);
      case 'up':
        return this.#checkUp(state.working, now);
    }
  }

  due(): Instant {
    const state = this.#state;
    switch (state.kind) {
      case 'gone':
        return state.startAt;
      case 'started':
        return addMs(state.since, firstWordMs);
      case 'killed':
        return state.againAt;
      case 'up':
        return sooner(this.#hungAt(state.working), this.#pingAt);
    }
  }

  #hungAt(working: boolean): Instant {
    return addMs(this.#signAt, working ? hungMs : firstWordMs);
  }

  #checkUp(working: boolean, now: Instant): readonly AgentAction[] {
    if (now >= this.#hungAt(working)) return this.#kill(now);
    if (now < this.#pingAt) return [];
    this.#pingAt = addMs(now, pingMs);
    this.#ping += 1;
    return [{ kind: 'ping', ping: this.#ping }];
  }

  #kill(now: Instant): readonly AgentAction[] {
    this.#state = { kind: 'killed', againAt: addMs(now, killAgainMs) };
    this.#idleSince ??= now;
    return [{ kind: 'kill' }];
  }
}
