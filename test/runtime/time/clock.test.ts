import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import { Clock, type TimeSources } from '../../../src/runtime/time/clock.ts';

/** A host whose time a test moves. Each reading takes 5 µs. */
class Host implements TimeSources {
  #true = 10_000;
  #suspended = 0;
  #wallOffset = 1_700_000_000_000;
  run(ms: number): void {
    this.#true += ms;
  }
  suspend(ms: number): void {
    this.#true += ms;
    this.#suspended += ms;
  }
  setWallClock(byMs: number): void {
    this.#wallOffset += byMs;
  }
  get bootTime(): number {
    return this.#true;
  }
  monotonicMs = (): number => this.#read() - this.#suspended;
  bootMs = (): number => Math.floor(this.#read() / 10) * 10;
  wallMs = (): number => Math.floor(this.#read() + this.#wallOffset);
  #read(): number {
    this.#true += 0.005;
    return this.#true;
  }
}

describe('clock', () => {
  it('counts suspended time at the first look after it', () => {
    const host = new Host();
    const clock = new Clock(host);
    const before = clock.now();
    host.run(200);
    host.suspend(3600_000);
    const passed = clock.now() - before;
    expect(passed).toBeGreaterThan(3600_199.9);
    expect(passed).toBeLessThan(3600_215);
  });

  it('does not count steps of the wall clock', () => {
    const host = new Host();
    const clock = new Clock(host);
    const before = clock.now();
    for (const step of [86_400_000, -86_400_000, 60, -3]) {
      host.setWallClock(step);
      host.run(10);
      clock.now();
    }
    expect(clock.now() - before).toBeCloseTo(40, 0);
  });

  it('counts a suspend that the wall clock hides', () => {
    const host = new Host();
    const clock = new Clock(host);
    const before = clock.now();
    host.suspend(500);
    host.setWallClock(-500);
    host.run(1001);
    const passed = clock.now() - before;
    expect(passed).toBeGreaterThan(1500.9);
    expect(passed).toBeLessThan(1515);
  });

  it('reads the same in a process that started after a suspend as in one that saw it', () => {
    const host = new Host();
    const heart = new Clock(host);
    host.run(777.7);
    host.suspend(123_456.789);
    host.run(333.3);
    const agent = new Clock(host);
    expect(Math.abs(heart.now() - host.bootTime)).toBeLessThan(0.1);
    expect(Math.abs(agent.now() - host.bootTime)).toBeLessThan(0.1);
  });

  it('never goes back and never runs ahead of true time', () => {
    const events = fc.array(
      fc.tuple(
        fc.constantFrom('run' as const, 'suspend' as const, 'setWallClock' as const),
        fc.integer({ min: 0, max: 5000 }),
      ),
    );
    fc.assert(
      fc.property(events, (happened) => {
        const host = new Host();
        const clock = new Clock(host);
        let last = clock.now();
        for (const [what, ms] of happened) {
          host[what](what === 'setWallClock' ? ms - 2500 : ms);
          const now = clock.now();
          expect(now).toBeGreaterThanOrEqual(last);
          expect(now).toBeLessThanOrEqual(host.bootTime + 1e-6);
          last = now;
        }
      }),
      { numRuns: 50 },
    );
  });

  it('tells the wall clock time of an instant', () => {
    const host = new Host();
    const clock = new Clock(host);
    const at = clock.now();
    host.run(5000);
    expect(Math.abs(clock.wallMsOf(at) - (host.wallMs() - 5000))).toBeLessThan(2);
  });

  it('agrees with the boot clock of this host, here and in another process', () => {
    const url = new URL('../../../src/runtime/time/clock.ts', import.meta.url);
    // The two readings of a pair are not taken at once: the greatest of many differences is the true one.
    const program = `import { Clock } from '${url}';
      const clock = new Clock(); let most = -Infinity;
      for (let i = 0; i < 1000; i += 1)
        most = Math.max(most, clock.now() - Number(process.hrtime.bigint()) / 1e6);
      process.stdout.write(String(most));`;
    const there = Number(execFileSync(process.execPath, ['--input-type=module', '-e', program]));
    const clock = new Clock();
    let here = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < 1000; i += 1) {
      here = Math.max(here, clock.now() - Number(process.hrtime.bigint()) / 1e6);
    }
    expect(Math.abs(here - there)).toBeLessThan(0.1);
    const boot = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
    expect(Math.abs(clock.now() - boot)).toBeLessThan(50);
    expect(clock.now()).toBeGreaterThan(instant(0));
  });
});
