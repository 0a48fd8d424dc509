import { readdirSync, readFileSync } from 'node:fs';
import type { networkInterfaces } from 'node:os';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { instanceId } from '../../../src/model/ids.ts';
import type { Operation, OperationResult } from '../../../src/model/operation.ts';
import { Addresses, type HeldAddress } from '../../../src/runtime/gate/addresses.ts';
import { IpBatch } from '../../../src/runtime/gate/ip-batch.ts';
import { AddressAgent } from '../../../src/runtime/resources/address-agent.ts';
import type { Devices } from '../../../src/runtime/resources/address-parameters.ts';
import { TwoNetworks } from './network.ts';
import { until } from './support.ts';

const vip = instanceId('vip');

describe('floating IPs between two hosts', () => {
  let networks: TwoNetworks;
  let devices: Devices;
  let heart: Addresses;
  let agent: AddressAgent;
  let gone: string[];
  let mended: string[];
  let refusal: string | undefined;
  let setCalls: number;
  let renews: boolean;
  let renewed: HeldAddress[];
  let renewal: NodeJS.Timeout;

  beforeAll(() => {
    networks = new TwoNetworks();
    devices = devicesOf(networks);
  });
  afterAll(() => networks.remove());

  beforeEach(() => {
    gone = [];
    mended = [];
    refusal = undefined;
    setCalls = 0;
    renews = true;
    renewed = [];
    renewal = setInterval(() => heart.renew(renewed), 200);
    heart = new Addresses(new IpBatch([...networks.in(networks.left), 'ip']));
    agent = new AddressAgent({
      heart: {
        setAddress: (held) => {
          setCalls += 1;
          if (refusal !== undefined) return Promise.resolve(refusal);
          if (renews) renewed.push(held);
          return new Promise((resolve) => heart.set(held, resolve));
        },
        removeAddress: (held) => {
          renewed = [];
          return new Promise((resolve) => heart.remove(held, resolve));
        },
      },
      onGone: (instance, detail) => gone.push(`${instance}: ${detail}`),
      onMended: (instance, detail) => mended.push(`${instance}: ${detail}`),
      prefixCommand: networks.in(networks.left),
      devices: () => devices,
    });
  });
  afterEach(async () => {
    clearInterval(renewal);
    await perform('stop', { ip: '10.99.0.50' });
    agent.close();
    heart.close();
  });

  function perform(
    action: Operation['action'],
    parameters: Record<string, string>,
    meta: Record<string, string> = {},
  ): Promise<OperationResult> {
    return agent.perform({
      id: 1,
      instance: vip,
      agent: { kind: 'address' },
      action,
      parameters,
      meta,
      timeoutMs: 10_000,
      incarnation: 5,
      exclusive: true,
    });
  }

  test('an address that nobody has is set within a moment, answers, and is taken away', async () => {
    for (const ip of ['10.99.0.50', 'fd99::50']) {
      const answer = await perform('start', { ip });
      expect(answer).toMatchObject({ exitCode: 0, reason: expect.stringContaining('on net0') });
      expect(answer.durationMs).toBeLessThan(250);
      networks.ip(networks.right, 'neigh', 'flush', 'to', ip, 'dev', 'net0');
      networks.ip(networks.right, 'neigh', 'replace', ip, 'dev', 'net0', 'use');
      await until(() => networks.ip(networks.right, 'neigh', 'show', ip).includes(' lladdr '));
      expect(await perform('monitor', { ip })).toMatchObject({ exitCode: 0 });
      expect(await perform('stop', { ip })).toMatchObject({ exitCode: 0 });
      expect(await perform('monitor', { ip })).toMatchObject({ exitCode: 7 });
    }
    expect(gone).toEqual([]);
  });

  test('an address that another host has is refused, with that host named', async () => {
    const mac = /link\/ether (\S+)/.exec(networks.ip(networks.right, 'link', 'show', 'net0'))?.[1];
    for (const ip of ['10.99.0.51', 'fd99::51']) {
      const prefix = ip.includes(':') ? '64' : '24';
      networks.ip(networks.right, 'addr', 'add', `${ip}/${prefix}`, 'dev', 'net0', 'nodad');
      const answer = await perform('start', { ip });
      expect(answer).toMatchObject({
        exitCode: 1,
        reason: `${ip} is in use on the network of net0 by ${mac}`,
      });
    }
    expect(setCalls).toBe(0);
  });

  test("a take-over waits until the former owner's kernel has ended the address", async () => {
    for (const ip of ['10.99.0.52', 'fd99::52']) {
      const lifetime = ['valid_lft', '1', 'preferred_lft', ip.includes(':') ? '0' : '1', 'nodad'];
      const prefix = ip.includes(':') ? '64' : '24';
      networks.ip(networks.right, 'addr', 'add', `${ip}/${prefix}`, 'dev', 'net0', ...lifetime);
      const answer = await perform('start', { ip }, { takeover: 'yes' });
      expect(answer).toMatchObject({ exitCode: 0 });
      expect(answer.durationMs).toBeGreaterThan(500);
      expect(answer.durationMs).toBeLessThan(1_600);
      await perform('stop', { ip });
    }
  });

  test('neighbours that remember another host are corrected', async () => {
    for (const ip of ['10.99.0.53', 'fd99::53']) {
      const stale = ['lladdr', '02:00:00:00:00:99', 'dev', 'net0', 'nud', 'stale'];
      networks.ip(networks.right, 'neigh', 'replace', ip, ...stale);
      await perform('start', { ip });
      await until(() => !networks.ip(networks.right, 'neigh', 'show', ip).includes('00:99'), 1_000);
      await perform('stop', { ip });
    }
  });

  test('an address that somebody deletes is there again within milliseconds, and that is told', async () => {
    const ip = '10.99.0.50';
    await perform('start', { ip });
    networks.ip(networks.left, 'addr', 'del', `${ip}/24`, 'dev', 'net0');
    expect(await until(() => mended.length > 0)).toBeLessThan(100);
    expect(mended).toEqual(['vip: 10.99.0.50 was taken away from net0; it was set again']);
    expect(await perform('monitor', { ip })).toMatchObject({ exitCode: 0 });
    expect(gone).toEqual([]);
  });

  test('an address that the heart does not set again is told as gone', async () => {
    const ip = '10.99.0.50';
    renews = false;
    await perform('start', { ip });
    refusal = 'the gate is shut';
    networks.ip(networks.left, 'addr', 'del', `${ip}/24`, 'dev', 'net0');
    expect(await until(() => gone.length > 0)).toBeLessThan(100);
    expect(gone).toEqual(['vip: 10.99.0.50 is gone from net0: the gate is shut']);
  });

  test('an address that is taken away again and again has failed', async () => {
    const ip = '10.99.0.50';
    renews = false;
    await perform('start', { ip });
    for (let times = 1; times <= 6; times += 1) {
      networks.ip(networks.left, 'addr', 'del', `${ip}/24`, 'dev', 'net0');
      await until(() => mended.length + gone.length === times);
    }
    expect(mended).toHaveLength(5);
    expect(gone).toEqual(['vip: 10.99.0.50 is gone from net0: taken away 5 times within a minute']);
  });

  test('an address is announced anew when its link comes back', async () => {
    const ip = '10.99.0.54';
    await perform('start', { ip });
    networks.ip(networks.right, 'link', 'set', 'net0', 'down');
    await until(() => networks.ip(networks.left, 'link', 'show', 'net0').includes('NO-CARRIER'));
    networks.ip(networks.right, 'link', 'set', 'net0', 'up');
    const stale = ['lladdr', '02:00:00:00:00:99', 'dev', 'net0', 'nud', 'stale'];
    networks.ip(networks.right, 'neigh', 'replace', ip, ...stale);
    await until(() => !networks.ip(networks.right, 'neigh', 'show', ip).includes('00:99'), 3_000);
    await perform('stop', { ip });
  });

  test('events go on after the process that follows them was killed', async () => {
    const ip = '10.99.0.50';
    renews = false;
    await perform('start', { ip });
    const follower = childrenOf(process.pid).find((pid) => commandOf(pid).includes('monitor'));
    process.kill(Number(follower), 'SIGKILL');
    networks.ip(networks.left, 'addr', 'del', `${ip}/24`, 'dev', 'net0');
    await until(() => mended.length > 0);
  });

  test('an address is taken away from wherever it is, whatever this host would choose now', async () => {
    const ip = '10.99.0.55';
    await perform('start', { ip });
    const chosen = devices;
    devices = {};
    expect(await perform('monitor', { ip })).toMatchObject({ exitCode: 0 });
    expect(await perform('stop', { ip })).toMatchObject({ exitCode: 0 });
    expect(await perform('monitor', { ip })).toMatchObject({ exitCode: 7 });
    devices = chosen;
  });

  test('parameters that cannot be are told', async () => {
    expect(await perform('start', { ip: '10.99.0.50', device: 'nope' })).toMatchObject({
      exitCode: 6,
    });
    expect(await perform('start', { ip: '10.1.1.1' })).toMatchObject({
      exitCode: 6,
      reason: 'no network of this host holds 10.1.1.1; give a device and a prefix',
    });
    expect(await perform('stop', { ip: '10.1.1.1' })).toMatchObject({ exitCode: 0 });
  });
});

function childrenOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '),
  );
}

function commandOf(pid: string): string {
  return pid === '' ? '' : readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

/** As node:os would show them inside the left network. */
function devicesOf(networks: TwoNetworks): Devices {
  const script = 'console.log(JSON.stringify(require("node:os").networkInterfaces()))';
  return JSON.parse(networks.run(networks.left, process.execPath, '-e', script)) as ReturnType<
    typeof networkInterfaces
  >;
}
