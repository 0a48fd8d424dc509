import { describe, expect, it } from 'vitest';
import { addMs, type Instant } from '../../src/base/instant.ts';
import type { Machine } from '../../src/base/machine.ts';
import { Prng } from '../../src/base/prng.ts';
import { EventQueue } from '../../src/sim/event-queue.ts';
import { HostClock } from '../../src/sim/host-clock.ts';
import { SimulatedProcess } from '../../src/sim/simulated-process.ts';

/** Wants to be woken every 100 ms; tells what it got and when. */
class Ticker implements Machine<string, string> {
  readonly got: { readonly input: string; readonly now: number }[] = [];
  #dueAt: Instant;

  constructor(now: Instant) {
    this.#dueAt = addMs(now, 100);
  }

  deadline(): Instant {
    return this.#dueAt;
  }

  step(input: string, now: Instant): readonly string[] {
    this.got.push({ input, now });
    if (now >= this.#dueAt && input !== 'stuck') this.#dueAt = addMs(now, 100);
    return [];
  }
}

class TickerProcess extends SimulatedProcess<string, string> {
  protected override wakeInput(): string {
    return 'wake';
  }

  protected override perform(): void {}

  protected override beforeStep(): void {}

  protected override afterStep(): void {}
}

function make(rate = 1): { queue: EventQueue; ticker: Ticker; process: TickerProcess } {
  const queue = new EventQueue();
  const clock = new HostClock(queue, 5000, rate, 0);
  const ticker = new Ticker(clock.now());
  const process = new TickerProcess(ticker, { queue, clock, prng: new Prng(1) });
  process.arm();
  return { queue, ticker, process };
}

function run(queue: EventQueue, ms: number): void {
  queue.runUntil(queue.now + ms, () => false);
}

describe('simulated process', () => {
  it('is woken at its deadline by its own clock, a grain late at most', () => {
    const { queue, ticker } = make(0.999);
    run(queue, 100.05);
    expect(ticker.got).toEqual([]);
    run(queue, 1.1);
    expect(ticker.got).toHaveLength(1);
    expect(ticker.got[0]?.now).toBeGreaterThanOrEqual(5100);
  });

  it('reads what came during a stall before it is woken', () => {
    const { queue, ticker, process } = make();
    process.stall();
    run(queue, 500);
    process.deliver('a');
    process.deliver('b');
    expect(ticker.got).toEqual([]);
    process.resume();
    expect(ticker.got.map(({ input }) => input)).toEqual(['a', 'b', 'wake']);
    expect(ticker.got.every(({ now }) => now === 5500)).toBe(true);
  });

  it('takes nothing after its end', () => {
    const { queue, ticker, process } = make();
    process.end();
    process.deliver('a');
    run(queue, 1000);
    expect(ticker.got).toEqual([]);
  });

  it('notices a machine whose deadline stays in the past', () => {
    const queue = new EventQueue();
    const clock = new HostClock(queue, 0, 1, 0);
    const dueAt = addMs(clock.now(), 1);
    const late: Machine<string, string> = { deadline: () => dueAt, step: () => [] };
    const process = new TickerProcess(late, { queue, clock, prng: new Prng(1) });
    process.arm();
    expect(() => run(queue, 1000)).toThrow('spins');
  });
});
