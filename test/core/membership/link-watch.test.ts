import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import { LinkWatch } from '../../../src/core/membership/link-watch.ts';
import { linkId } from '../../../src/model/ids.ts';

const intervalMs = 100;
type State = 'unknown' | 'up' | 'down';
type Event = 'heartbeat' | 'one-ack' | 'acks-in-a-row' | 'silence' | 'no-acks' | 'stall';

/** Every state against every event: a missing cell does not compile. */
const transitions: Record<State, Record<Event, State>> = {
  unknown: {
    heartbeat: 'unknown',
    'one-ack': 'up',
    'acks-in-a-row': 'up',
    silence: 'unknown',
    'no-acks': 'unknown',
    stall: 'unknown',
  },
  up: {
    heartbeat: 'up',
    'one-ack': 'up',
    'acks-in-a-row': 'up',
    silence: 'down',
    'no-acks': 'down',
    stall: 'up',
  },
  down: {
    heartbeat: 'down',
    'one-ack': 'down',
    'acks-in-a-row': 'up',
    silence: 'down',
    'no-acks': 'down',
    stall: 'down',
  },
};

class Rig {
  readonly watch = new LinkWatch(linkId('net0'), instant(0));
  now = 0;
  sequence = 0;

  constructor(state: State) {
    if (state === 'unknown') return;
    this.apply('one-ack');
    if (state === 'down') this.apply('silence');
  }

  get state(): State {
    if (this.watch.up) return 'up';
    return this.watch.rttMs === undefined ? 'unknown' : 'down';
  }

  apply(event: Event): void {
    switch (event) {
      case 'heartbeat':
        this.#beat();
        break;
      case 'one-ack':
        this.#ack();
        break;
      case 'acks-in-a-row':
        for (let i = 0; i < 6; i += 1) this.#ack();
        break;
      case 'silence':
        for (let i = 0; i < 8; i += 1) this.#pass();
        break;
      case 'no-acks':
        for (let i = 0; i < 22; i += 1) this.#beat();
        break;
      case 'stall':
        this.now += 5000;
        this.watch.stalled(instant(this.now));
        this.watch.check(instant(this.now), intervalMs);
        break;
    }
  }

  #pass(): void {
    this.now += intervalMs;
    this.watch.check(instant(this.now), intervalMs);
  }

  #beat(): void {
    this.#pass();
    this.sequence += 1;
    this.watch.heartbeat(this.sequence, instant(this.now));
  }

  #ack(): void {
    this.#pass();
    this.watch.acked(instant(this.now - 2), instant(this.now), intervalMs);
  }
}

describe('LinkWatch', () => {
  for (const [state, row] of Object.entries(transitions) as [State, Record<Event, State>][]) {
    for (const [event, next] of Object.entries(row) as [Event, State][]) {
      it(`is ${next} after ${event} while ${state}`, () => {
        const rig = new Rig(state);
        expect(rig.state).toBe(state);
        rig.apply(event);
        expect(rig.state).toBe(next);
      });
    }
  }

  it('smooths the round-trip time', () => {
    const watch = new LinkWatch(linkId('net0'), instant(0));
    watch.acked(instant(100), instant(102), intervalMs);
    expect(watch.rttMs).toBe(2);
    watch.acked(instant(200), instant(210), intervalMs);
    expect(watch.rttMs).toBe(3);
  });

  it('measures the share of lost heartbeats', () => {
    const watch = new LinkWatch(linkId('net0'), instant(0));
    watch.acked(instant(0), instant(1), intervalMs);
    for (let i = 1; i <= 400; i += 1) if (i % 4 !== 0) watch.heartbeat(i, instant(i * 100));
    expect(watch.view(instant(40_000)).lossPercent).toBeGreaterThan(20);
    expect(watch.view(instant(40_000)).lossPercent).toBeLessThan(30);
  });

  it('a restarted peer is no loss', () => {
    const watch = new LinkWatch(linkId('net0'), instant(0));
    watch.acked(instant(0), instant(1), intervalMs);
    watch.heartbeat(1, instant(1));
    watch.restart();
    watch.heartbeat(500, instant(2));
    expect(watch.view(instant(3)).lossPercent).toBe(0);
  });

  it('goes down exactly when it is due', () => {
    const watch = new LinkWatch(linkId('net0'), instant(0));
    watch.acked(instant(0), instant(0.1), intervalMs);
    const due = watch.due(intervalMs);
    expect(watch.check(instant(due - 0.001), intervalMs)).toBe(false);
    expect(watch.check(due, intervalMs)).toBe(true);
    expect(watch.due(intervalMs)).toBe(Number.POSITIVE_INFINITY);
  });
});
