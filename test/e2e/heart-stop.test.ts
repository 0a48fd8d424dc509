import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Host } from '../lab/host.ts';
import { agentUnit, floatingIp, TestCluster } from './cluster.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await TestCluster.up({ name: `stop-${process.pid % 100_000}` });
});
afterAll(async () => {
  await cluster?.down();
});

/** The main process of nginx on a host; empty where none runs. */
async function nginxOf(host: Host): Promise<string> {
  const { stdout } = await host.exec(['pgrep', '-o', 'nginx']);
  return stdout.trim();
}

it('a heart that is ended leaves nothing behind that another node may start', async () => {
  await cluster.untilCalm();
  const active = await cluster.activeHost();
  const observer = await cluster.lab.observe({ address: floatingIp });
  await observer.waitForAnswer({ from: active.name });
  await active.stopUnit('holdfast');
  expect(await nginxOf(active)).toBe('');
  await observer.waitForAnswer({ notFrom: active.name, timeoutMs: 10_000 });
  expect((await observer.stop()).overlaps).toEqual([]);
  await active.startUnit(await agentUnit());
});

it('a heart that is restarted leaves what runs to the next one', async () => {
  await cluster.untilCalm();
  const active = await cluster.activeHost();
  const before = await nginxOf(active);
  const logged = active.unitLog('holdfast').length;
  // What the unit's ExecStop does in a restart.
  await active.execOrThrow(['touch', '/run/holdfast/restart']);
  await active.signalUnit('holdfast', 'SIGTERM');
  await cluster.untilCalm();
  const log = active.unitLog('holdfast').slice(logged);
  // A machine so busy that the lease ends before the next heart is there has to stop it, and says so.
  if (!log.includes('lost the lease')) expect(await nginxOf(active)).toBe(before);
  else expect(log).toContain('put everything down');
});
