import { nearestWord } from '../../base/nearest-word.ts';
import type { AgentSpec } from '../agent-spec.ts';
import { isAddress } from '../ip-address.ts';
import type { Findings, Path } from './findings.ts';
import { shown } from './shown.ts';

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
  const { shell } = parameters;
  if (agent.kind === 'process' && shell !== undefined && shell !== 'yes' && shell !== 'no') {
    findings.add([...path, 'with', 'shell'], `must be yes or no, not '${shown(shell)}'`);
  }
}
