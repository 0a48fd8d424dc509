import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterEvent } from '../../src/model/event.ts';
import type { Host } from '../lab/host.ts';
import { gapAfter, type ObserverReport } from '../lab/observation.ts';
import type { ObserverHandle } from '../lab/observer-handle.ts';
import { floatingIp, TestCluster } from './cluster.ts';

/** Shorter than any stop and start, longer than a busy machine lets a client wait. Figures are the bench's. */
const NO_GAP_MS = 300;
/** Detection, self-stop, decision and start at the defaults, with room for a busy machine; figures go to the bench. */
const FAILOVER_MAX_MS = 6000;
/** The agent's process, as pgrep finds it. */
const agentProgram = 'agent[.]js';

let cluster: TestCluster;
let observer: ObserverHandle;
let since = 0;

beforeAll(async () => {
  cluster = await TestCluster.up({ name: `fail-${process.pid % 100_000}` });
});
afterAll(async () => {
  await cluster?.down();
});
beforeEach(async () => {
  await cluster.untilCalm(30_000);
  since = await cluster.lastEvent();
  observer = await cluster.lab.observe({ address: floatingIp });
  await observer.waitForAnswer();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await printState();
  // The next scenario begins with everything on and connected.
  await cluster.lab.heal();
  for (const host of cluster.lab.hosts) {
    if (host.state === 'frozen') await host.thaw();
    if (host.state === 'off') await host.powerOn();
  }
});

/** What the hosts said, for whoever has to find out why a scenario failed. */
async function printState(): Promise<void> {
  for (const host of cluster.lab.hosts) {
    const events = host.state === 'on' ? await cluster.events(host, since) : [];
    const lines = events.map((event) => `${event.atMs} ${JSON.stringify(event.what)}`);
    console.log(
      [`--- ${host.name} (${host.state})`, host.unitLog('holdfast'), ...lines].join('\n'),
    );
  }
}

/** Ends the observation; whatever the fault, two owners are never seen. */
async function observed(): Promise<ObserverReport> {
  const report = await observer.stop();
  expect(report.overlaps).toEqual([]);
  return report;
}

async function happened(host?: Host): Promise<readonly ClusterEvent['what'][]> {
  return (await cluster.events(host, since)).map((event) => event.what);
}

/** Waits until the history of this scenario tells of a failure. */
async function untilFailed(instance: string, host: Host): Promise<void> {
  const isIt = (what: ClusterEvent['what']): boolean =>
    what.kind === 'failed' && what.instance === instance && what.node === host.name;
  const endsAt = performance.now() + 10_000;
  while (!(await happened()).some(isIt)) {
    if (performance.now() > endsAt) throw new Error(`no failure of ${instance} was seen`);
  }
}

function moved(events: readonly ClusterEvent['what'][]): boolean {
  return events.some((what) => what.kind === 'ordered' && what.action !== 'probe');
}

async function processOf(host: Host, pattern: string): Promise<string> {
  const { stdout } = await host.exec(['pgrep', '-o', '-f', pattern]);
  return stdout.trim();
}

describe('a host fails', () => {
  it('its power goes: the service answers from another host, and the history says why', async () => {
    const active = await cluster.activeHost();
    await observer.mark('fault');
    await active.powerOff();
    const answer = await observer.waitForAnswer({
      notFrom: active.name,
      timeoutMs: FAILOVER_MAX_MS,
    });
    expect(answer.host).not.toBe(active.name);
    const report = await observed();
    expect(gapAfter(report, 'fault')?.durationMs).toBeLessThan(FAILOVER_MAX_MS);
    const events = await happened();
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'node-lost', node: active.name }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'ordered',
        action: 'start',
        instance: 'web',
        node: answer.host,
        reason: { rule: 'node-lost', node: active.name },
      }),
    );
  });

  it('its power goes and comes back: it joins anew, and nothing moves back', async () => {
    const active = await cluster.activeHost();
    await active.powerOff();
    const answer = await observer.waitForAnswer({
      notFrom: active.name,
      timeoutMs: FAILOVER_MAX_MS,
    });
    await observer.mark('back');
    await active.powerOn();
    await cluster.untilCalm(30_000);
    const report = await observed();
    expect(gapAfter(report, 'back')?.durationMs ?? 0).toBeLessThan(NO_GAP_MS);
    expect((await cluster.activeHost()).name).toBe(answer.host);
  });

  it('the leader goes with the active host: the same', async () => {
    const leader = await cluster.leader();
    const active = await cluster.activeHost();
    if (leader.name !== active.name) {
      await cluster.post('/v1/resources/site/move', { to: leader.name });
      await observer.waitForAnswer({ from: leader.name, timeoutMs: FAILOVER_MAX_MS });
      await cluster.untilCalm();
    }
    await observer.mark('fault');
    await leader.powerOff();
    await observer.waitForAnswer({ notFrom: leader.name, timeoutMs: FAILOVER_MAX_MS });
    const report = await observed();
    expect(gapAfter(report, 'fault')?.durationMs).toBeLessThan(FAILOVER_MAX_MS);
    expect(await happened()).toContainEqual(expect.objectContaining({ kind: 'leader-elected' }));
  });

  it('it freezes as a whole and thaws: another host takes over, the thawed one does not answer', async () => {
    const active = await cluster.activeHost();
    await observer.mark('fault');
    await active.freeze();
    const answer = await observer.waitForAnswer({
      notFrom: active.name,
      timeoutMs: FAILOVER_MAX_MS,
    });
    await active.thaw();
    await cluster.untilCalm(30_000);
    const report = await observed();
    expect(report.gaps.at(-1)?.after).toBe(answer.host);
    expect((await cluster.activeHost()).name).toBe(answer.host);
    expect(await happened()).toContainEqual(
      expect.objectContaining({ kind: 'node-joined', node: active.name }),
    );
  });

  it('two of three hosts at once: the last one stops what it ran, for it has no majority', async () => {
    const active = await cluster.activeHost();
    const others = cluster.lab.hosts.filter((host) => host !== active);
    await observer.mark('fault');
    await Promise.all(others.map((host) => host.powerOff()));
    await cluster.until('the lease is gone', (status) => !status.lease.standing, { host: active });
    await Promise.all(others.map((host) => host.powerOn()));
    await observer.waitForAnswer({ timeoutMs: 20_000 });
    await cluster.untilCalm(30_000);
    await observed();
  });

  it('all hosts at once: after the cold start the service answers without a human', async () => {
    await Promise.all(cluster.lab.hosts.map((host) => host.powerOff()));
    await observer.mark('cold');
    await Promise.all(cluster.lab.hosts.map((host) => host.powerOn()));
    await observer.waitForAnswer({ timeoutMs: 20_000 });
    await cluster.untilCalm(30_000);
    await observed();
  });
});

