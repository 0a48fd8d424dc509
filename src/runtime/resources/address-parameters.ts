import { isIPv4, isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import type { InstanceId } from '../../model/ids.ts';
import type { HeldAddress } from '../gate/addresses.ts';

/** The devices of this host that are up, by name, as node:os gives them. */
export type Devices = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/**
 * The address that a resource asks for: `ip` (also as IP/PREFIX), and `prefix` and `device`, which
 * are found from the network of this host that the address lies in.
 * @returns in words what is wrong, if it cannot be had on this host
 */
export function readAddressParameters(
  instance: InstanceId,
  parameters: Readonly<Record<string, string>>,
  devices: Devices,
): HeldAddress | string {
  const { ip, prefix: givenPrefix, device: givenDevice } = parameters;
  const read = readAddress(ip);
  if (typeof read === 'string') return read;
  const { address, prefix: prefixOfIp } = read;
  const bits = isIPv4(address) ? 32 : 128;
  if (prefixOfIp !== undefined && givenPrefix !== undefined && prefixOfIp !== givenPrefix) {
    return `prefix ${givenPrefix} contradicts ip ${ip}`;
  }
  const prefixText = prefixOfIp ?? givenPrefix;
  const wanted = prefixText === undefined ? undefined : readPrefix(prefixText, bits);
  if (prefixText !== undefined && wanted === undefined) {
    return `prefix must be 1 to ${bits}: ${prefixText}`;
  }
  if (givenDevice !== undefined && !devicePattern.test(givenDevice)) {
    return `device is no name of a network device: ${givenDevice}`;
  }
  if (!isHostAddress(address)) return `ip cannot float: ${address}`;
  const near = networkOf(address, devices, givenDevice);
  const device = givenDevice ?? near?.device;
  if (device === undefined) {
    return `no network of this host holds ${address}; give a device and a prefix`;
  }
  const prefix = wanted ?? near?.prefix;
  if (prefix === undefined)
    return `device ${device} has no network that holds ${address}; give a prefix`;
  return { instance, address, prefix, device };
}

/**
 * The address that the parameter `ip` names, as the kernel prints it, and its prefix if it is
 * there.
 */
export function readAddress(
  ip: string | undefined,
): { readonly address: string; readonly prefix: string | undefined } | string {
  if (ip === undefined || ip === '') return 'ip is missing';
  const [address = '', prefix, ...more] = ip.split('/');
  const isAddress = isIPv4(address) || (isIPv6(address) && !address.includes('%'));
  if (more.length > 0 || !isAddress) return `ip is not an IP address: ${ip}`;
  return { address: normalize(address), prefix };
}

const devicePattern = /^[^\s/:]{1,15}$/;

function readPrefix(text: string, bits: number): number | undefined {
  const prefix = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return prefix >= 1 && prefix <= bits ? prefix : undefined;
}

/** Neither loopback, multicast, unspecified nor broadcast. */
function isHostAddress(address: string): boolean {
  const value = addressValue(address);
  if (isIPv4(address)) {
    const first = value >> 24n;
    return first !== 0n && first !== 127n && first < 224n;
  }
  return value > 1n && value >> 120n !== 0xffn;
}

interface Network {
  readonly device: string;
  readonly prefix: number;
}

/** The narrowest network of this host that holds an address, on one device or any. */
function networkOf(
  address: string,
  devices: Devices,
  device: string | undefined,
): Network | undefined {
  const family = isIPv4(address) ? 'IPv4' : 'IPv6';
  const bits = family === 'IPv4' ? 32 : 128;
  const value = addressValue(address);
  let best: Network | undefined;
  for (const [name, infos] of Object.entries(devices)) {
    if (device !== undefined && name !== device) continue;
    for (const info of infos ?? []) {
      const prefix = Number(info.cidr?.split('/')[1] ?? bits);
      // The floating IP itself, if it is there, is no network to find it by.
      if (info.family !== family || info.internal || prefix === bits || prefix === 0) continue;
      const shift = BigInt(bits - prefix);
      if (addressValue(info.address) >> shift !== value >> shift) continue;
      if (best === undefined || prefix > best.prefix) best = { device: name, prefix };
    }
  }
  return best;
}

/** An address as one number. */
function addressValue(address: string): bigint {
  if (isIPv4(address)) {
    return address.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
  }
  const parts = normalize(address).replace(/^\[|\]$/g, '');
  const [head = '', tail] = parts.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce(
    (value, part) => (value << 16n) | BigInt(`0x${part}`),
    0n,
  );
}

/** The one spelling that the kernel prints too (RFC 5952). */
function normalize(address: string): string {
  return isIPv4(address) ? address : new URL(`http://[${address}]`).hostname.slice(1, -1);
}
