import { nearestWord } from '../../base/nearest-word.ts';
import type { AgentSpec } from '../agent-spec.ts';
import { shown } from './fields.ts';
import type { Findings, Path } from './findings.ts';

/** Parameters of the agents that are part of holdfast, so that a wrong one is found before it fails. */
export const nativeParameters: Readonly<
  Record<
    'address' | 'process',
    { readonly required: readonly string[]; readonly known: readonly string[] }
  >
> = {
  address: { required: ['ip'], known: ['ip', 'prefix', 'device'] },
  process: {
    required: ['command'],
    known: ['command', 'user', 'directory', 'environment', 'ready', 'stop-signal', 'shell'],
  },
};

/** Checks the parameters of a native agent; those of other agents are known to the agent only. */
export function checkNativeParameters(
  agent: AgentSpec,
  parameters: Readonly<Record<string, string>>,
  path: Path,
  findings: Findings,
): void {
  if (agent.kind !== 'address' && agent.kind !== 'process') return;
  const { required, known } = nativeParameters[agent.kind];
  for (const key of Object.keys(parameters)) {
    if (known.includes(key)) continue;
    const near = nearestWord(key, known);
    const hint = near === undefined ? `it has: ${known.join(', ')}` : `did you mean '${near}'?`;
    findings.addKey([...path, 'with', key], `${agent.kind} has no parameter '${shown(key)}'`, hint);
  }
  for (const key of required) {
    if (!Object.hasOwn(parameters, key)) {
      findings.addKey(path, `${agent.kind} needs the parameter '${key}' in 'with'`);
    }
  }
  const ip = parameters.ip;
  if (agent.kind === 'address' && ip !== undefined && !isAddress(ip)) {
    findings.add(
      [...path, 'with', 'ip'],
      `'${shown(ip)}' is not an IP address`,
      'such as 192.0.2.10/24 or 2001:db8::10/64',
    );
  }
}

/** Whether a text is an IPv4 or IPv6 address, with or without a prefix length. */
export function isAddress(text: string): boolean {
  const [host = '', prefix, ...more] = text.split('/');
  if (more.length > 0) return false;
  const bits = isIpv4(host) ? 32 : isIpv6(host) ? 128 : undefined;
  if (bits === undefined) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
}

/** Whether a text is a dotted IPv4 address, each part without leading zeros. */
export function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) < 256);
}

/** Whether a text is an IPv6 address (RFC 4291), without a zone. */
export function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const embedded = last.includes('.') && text.endsWith(last);
  if (embedded && !isIpv4(last)) return false;
  const plain = embedded ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const count = plain.length + (embedded ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}
