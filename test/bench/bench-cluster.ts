import { setTimeout as pause } from 'node:timers/promises';
import { TestCluster } from '../e2e/cluster.ts';
import type { Host } from '../lab/host.ts';
import type { Profile } from './options.ts';

/** After its start a heart grants nothing for Dmax and the margin (R8); a run measures what comes after. */
const startSilenceMs = 5300;
const patienceMs = 30_000;

/** A cluster of its own for this process: two benches at once do not meet. */
export async function benchCluster(profile: Profile = 'default'): Promise<TestCluster> {
  return await TestCluster.up({ name: `bench${process.pid % 1_000_000}`, profile });
}

/** When each host was powered on last, as far as this process did it. */
const poweredOnAt = new WeakMap<Host, number>();

/** Powers every host on that is off, and undoes the faults of the network. */
export async function repair(cluster: TestCluster): Promise<void> {
  await cluster.lab.heal();
  const off = cluster.lab.hosts.filter((host) => host.state === 'off');
  await Promise.all(off.map((host) => powerOn(host)));
}

export async function powerOn(host: Host): Promise<void> {
  poweredOnAt.set(host, performance.now());
  await host.powerOn();
}

/** Notes that the heart of a host has just started, or may have. */
export function heartStarted(host: Host): void {
  poweredOnAt.set(host, performance.now());
}

/** Forgets failures: after some on one node a resource would not be restarted there but moved away. */
async function cleanUp(cluster: TestCluster): Promise<void> {
  const status = await cluster.status();
  if (status === undefined || status.facts.failures.length === 0) return;
  await cluster.post('/v1/cleanup', {});
  await cluster.until('failures are forgotten', ({ facts }) => facts.failures.length === 0);
}

/** Everything on, calm, every heart past its start: what a cluster is most of its life. */
export async function untilSteady(cluster: TestCluster): Promise<void> {
  await repair(cluster);
  await cluster.untilCalm(patienceMs);
  await cleanUp(cluster);
  const started = cluster.lab.hosts.map((host) => poweredOnAt.get(host) ?? 0);
  const leftMs = Math.max(...started) + startSilenceMs - performance.now();
  if (leftMs > 0) await pause(leftMs);
  await cluster.untilCalm(patienceMs);
}

/** Has the site run on the leader, or on another host where `onLeader` is false. */
export async function placeSite(cluster: TestCluster, onLeader: boolean): Promise<void> {
  const leader = await cluster.leader();
  if (((await cluster.activeHost()) === leader) === onLeader) return;
  const to = onLeader ? leader : cluster.running.find((other) => other !== leader);
  await cluster.post('/v1/resources/site/move', { to: to?.name });
  await cluster.until('the site is there', ({ facts }) =>
    facts.instances.some(
      ({ instance, node, role }) => instance === 'web' && node === to?.name && role === 'started',
    ),
  );
}

/** The process of the agent on a host, as the host numbers it. */
export async function agentPid(host: Host): Promise<string> {
  const pattern = 'daemon/main[.]ts|/agent[.]js';
  const { stdout } = await host.exec(['pgrep', '-o', '-f', pattern]);
  return stdout.trim();
}
