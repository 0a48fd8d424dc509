import { setTimeout as pause } from 'node:timers/promises';
import { installWeb } from '../lab/web.ts';
import { type DemoCluster, floatingIp, siteConfiguration, siteFile } from './demo-cluster.ts';
import type { Stage } from './stage.ts';

/** After its start a heart grants nothing for Dmax and the margin (R8): what a demo shows comes after that. */
const startSilenceMs = 5300;

/** Makes a cluster of all hosts of the lab and has it run the site. */
export async function setUp(cluster: DemoCluster, stage: Stage): Promise<void> {
  const [first, ...others] = cluster.lab.hosts;
  if (first === undefined) throw new Error('a cluster needs a host');
  await Promise.all(cluster.lab.hosts.map((host) => installWeb(host)));
  await first.writeFile(siteFile, siteConfiguration);
  const links = (host: typeof first): string[] =>
    [0, 1].flatMap((link) => ['--link', host.address(link)]);
  await cluster.run(first, ['holdfast', 'cluster', 'init', 'demo', ...links(first)]);
  await cluster.startAgent(first);
  await stage.during(
    () => stage.paint('dim', `the agent of ${first.name} starts, as systemd would start it`),
    cluster.until('the first node is a member', first, ({ lease }) => lease.standing),
  );
  for (const host of others) {
    const token = (await cluster.run(first, ['holdfast', 'cluster', 'token'])).trim();
    const join = ['holdfast', 'cluster', 'join', token, ...links(host)];
    const shown = ['holdfast', 'cluster', 'join', `${token.slice(0, 8)}…`, ...links(host)];
    await cluster.run(host, join, shown.join(' '));
    await cluster.startAgent(host);
  }
  const startedAt = performance.now();
  stage.line();
  await cluster.run(first, ['cat', siteFile]).then((text) => stage.line(text.trimEnd()));
  await cluster.run(first, ['holdfast', 'apply', '-f', siteFile, '--wait']);
  await stage.during(
    () => stage.paint('dim', 'the voters find together'),
    cluster.untilCalm(first),
  );
  stage.line();
  await cluster.show(first, ['holdfast', 'status']);
  const leftMs = Math.max(0, startedAt + startSilenceMs - performance.now());
  await stage.during(
    () =>
      stage.paint('dim', `a client asks ${floatingIp} 200 times a second; in a moment it begins`),
    pause(leftMs),
  );
}
