import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import { AgentWatch } from '../../../src/core/membership/agent-watch.ts';

/** Checks whenever it is due; returns what was done and when. */
function play(watch: AgentWatch, untilMs: number): readonly (readonly [number, string])[] {
  const seen: (readonly [number, string])[] = [];
  for (let due = watch.due(); due <= untilMs; due = watch.due()) {
    const actions = watch.check(due);
    if (actions.length === 0) break;
    for (const action of actions) seen.push([due, action.kind]);
  }
  return seen;
}

function crash(watch: AgentWatch, at: number): number {
  watch.connected(instant(at));
  watch.word(instant(at));
  watch.gone(instant(at));
  const [start] = play(watch, at + 10_000);
  return (start?.[0] ?? Infinity) - at;
}

describe('AgentWatch', () => {
  it('starts the agent at once', () => {
    expect(play(new AgentWatch(instant(5)), 100)).toEqual([[5, 'start']]);
  });

  it('starts it again at once after a crash, and slower after several in a row', () => {
    const watch = new AgentWatch(instant(0));
    watch.check(instant(0));
    const waits = [100, 200, 300, 400, 500].map((at) => crash(watch, at * 100));
    expect(waits).toEqual([0, 100, 500, 1000, 1000]);
  });

  it('counts anew after the agent has run for a while', () => {
    const watch = new AgentWatch(instant(0));
    watch.check(instant(0));
    for (const at of [1, 2, 3]) crash(watch, at * 1000);
    watch.connected(instant(10_000));
    watch.word(instant(10_000));
    for (let at = 10_000; at < 25_000; at += 500) watch.word(instant(at));
    watch.gone(instant(25_000));
    expect(watch.due()).toBe(25_000);
  });

  it('an agent that says goodbye has not crashed', () => {
    const watch = new AgentWatch(instant(0));
    watch.check(instant(0));
    for (const at of [1, 2, 3]) crash(watch, at * 1000);
    watch.connected(instant(5000));
    watch.leaves();
    watch.gone(instant(5100));
    expect(watch.due()).toBe(5100);
  });

  it('pings every half second and kills after three seconds without a word', () => {
    const watch = new AgentWatch(instant(0));
    watch.check(instant(0));
    watch.connected(instant(0));
    expect(watch.working).toBe(false);
    watch.word(instant(0));
    expect(watch.working).toBe(true);
    const seen = play(watch, 3000);
    expect(seen.map(([at]) => at)).toEqual([0, 500, 1000, 1500, 2000, 2500, 3000]);
    expect(seen.at(-1)?.[1]).toBe('kill');
    expect(watch.working).toBe(false);
    expect(watch.idleMs(instant(3400))).toBe(400);
  });

  it('gives a new process longer for its first word', () => {
    const watch = new AgentWatch(instant(0));
    watch.check(instant(0));
    watch.connected(instant(100));
    expect(play(watch, 20_000)).toEqual([[15_100, 'kill']]);
  });

  it('a stall of this heart is no silence of the agent', () => {
    const watch = new AgentWatch(instant(0));
    watch.check(instant(0));
    watch.connected(instant(0));
    watch.word(instant(0));
    watch.stalled(instant(10_000));
    expect(watch.check(instant(10_000)).map((action) => action.kind)).toEqual(['ping']);
  });

  it('starts another one when a killed agent is gone', () => {
    const watch = new AgentWatch(instant(0));
    watch.check(instant(0));
    watch.connected(instant(0));
    watch.word(instant(0));
    play(watch, 3000);
    watch.gone(instant(3010));
    expect(play(watch, 3010)).toEqual([[3010, 'start']]);
  });
});
