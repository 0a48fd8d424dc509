import { networkInterfaces } from 'node:os';
import type { NodeId } from '../model/ids.ts';
import type { MemberAddress } from '../model/status.ts';

/** What this machine has at present. */
export function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(all.map(({ address }) => address));
}

/** What is wrong with the addresses of a node, in words. Without any of them it may be a copy of another machine. */
export function missingAddresses(
  node: NodeId,
  links: readonly MemberAddress[],
  present: ReadonlySet<string>,
): readonly string[] {
  const missing = links.filter(({ host }) => !present.has(host));
  if (missing.length === 0) return [];
  const list = missing.map(({ link, host }) => `${host} (${link})`).join(', ');
  if (missing.length < links.length) return [`${list} is not on this machine: that path is down`];
  return [
    `this machine has no address of ${node}: ${list}; if it is a copy of ${node}, move its directories away and join under another name`,
  ];
}
