import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterEvent } from '../../src/model/event.ts';
import type { Host } from '../lab/host.ts';
import type { ObserverHandle } from '../lab/observer-handle.ts';
import { projectRoot } from '../lab/project.ts';
import { agentUnit, floatingIp, TestCluster } from './cluster.ts';

/** Shorter than any stop and start of the service, longer than a busy machine lets a client wait. */
const NO_GAP_MS = 300;
const holdfast = join(projectRoot, 'bin/holdfast');
const takenIp = '10.77.0.120';

let cluster: TestCluster;
let alpha: Host;
let beta: Host;
let gamma: Host;
let observer: ObserverHandle;
let since = 0;

beforeAll(async () => {
  cluster = await TestCluster.up({ name: `bad-${process.pid % 100_000}` });
  [alpha, beta, gamma] = ['alpha', 'beta', 'gamma'].map((name) => cluster.host(name)) as [
    Host,
    Host,
    Host,
  ];
  // What happens to gamma must not be what moves the service.
  await command(alpha, 'resource', 'move', 'site', 'alpha', '--wait');
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
/** Whatever is put in, the service that runs is not touched. */
afterEach(async () => {
  const report = await observer.stop();
  expect(report.overlaps).toEqual([]);
  expect(report.longestGapMs).toBeLessThan(NO_GAP_MS);
});

async function shell(host: Host, script: string): Promise<string> {
  return await host.execOrThrow(['sh', '-c', script]);
}

/** What the command prints, whether it fails or not. */
async function command(host: Host, ...argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await host.exec([holdfast, ...argv]);
  return `${stdout}${stderr}`;
}

async function happened(): Promise<readonly ClusterEvent['what'][]> {
  return (await cluster.events(alpha, since)).map((event) => event.what);
}

async function untilStopped(resource: string): Promise<void> {
  await cluster.until(`${resource} is given up`, ({ assignments, settled }) =>
    assignments.some((item) => item.instance === resource && item.node === undefined && settled),
  );
}

async function remove(resource: string): Promise<void> {
  await command(alpha, 'resource', 'delete', resource, '--yes', '--wait');
}

describe('a resource that cannot run', () => {
  it('its agent does not exist: why names the nearest one, and nobody tries for ever', async () => {
    await command(alpha, 'resource', 'create', 'odd', 'ocf:heartbeat:Dumy');
    await untilStopped('odd');
    expect(await command(beta, 'status')).toContain('odd runs nowhere: no node may run it');
    const why = await command(beta, 'why', 'odd');
    expect(why).toContain('there is no agent ocf:heartbeat:Dumy; did you mean ocf:heartbeat:Dummy');
    const starts = (await happened()).filter(
      (what) => what.kind === 'ordered' && what.action === 'start' && what.instance === 'odd',
    );
    expect(starts.length).toBeLessThanOrEqual(3);
    await remove('odd');
  });

  it('its address is taken: the holder is named by its hardware address', async () => {
    // Without its agent it is any host of the network.
    await gamma.stopUnit('holdfast');
    await cluster.untilEvent(({ what }) => what.kind === 'node-down', since);
    await shell(gamma, `ip address add ${takenIp}/24 dev net0`);
    await command(alpha, 'resource', 'create', 'vip', 'address', `ip=${takenIp}/24`);
    await cluster.untilEvent(
      ({ what }) => what.kind === 'failed' && what.instance === 'vip' && what.action === 'start',
      since,
    );
    expect(await happened()).toContainEqual(
      expect.objectContaining({
        kind: 'failed',
        instance: 'vip',
        text: `${takenIp} is in use on the network of net0 by ${gamma.mac(0)}`,
      }),
    );
    await untilStopped('vip');
    expect(await command(alpha, 'status')).toContain('vip runs nowhere');
    await remove('vip');
    await shell(gamma, `ip address del ${takenIp}/24 dev net0`);
    await gamma.startUnit(await agentUnit());
  });
});

describe('a configuration that changes under what runs', () => {
  it('a resource that is no longer in it is stopped as it was started', async () => {
    await command(alpha, 'resource', 'create', 'nap', 'process', 'command=sleep 4321', '--wait');
    const host = await cluster.activeHost('nap');
    expect(await shell(host, 'pgrep -c -f "[s]leep 4321"')).toContain('1');
    await remove('nap');
    expect(await shell(host, 'pgrep -c -f "[s]leep 4321" || true')).toContain('0');
    const status = await cluster.status();
    expect(status?.facts.instances.some((item) => item.instance === 'nap')).toBe(false);
  });

  it('changed parameters restart it where it is', async () => {
    const file = '/var/changed.yaml';
    await command(alpha, 'resource', 'create', 'nap', 'process', 'command=sleep 4321', '--wait');
    const host = await cluster.activeHost('nap');
    await alpha.writeFile(file, await command(alpha, 'config', 'show'));
    await shell(alpha, `sed -i 's/sleep 4321/sleep 1234/' ${file}`);
    await command(alpha, 'apply', '-f', file, '--wait');
    await cluster.untilCalm();
    expect(await cluster.activeHost('nap')).toBe(host);
    expect(await shell(host, 'pgrep -c -f "[s]leep 1234"')).toContain('1');
    expect(await shell(host, 'pgrep -c -f "[s]leep 4321" || true')).toContain('0');
    await remove('nap');
  });
});

describe('a node whose disk is full', () => {
  it('says so, holds up nobody, and goes on by itself when there is room', async () => {
    await gamma.stopUnit('holdfast');
    await shell(
      gamma,
      `cp -a /var/lib/holdfast /var/kept && mount -t tmpfs -o size=2m tmpfs /var/lib/holdfast &&
       cp -a /var/kept/. /var/lib/holdfast`,
    );
    await gamma.startUnit(await agentUnit());
    await cluster.untilCalm(30_000);
    await shell(gamma, 'dd if=/dev/zero of=/var/lib/holdfast/full bs=4k 2>/dev/null || true');
    for (let round = 0; round < 60; round += 1) {
      await cluster.post('/v1/cleanup', { resource: 'site' }, alpha);
      const answer = await command(
        alpha,
        'resource',
        'create',
        'nap',
        'process',
        'command=sleep 9',
      );
      await command(alpha, 'resource', 'delete', 'nap', '--yes');
      expect(answer).not.toContain('no answer');
      if ((await cluster.status(gamma))?.trouble.length) break;
    }
    await cluster.until(
      'the full disk is told',
      ({ trouble }) => trouble.some((text) => text.includes('no space is left')),
      { host: gamma },
    );
    await shell(gamma, 'rm /var/lib/holdfast/full');
    await cluster.until('the node has room again', ({ trouble }) => trouble.length === 0, {
      host: gamma,
    });
  });
});

describe('a node that is not what it says', () => {
  it('it is a copy of another one: it says so, and the other notices nothing', async () => {
    await gamma.stopUnit('holdfast');
    const copy = await shell(alpha, 'tar c -C / etc/holdfast var/lib/holdfast | base64 -w0');
    await gamma.writeFile('/var/copy', copy);
    await shell(
      gamma,
      `cp -a /etc/holdfast /var/own-etc && cp -a /var/lib/holdfast /var/own-state
       rm -rf /etc/holdfast/* /var/lib/holdfast/* /run/holdfast && base64 -d /var/copy | tar x -C /`,
    );
    await gamma.startUnit(await agentUnit());
    const status = await cluster.until('the copy is told', (report) => report.trouble.length > 0, {
      host: gamma,
    });
    expect(status.trouble.join()).toContain('this machine has no address of alpha');
    await gamma.stopUnit('holdfast');
    await shell(
      gamma,
      `rm -rf /etc/holdfast/* /var/lib/holdfast/* /run/holdfast
       cp -a /var/own-etc/. /etc/holdfast && cp -a /var/own-state/. /var/lib/holdfast`,
    );
    const own = (await happened()).filter((what) => 'node' in what && what.node === 'alpha');
    expect(own).toEqual([]);
    await gamma.startUnit(await agentUnit());
  });

  it('it was removed, and joined anew since: its old directories are refused, in words', async () => {
    expect(await command(gamma, 'leave')).toContain('gamma leaves the cluster');
    await cluster.untilEvent(({ what }) => what.kind === 'node-left', since);
    await gamma.stopUnit('holdfast');
    await command(alpha, 'node', 'remove', 'gamma', '--yes');
    await gamma.startUnit(await agentUnit());
    const removed = await cluster.until(
      'the removal is told',
      ({ trouble }) => trouble.some((text) => text.includes('refuse')),
      { host: gamma },
    );
    expect(removed.trouble.join()).toContain('it is no member of the cluster (any more)');
    await gamma.stopUnit('holdfast');

    await shell(
      gamma,
      `cp -a /etc/holdfast /var/old-etc && cp -a /var/lib/holdfast /var/old-state
       rm -rf /etc/holdfast/* /var/lib/holdfast/*`,
    );
    const token = (await command(alpha, 'cluster', 'token')).split('\n')[0] ?? '';
    const links = ['--link', gamma.address(0), '--link', gamma.address(1)];
    expect(await command(gamma, 'cluster', 'join', token, ...links)).toContain(
      'gamma is admitted to cluster lab by alpha',
    );
    await gamma.startUnit(await agentUnit());
    await cluster.untilCalm(30_000);

    await gamma.stopUnit('holdfast');
    await shell(
      gamma,
      `cp -a /etc/holdfast /var/new-etc && cp -a /var/lib/holdfast /var/new-state
       rm -rf /etc/holdfast/* /var/lib/holdfast/*
       cp -a /var/old-etc/. /etc/holdfast && cp -a /var/old-state/. /var/lib/holdfast`,
    );
    await gamma.startUnit(await agentUnit());
    const replaced = await cluster.until(
      'the old certificate is told',
      ({ trouble }) => trouble.some((text) => text.includes('refuse')),
      { host: gamma },
    );
    expect(replaced.trouble.join()).toContain('it has joined anew since');
    await gamma.stopUnit('holdfast');
    await shell(
      gamma,
      `rm -rf /etc/holdfast/* /var/lib/holdfast/*
       cp -a /var/new-etc/. /etc/holdfast && cp -a /var/new-state/. /var/lib/holdfast`,
    );
    await gamma.startUnit(await agentUnit());
  });

  it('it may not leave where the others would have no quorum without it', async () => {
    await beta.stopUnit('holdfast');
    await cluster.untilEvent(({ what }) => what.kind === 'node-down', since);
    expect(await command(gamma, 'leave')).toContain(
      'without gamma only 1 of 3 voters would be left: the cluster would lose its quorum',
    );
    await beta.startUnit(await agentUnit());
  });
});
