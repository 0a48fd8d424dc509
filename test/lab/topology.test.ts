import { expect, test } from 'vitest';
import { linkOfAddress } from './observer-handle.ts';
import {
  checkedPlan,
  defaultHostNames,
  hostsFile,
  type LabPlan,
  stationMac,
  stationOfMac,
} from './topology.ts';

const plan: LabPlan = { name: 'lab', hosts: ['alpha', 'beta'], links: 2, mtu: 1500 };

test('a hardware address names the host that it belongs to, on every path', () => {
  expect(stationOfMac(plan, stationMac(plan, 'beta', 0))).toBe('beta');
  expect(stationOfMac(plan, stationMac(plan, 'beta', 1))).toBe('beta');
  expect(stationOfMac(plan, '02:00:00:00:00:01')).toBe('02:00:00:00:00:01');
});

test('the path of an address follows from the address', () => {
  expect(linkOfAddress(plan, '10.77.1.100')).toBe(1);
  expect(linkOfAddress(plan, 'fd77::64')).toBe(0);
  expect(linkOfAddress(plan, 'fd77:0:0:1::64')).toBe(1);
  expect(() => linkOfAddress(plan, '10.77.2.100')).toThrow('in no path');
  expect(() => linkOfAddress(plan, 'localhost')).toThrow('in no path');
});

test('every host finds every other by name, on the first path by the name alone', () => {
  const lines = hostsFile(plan).split('\n');
  expect(lines).toContain('10.77.0.2 beta beta-net0');
  expect(lines).toContain('10.77.1.2 beta-net1');
});

test('a wrong plan is refused with one line that names the wrong value', () => {
  const wrong: readonly [Partial<LabPlan>, string][] = [
    [{ name: '../x' }, 'lab name "../x"'],
    [{ hosts: [] }, '0 hosts'],
    [{ hosts: ['alpha', 'alpha'] }, 'two hosts'],
    [{ hosts: ['client'] }, 'reserved'],
    [{ hosts: ['a name'] }, 'host name "a name"'],
    [{ links: 0 }, '0 links'],
    [{ mtu: 100 }, 'MTU 100'],
  ];
  for (const [change, words] of wrong) {
    expect(() => checkedPlan({ ...plan, ...change })).toThrow(words);
  }
  expect(checkedPlan({ ...plan, hosts: defaultHostNames(50) }).hosts).toHaveLength(50);
});
