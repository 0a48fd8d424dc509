import { LabUsageError } from './lab-error.ts';

/** What a lab is made of. Inner addresses are the same in every lab: each lab has its own switch. */
export interface LabPlan {
  readonly name: string;
  readonly hosts: readonly string[];
  /** Number of paths: each is a bridge of its own in the switch. */
  readonly links: number;
  readonly mtu: number;
}

/** Which half of the traffic of a cable: `in` is what the host would receive, `out` what it sends. */
export type Direction = 'both' | 'in' | 'out';

/** The attachment that the observer polls from, and the one that it watches ARP from. */
export const clientName = 'client';
export const watchName = 'watch';

const namePattern = /^[a-z][a-z0-9-]{0,11}$/;
const reservedNames: ReadonlySet<string> = new Set([clientName, watchName, 'switch', 'localhost']);
const greek: readonly string[] = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta'];

/** `count` host names: alpha, beta, gamma, …, then host8 and on. */
export function defaultHostNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => greek[index] ?? `host${index + 1}`);
}

/** Whether this can be the name of a lab. */
export function isLabName(name: string): boolean {
  return namePattern.test(name);
}

/** Throws LabUsageError for what cannot be the name of a lab: names become parts of paths. */
export function checkedLabName(name: string): string {
  if (namePattern.test(name)) return name;
  throw new LabUsageError(`lab name "${name}": want ${namePattern.source}`);
}

/** The plan, checked. Throws LabUsageError with one line that names the wrong value. */
export function checkedPlan(plan: LabPlan): LabPlan {
  checkedLabName(plan.name);
  const { length } = plan.hosts;
  if (length < 1 || length > 50) throw new LabUsageError(`${length} hosts: want 1 to 50`);
  for (const host of plan.hosts) {
    if (!namePattern.test(host)) {
      throw new LabUsageError(`host name "${host}": want ${namePattern.source}`);
    }
    if (reservedNames.has(host)) throw new LabUsageError(`host name "${host}" is reserved`);
  }
  if (new Set(plan.hosts).size !== length) throw new LabUsageError('two hosts with one name');
  if (!Number.isInteger(plan.links) || plan.links < 1 || plan.links > 8) {
    throw new LabUsageError(`${plan.links} links: want 1 to 8`);
  }
  if (!Number.isInteger(plan.mtu) || plan.mtu < 576 || plan.mtu > 9216) {
    throw new LabUsageError(`MTU ${plan.mtu}: want 576 to 9216`);
  }
  return plan;
}

/** Number of an attachment on every path: hosts count from 1, the client is 254, the watch 253. */
export function stationNumber(plan: LabPlan, station: string): number {
  if (station === clientName) return 254;
  if (station === watchName) return 253;
  const index = plan.hosts.indexOf(station);
  if (index < 0) {
    throw new LabUsageError(`no host "${station}" in lab ${plan.name}: ${plan.hosts.join(', ')}`);
  }
  return index + 1;
}

/** Throws LabUsageError unless the lab has this path. */
export function checkedLink(plan: LabPlan, link: number): number {
  if (Number.isInteger(link) && link >= 0 && link < plan.links) return link;
  throw new LabUsageError(`no link ${link} in lab ${plan.name}: 0 to ${plan.links - 1}`);
}

export function linkNumbers(plan: LabPlan): number[] {
  return Array.from({ length: plan.links }, (_, link) => link);
}

/** The IPv4 address of a station on a path, without the prefix length, which is 24. */
export function stationAddress(plan: LabPlan, station: string, link: number): string {
  return `10.77.${link}.${stationNumber(plan, station)}`;
}

/** The IPv6 address of a station on a path, without the prefix length, which is 64. */
export function stationAddress6(plan: LabPlan, station: string, link: number): string {
  return `fd77:0:0:${link}::${stationNumber(plan, station).toString(16)}`;
}

/** The fixed hardware address of a station on a path, so that a capture names the host. */
export function stationMac(plan: LabPlan, station: string, link: number): string {
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  return `02:6c:00:${hex(link)}:00:${hex(stationNumber(plan, station))}`;
}

/** The host that a hardware address belongs to, or the address itself where it is a stranger's. */
export function stationOfMac(plan: LabPlan, mac: string): string {
  const stations = [...plan.hosts, clientName, watchName];
  const owns = (station: string): boolean =>
    linkNumbers(plan).some((link) => stationMac(plan, station, link) === mac);
  return stations.find(owns) ?? mac;
}

/** The name of the switch's end of a cable. */
export function portName(station: string, link: number): string {
  return `${station}-${link}`;
}

/** The name of a path's bridge in the switch. */
export function bridgeName(link: number): string {
  return `path${link}`;
}

/** The text of /etc/hosts on every host. The name alone resolves to the first path. */
export function hostsFile(plan: LabPlan): string {
  const lines = ['127.0.0.1 localhost', '::1 localhost ip6-localhost'];
  for (const link of linkNumbers(plan)) {
    for (const host of [...plan.hosts, clientName]) {
      const names = link === 0 ? `${host} ${host}-net0` : `${host}-net${link}`;
      lines.push(`${stationAddress(plan, host, link)} ${names}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
