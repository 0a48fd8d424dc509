import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { instanceId } from '../../../src/model/ids.ts';
import { Addresses, type HeldAddress } from '../../../src/runtime/gate/addresses.ts';
import { IpBatch } from '../../../src/runtime/gate/ip-batch.ts';
import { TwoNetworks } from './network.ts';
import { until } from './support.ts';

const v4: HeldAddress = {
  instance: instanceId('vip'),
  address: '10.99.0.50',
  prefix: 24,
  device: 'net0',
};
const v6: HeldAddress = { ...v4, address: 'fd99::50', prefix: 64 };

describe('addresses that the heart holds', () => {
  let networks: TwoNetworks;
  let addresses: Addresses;

  beforeAll(() => {
    networks = new TwoNetworks();
  });
  afterAll(() => networks.remove());
  beforeEach(() => {
    addresses = new Addresses(new IpBatch([...networks.in(networks.left), 'ip']));
  });
  afterEach(() => addresses.close());

  const set = (held: HeldAddress): Promise<string | undefined> =>
    new Promise((resolve) => addresses.set(held, resolve));
  const remove = (held: HeldAddress): Promise<string | undefined> =>
    new Promise((resolve) => addresses.remove(held, resolve));
  const isThere = ({ address }: HeldAddress): boolean =>
    networks.ip(networks.left, 'addr', 'show', 'dev', 'net0').includes(` ${address}/`);

  for (const held of [v4, v6]) {
    test(`${held.address} is there when set, and gone when removed`, async () => {
      expect(await set(held)).toBeUndefined();
      expect(isThere(held)).toBe(true);
      expect(await remove(held)).toBeUndefined();
      expect(isThere(held)).toBe(false);
    });

    test(`${held.address} ends by itself about a second after its last renewal`, async () => {
      await set(held);
      let renewals = 0;
      await new Promise<void>((resolve) => {
        const timer = setInterval(() => {
          addresses.renew([held]);
          renewals += 1;
          if (renewals < 6) return;
          clearInterval(timer);
          resolve();
        }, 300);
      });
      expect(isThere(held)).toBe(true);
      const tookMs = await until(() => !isThere(held));
      expect(tookMs).toBeGreaterThan(700);
      expect(tookMs).toBeLessThan(1_500);
    });

    test(`the end of ${held.address} leaves the device's own address and route`, async () => {
      const family = held === v4 ? '-4' : '-6';
      const routes = networks.ip(networks.left, family, 'route');
      await set(held);
      await until(() => !isThere(held));
      expect(networks.ip(networks.left, family, 'route')).toBe(routes);
    });
  }

  test('what goes wrong is told in the words of the kernel', async () => {
    expect(await set({ ...v4, device: 'nope' })).toBe('Cannot find device "nope"');
    expect(await set(v4)).toBeUndefined();
  });

  test('removing an address that is not there is no error', async () => {
    expect(await remove({ ...v4, address: '10.99.0.60' })).toBeUndefined();
  });

  test('each answer belongs to its own request', async () => {
    const many = Array.from({ length: 40 }, (_, i) => ({
      ...v4,
      address: `10.99.0.${100 + i}`,
      device: i % 3 === 0 ? 'nope' : 'net0',
    }));
    const answers = await Promise.all(many.map(set));
    expect(answers.map((error) => error === undefined)).toEqual(many.map((_, i) => i % 3 !== 0));
    await Promise.all(many.map(remove));
  });

  test('a new ip process takes over when the old one was killed', async () => {
    await set(v4);
    await remove(v4);
    addresses.close();
    expect(await set(v4)).toBeUndefined();
    expect(isThere(v4)).toBe(true);
    await remove(v4);
  });

  test('a device that was made anew under its old name is found', async () => {
    const bridge = { ...v4, device: 'br9', address: '10.98.0.5' };
    for (let i = 0; i < 2; i += 1) {
      networks.ip(networks.left, 'link', 'add', 'br9', 'type', 'bridge');
      expect(await set(bridge)).toBeUndefined();
      networks.ip(networks.left, 'link', 'del', 'br9');
      expect(await set(bridge)).toMatch(/device/i);
    }
  });

  test('one floating IP that goes does not take another of its network along', () => {
    const script = `
      import { Addresses } from '${import.meta.dirname}/../../../src/runtime/gate/addresses.ts';
      const held = (n) => ({ instance: 'vip', address: '10.97.0.' + n, prefix: 24, device: 'net0' });
      const addresses = new Addresses();
      addresses.set(held(5), () => addresses.set(held(6), () => addresses.remove(held(5), () => addresses.close())));`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    networks.run(networks.left, 'sysctl', '-qw', 'net.ipv4.conf.net0.promote_secondaries=0');
    networks.run(networks.left, ...node);
    const shown = networks.ip(networks.left, 'addr', 'show', 'dev', 'net0');
    expect(shown).not.toContain('10.97.0.5/');
    expect(shown).toContain('10.97.0.6/');
  });
});