describe('a network path fails', () => {
  it.each([0, 1])('path %i is cut at the active host: nothing happens', async (link) => {
    const active = await cluster.activeHost();
    // The floating IP lives on path 0: a client that has only that path would be cut off with it.
    const host = link === 0 ? cluster.lab.hosts.find((other) => other !== active) : active;
    await cluster.lab.cut(host?.name ?? '', link);
    await cluster.until('the link is seen down', (status) => status.links.some((l) => !l.up));
    const report = await observed();
    expect(report.longestGapMs).toBeLessThan(NO_GAP_MS);
    expect(moved(await happened())).toBe(false);
  });

  it('all paths of the active host are cut: it stops, another one takes over', async () => {
    const active = await cluster.activeHost();
    await observer.mark('fault');
    await Promise.all([0, 1].map((link) => cluster.lab.cut(active.name, link)));
    const answer = await observer.waitForAnswer({
      notFrom: active.name,
      timeoutMs: FAILOVER_MAX_MS,
    });
    await cluster.lab.heal();
    await cluster.untilCalm(30_000);
    await observed();
    expect((await cluster.activeHost()).name).toBe(answer.host);
  });

  it('one direction of a path is cut: the path is down, the node is not', async () => {
    const active = await cluster.activeHost();
    await cluster.lab.cut(active.name, 1, { direction: 'in' });
    await cluster.until('the link is seen down', (status) => status.links.some((l) => !l.up));
    const report = await observed();
    expect(report.longestGapMs).toBeLessThan(NO_GAP_MS);
    expect(moved(await happened())).toBe(false);
  });

  it('a host only sends on all paths: it is lost, and what it ran is taken over', async () => {
    const active = await cluster.activeHost();
    await observer.mark('fault');
    await Promise.all(
      [0, 1].map((link) => cluster.lab.cut(active.name, link, { direction: 'in' })),
    );
    await observer.waitForAnswer({ notFrom: active.name, timeoutMs: FAILOVER_MAX_MS });
    await observed();
  });
});

describe('a process fails', () => {
  it('the agent is killed: no gap, no move', async () => {
    const active = await cluster.activeHost();
    const before = await processOf(active, agentProgram);
    await active.execOrThrow(['kill', '-KILL', before]);
    await cluster.until('the agent is back', (status) => status.settled && status.lease.standing, {
      host: active,
    });
    const report = await observed();
    expect(report.longestGapMs).toBeLessThan(NO_GAP_MS);
    expect(moved(await happened())).toBe(false);
  });

  it('the agent hangs: the heart ends it and starts another; no gap, no move', async () => {
    const active = await cluster.activeHost();
    const before = await processOf(active, agentProgram);
    await active.execOrThrow(['kill', '-STOP', before]);
    await cluster.until(
      'another agent answers',
      (status) => status.settled && status.lease.standing,
      { host: active },
    );
    expect(await processOf(active, agentProgram)).not.toBe(before);
    const report = await observed();
    expect(report.longestGapMs).toBeLessThan(NO_GAP_MS);
    expect(moved(await happened())).toBe(false);
  });

  it('the heart is killed: the next one holds the lease on; never two owners', async () => {
    const active = await cluster.activeHost();
    await active.signalUnit('holdfast', 'SIGKILL');
    await cluster.untilCalm(30_000);
    await observer.waitForAnswer();
    await observed();
  });

  it('the service is killed: it is started again on the same host', async () => {
    const active = await cluster.activeHost();
    await observer.mark('fault');
    await active.execOrThrow(['pkill', '-KILL', 'nginx']);
    await untilFailed('web', active);
    await observer.waitForAnswer({ from: active.name });
    await cluster.untilCalm();
    await observed();
  });

  it('the address is deleted by hand: it is set again at once, and nothing is restarted', async () => {
    const active = await cluster.activeHost();
    await active.execOrThrow(['ip', 'address', 'del', `${floatingIp}/24`, 'dev', 'net0']);
    const mended = (what: ClusterEvent['what']): boolean =>
      what.kind === 'mended' && what.instance === 'ip' && what.node === active.name;
    await cluster.untilEvent(({ what }) => mended(what), since);
    const report = await observed();
    expect(report.longestGapMs).toBeLessThan(NO_GAP_MS);
    expect(moved(await happened())).toBe(false);
  });
});
