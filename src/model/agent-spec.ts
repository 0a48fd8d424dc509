import { unreachable } from '../base/assert.ts';

/** The program that manages a resource, as `class:…` names it. */
export type AgentSpec =
  | { readonly kind: 'ocf'; readonly provider: string; readonly type: string }
  | { readonly kind: 'systemd'; readonly unit: string }
  | { readonly kind: 'lsb'; readonly script: string }
  /** A plain command line that holdfast runs and supervises. */
  | { readonly kind: 'process' }
  /** A floating IP address, native. */
  | { readonly kind: 'address' };

/** The text that people write: `ocf:heartbeat:nginx`, `systemd:nginx`, `process`, `address`. */
export function agentName(agent: AgentSpec): string {
  switch (agent.kind) {
    case 'ocf':
      return `ocf:${agent.provider}:${agent.type}`;
    case 'systemd':
      return `systemd:${agent.unit}`;
    case 'lsb':
      return `lsb:${agent.script}`;
    case 'process':
    case 'address':
      return agent.kind;
    default:
      return unreachable(agent);
  }
}

/** The agent that a text names, or undefined where it names none. */
export function parseAgent(text: string): AgentSpec | undefined {
  const [kind, ...rest] = text.split(':');
  const [first, second] = rest;
  if (rest.some((part) => part === '' || part.includes('/'))) return undefined;
  if (kind === 'ocf' && rest.length === 2 && first && second) {
    return { kind, provider: first, type: second };
  }
  if (kind === 'systemd' && rest.length === 1 && first) return { kind, unit: first };
  if (kind === 'lsb' && rest.length === 1 && first) return { kind, script: first };
  if ((kind === 'process' || kind === 'address') && rest.length === 0) return { kind };
  return undefined;
}
