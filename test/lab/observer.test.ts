import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Host } from './host.ts';
import { Lab } from './lab.ts';
import { gapAfter, type ObserverReport } from './observation.ts';
import type { ObserverHandle } from './observer-handle.ts';
import { installWeb } from './web.ts';

const address = '10.77.0.100';

async function hold(host: Host): Promise<void> {
  await host.execOrThrow(['ip', 'address', 'add', `${address}/24`, 'dev', 'net0']);
}

/** Sets what the client knows of the address, until the next announcement. */
const neighbour = ['ip', 'neigh', 'replace', address, 'dev', 'net0', 'nud', 'reachable'];

async function drop(host: Host): Promise<void> {
  await host.execOrThrow(['ip', 'address', 'del', `${address}/24`, 'dev', 'net0']);
}

async function announce(host: Host): Promise<void> {
  // It sends at once; the rest of its time it would wait.
  await host.exec(['timeout', '0.1', 'arping', '-U', '-c1', '-I', 'net0', address]);
}

describe('the observer', () => {
  let lab: Lab;
  let alpha: Host;
  let beta: Host;

  beforeAll(async () => {
    lab = await Lab.up({ name: 'test-watch', hosts: 2, links: 1, owned: true });
    alpha = lab.host('alpha');
    beta = lab.host('beta');
    for (const host of lab.hosts) host.enableUnits([await installWeb(host)]);
  });
  afterAll(async () => lab.down());

  beforeEach(async () => {
    for (const host of lab.hosts) {
      if (host.state !== 'off') await host.powerOff();
      await host.powerOn();
    }
    await hold(alpha);
    await announce(alpha);
  });

  /** Observes the address while `act` does something, once the first answer has come. */
  async function observed(
    act: (observer: ObserverHandle) => Promise<void>,
  ): Promise<ObserverReport> {
    const observer = await lab.observe({ address });
    try {
      await observer.waitForAnswer({ from: 'alpha', timeoutMs: 10_000 });
      await act(observer);
    } finally {
      await observer.stop();
    }
    return observer.stop();
  }

  test('it sees a planted gap, no longer and no shorter than it was', async () => {
    let silentMs = 0;
    let endedMs = 0;
    const report = await observed(async (observer) => {
      await alpha.stopUnit('web');
      silentMs = await observer.mark('stopped');
      await expect(observer.waitForAnswer({ timeoutMs: 300 })).rejects.toThrow('no answer');
      endedMs = await observer.mark('starting');
      await alpha.startUnit(await installWeb(alpha));
      await observer.waitForAnswer({ from: 'alpha' });
    });
    const gap = gapAfter(report, 'stopped');
    if (gap === undefined) throw new Error('no gap seen');
    expect(gap).toMatchObject({ before: 'alpha', after: 'alpha' });
    expect(gap.startMs).toBeLessThan(silentMs);
    expect(gap.startMs + gap.durationMs).toBeGreaterThan(endedMs);
    expect(gap.durationMs).toBe(report.longestGapMs);
    expect(Object.keys(report.failures)).toContain('ECONNREFUSED');
    expect(report.overlaps).toEqual([]);
  });

  test('a power-off is heard as nothing at all, and a move is one gap and no overlap', async () => {
    const report = await observed(async (observer) => {
      await observer.mark('fault');
      await alpha.powerOff();
      await hold(beta);
      await announce(beta);
      await observer.waitForAnswer({ from: 'beta' });
    });
    expect(gapAfter(report, 'fault')).toMatchObject({ before: 'alpha', after: 'beta' });
    expect(report.overlaps).toEqual([]);
    expect(report.announcements.map(({ host }) => host)).toContain('beta');
    for (const failure of Object.keys(report.failures)) expect(failure).toMatch(/in time$/);
  });

  test('a frozen host is a gap that ends with its thaw', async () => {
    const report = await observed(async (observer) => {
      await observer.mark('fault');
      await alpha.freeze();
      await expect(observer.waitForAnswer({ timeoutMs: 300 })).rejects.toThrow('no answer');
      await alpha.thaw();
      await observer.waitForAnswer({ from: 'alpha' });
    });
    expect(gapAfter(report, 'fault')?.durationMs).toBeGreaterThan(300);
    expect(report.arpReplies.alpha).toBeGreaterThan(50); // Its kernel lived on.
  });

  test('one address on two hosts is seen by ARP, although one of them gets all requests', async () => {
    const report = await observed(async (observer) => {
      await hold(beta);
      await observer.waitForAnswer();
      await drop(beta);
    });
    expect(report.overlaps).toContainEqual(
      expect.objectContaining({ evidence: 'arp', hosts: ['alpha', 'beta'] }),
    );
  });

  test('two hosts that pull the address to and fro are seen by answers and announcements', async () => {
    const report = await observed(async (observer) => {
      await hold(beta);
      await announce(beta);
      // Faster than two hosts announce: the client is told in turn where to send its requests.
      for (const host of [beta, alpha, beta, alpha]) {
        await lab.execOutside([...neighbour, 'lladdr', host.mac()]);
        await observer.waitForAnswer({ from: host.name });
      }
    });
    const evidence = new Set(report.overlaps.map((overlap) => overlap.evidence));
    expect([...evidence].toSorted()).toEqual(['announcement', 'answers', 'arp']);
  });

  test('a quick move there and back, each after the other has let go, is no overlap', async () => {
    const report = await observed(async (observer) => {
      await drop(alpha);
      await hold(beta);
      await announce(beta);
      await observer.waitForAnswer({ from: 'beta' });
      await expect(observer.waitForAnswer({ from: 'alpha', timeoutMs: 250 })).rejects.toThrow();
      await drop(beta);
      await hold(alpha);
      await announce(alpha);
      await observer.waitForAnswer({ from: 'alpha' });
    });
    expect(report.overlaps).toEqual([]);
    expect(Object.keys(report.answers)).toEqual(['alpha', 'beta']);
  });

  test('an IPv6 address is observed in the same way', async () => {
    const address6 = 'fd77::64';
    const change = (verb: string): string[] => [
      'ip',
      'address',
      verb,
      `${address6}/64`,
      'dev',
      'net0',
    ];
    await alpha.execOrThrow([...change('add'), 'nodad']);
    const seen: string[] = [];
    const observer = await lab.observe({
      address: address6,
      onEvent: ({ kind }) => seen.push(kind),
    });
    await observer.waitForAnswer({ from: 'alpha' });
    await beta.execOrThrow([...change('add'), 'nodad']);
    await expect.poll(() => seen).toContain('overlap');
    await alpha.execOrThrow(change('del'));
    await lab.execOutside(['ip', 'neigh', 'flush', 'dev', 'net0']);
    await observer.waitForAnswer({ from: 'beta' });
    const report = await observer.stop();
    expect(report.overlaps).toContainEqual(
      expect.objectContaining({ evidence: 'arp', hosts: ['alpha', 'beta'] }),
    );
    expect(Object.keys(report.arpReplies)).toEqual(['alpha', 'beta']);
  });

  test('an address outside the lab is refused', async () => {
    await expect(lab.observe({ address: '192.0.2.1' })).rejects.toThrow('in no path');
  });
});
