import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { instanceId } from '../../../src/model/ids.ts';
import { readAddressParameters } from '../../../src/runtime/resources/address-parameters.ts';
import { readProcessParameters } from '../../../src/runtime/resources/process-parameters.ts';
import { splitWords } from '../../../src/runtime/resources/words.ts';

const vip = instanceId('vip');

function info(cidr: string): NetworkInterfaceInfo {
  const address = cidr.replace(/\/.*/, '');
  const common = { address, netmask: '', mac: '', internal: false, cidr };
  return address.includes(':')
    ? { ...common, family: 'IPv6', scopeid: 0 }
    : { ...common, family: 'IPv4' };
}

const devices = {
  eth0: [info('10.0.0.4/24'), info('10.0.0.50/32'), info('fd00::4/64')],
  eth1: [info('10.0.0.5/16'), info('fe80::1/64')],
};

describe('parameters of an address', () => {
  test('device and prefix come from the narrowest network that holds it', () => {
    const read = (ip: string): unknown => readAddressParameters(vip, { ip }, devices);
    expect(read('10.0.0.50')).toEqual({
      instance: vip,
      address: '10.0.0.50',
      prefix: 24,
      device: 'eth0',
    });
    expect(read('10.0.9.9')).toMatchObject({ prefix: 16, device: 'eth1' });
    expect(read('FD00:0::0:77')).toMatchObject({ address: 'fd00::77', prefix: 64, device: 'eth0' });
    expect(read('10.0.0.50/25')).toMatchObject({ prefix: 25, device: 'eth0' });
  });

  test('a device and a prefix that are given are taken', () => {
    const given = { ip: '192.0.2.1', prefix: '32', device: 'eth7' };
    expect(readAddressParameters(vip, given, devices)).toMatchObject({
      prefix: 32,
      device: 'eth7',
    });
    const onDevice = { ip: '10.0.0.9', device: 'eth1' };
    expect(readAddressParameters(vip, onDevice, devices)).toMatchObject({
      prefix: 16,
      device: 'eth1',
    });
  });

  test('what cannot be is refused in words', () => {
    const cases: [Record<string, string>, RegExp][] = [
      [{}, /^ip is missing$/],
      [{ ip: '10.0.0' }, /is not an IP address/],
      [{ ip: '10.0.0.256' }, /is not an IP address/],
      [{ ip: 'fe80::1%eth0' }, /is not an IP address/],
      [{ ip: '10.0.0.9/24/8' }, /is not an IP address/],
      [{ ip: '10.0.0.9/33' }, /^prefix must be 1 to 32: 33$/],
      [{ ip: 'fd00::1', prefix: '0' }, /^prefix must be 1 to 128: 0$/],
      [{ ip: '10.0.0.9/24', prefix: '16' }, /contradicts/],
      [{ ip: '127.0.0.9' }, /cannot float/],
      [{ ip: '224.0.0.9' }, /cannot float/],
      [{ ip: 'ff02::1' }, /cannot float/],
      [{ ip: '::1' }, /cannot float/],
      [{ ip: '10.0.0.9', device: 'eth0; reboot' }, /no name of a network device/],
      [
        { ip: '172.16.0.1' },
        /^no network of this host holds 172.16.0.1; give a device and a prefix$/,
      ],
      [{ ip: '172.16.0.1', device: 'eth0' }, /^device eth0 has no network that holds/],
    ];
    for (const [parameters, reason] of cases) {
      expect(readAddressParameters(vip, parameters, devices)).toMatch(reason);
    }
  });
});

describe('parameters of a process', () => {
  test('the command is split as a shell splits, and nothing is expanded', () => {
    expect(splitWords(`a 'b c' "d \\"e\\"" f\\ g $HOME '' x"y"z`)).toEqual([
      ...['a', 'b c', 'd "e"', 'f g', '$HOME', '', 'xyz'],
    ]);
    expect(splitWords('  ')).toEqual([]);
    expect(splitWords(`a 'b`)).toBeUndefined();
    expect(splitWords('a "b')).toBeUndefined();
    expect(splitWords('a \\')).toBeUndefined();
  });

  test('each kind of ready check is told apart', () => {
    const ready = (text: string): unknown => {
      const read = readProcessParameters({ command: 'x', ready: text });
      return typeof read === 'string' ? read : read.ready;
    };
    expect(ready('8080')).toEqual({ kind: 'port', host: '127.0.0.1', port: 8080 });
    expect(ready('10.0.0.5:80')).toEqual({ kind: 'port', host: '10.0.0.5', port: 80 });
    expect(ready('[::1]:80')).toEqual({ kind: 'port', host: '::1', port: 80 });
    expect(ready('http://localhost/up')).toEqual({ kind: 'url', url: 'http://localhost/up' });
    expect(ready('test -e /up')).toEqual({ kind: 'command', argv: ['test', '-e', '/up'] });
    expect(ready('70000')).toBe('ready is no port: 70000');
    expect(ready('https://')).toBe('ready is no valid URL: https://');
  });

  test('everything has a default, and signals are known by either name', () => {
    expect(readProcessParameters({ command: 'run me' })).toEqual({
      argv: ['run', 'me'],
      user: undefined,
      directory: '/',
      environment: {},
      ready: undefined,
      stopSignal: 'SIGTERM',
    });
    const quick = readProcessParameters({ command: 'x', 'stop-signal': 'quit', shell: 'yes' });
    expect(quick).toMatchObject({ stopSignal: 'SIGQUIT', argv: ['/bin/sh', '-c', 'x'] });
  });

  test('what is wrong is told', () => {
    const wrong: Record<string, string>[] = [
      {},
      { command: ' ' },
      { command: 'x', directory: 'here' },
      { command: 'x', environment: 'A=1 B' },
      { command: 'x', 'stop-signal': '9' },
    ];
    expect(wrong.map((parameters) => typeof readProcessParameters(parameters))).toEqual(
      wrong.map(() => 'string'),
    );
  });
});
