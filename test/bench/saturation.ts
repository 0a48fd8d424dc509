import { setTimeout as pause } from 'node:timers/promises';
import { floatingIp, type TestCluster } from '../e2e/cluster.ts';
import { startBurners } from '../lab/burners.ts';
import { benchCluster, untilSteady } from './bench-cluster.ts';
import { measurement, type Target } from './measurement.ts';
import type { BenchOptions, Profile } from './options.ts';

const none: Target = { maxMost: 0 };

/** What the cluster does while other processes want all processors: nothing. */
export async function saturation(options: BenchOptions): Promise<void> {
  for (const profile of options.profiles) {
    const cluster = await benchCluster(profile);
    try {
      await untilSteady(cluster);
      await saturate(cluster, profile, options);
    } finally {
      await cluster.down();
    }
  }
}

async function saturate(
  cluster: TestCluster,
  profile: Profile,
  options: BenchOptions,
): Promise<void> {
  const lostBefore = leasesLost(cluster);
  const since = await cluster.lastEvent();
  const observer = await cluster.lab.observe({ address: floatingIp });
  await observer.waitForAnswer();
  const burners = startBurners({ seconds: options.minutes * 60 + 60 });
  try {
    options.progress(`${profile} · all processors burn for ${options.minutes} min`);
    await pause(options.minutes * 60_000);
  } finally {
    burners.stop();
  }
  const report = await observer.stop();
  await cluster.untilCalm(30_000);
  const events = (await cluster.events(undefined, since)).map(({ what }) => what);
  const count = (kind: (typeof events)[number]['kind']): number =>
    events.filter((what) => what.kind === kind).length;
  const say = (metric: string, unit: string, value: number, target?: Target): void => {
    const title = { name: 'saturation', metric: `${metric} (${profile})`, unit };
    options.report(measurement(title, [value], target));
  };
  say('nodes lost', '', count('node-lost'), none);
  say('leases lost', '', leasesLost(cluster) - lostBefore, none);
  say('orders', '', count('ordered'), none);
  say('failed operations', '', count('failed'), none);
  say('two owners', '', report.overlaps.length, none);
  say('elections', '', count('leader-elected'));
  say('longest wait of a client', 'ms', report.longestGapMs);
}

function leasesLost(cluster: TestCluster): number {
  const logs = cluster.lab.hosts.map((host) => host.unitLog('holdfast'));
  return logs.join('').split('lost the lease').length - 1;
}
