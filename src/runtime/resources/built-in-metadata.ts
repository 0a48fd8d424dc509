import type { AgentSpec } from '../../model/agent-spec.ts';
import type { AgentActionAdvice, AgentMetadata, AgentParameter } from './ocf-metadata.ts';

function parameter(
  name: string,
  summary: string,
  more: Partial<AgentParameter> = {},
): AgentParameter {
  return {
    name,
    summary,
    required: false,
    reloadable: false,
    uniqueGroup: undefined,
    type: 'string',
    values: [],
    default: undefined,
    ...more,
  };
}

function action(name: string, timeoutMs: number, intervalMs?: number): AgentActionAdvice {
  return { name, timeoutMs, intervalMs, depth: undefined, role: undefined };
}

const actions: readonly AgentActionAdvice[] = [
  action('start', 60_000),
  action('stop', 60_000),
  action('monitor', 20_000, 10_000),
  action('validate-all', 20_000),
];

const address: AgentMetadata = {
  name: 'address',
  version: '1',
  summary: 'Floating IP address, IPv4 or IPv6',
  parameters: [
    parameter('ip', 'Address, also as ADDRESS/PREFIX', { required: true, uniqueGroup: 'ip' }),
    parameter('prefix', 'Length of the network prefix; found from the network', {
      type: 'integer',
    }),
    parameter('device', 'Network device; found from the network'),
  ],
  actions,
};

const process_: AgentMetadata = {
  name: 'process',
  version: '1',
  summary: 'A command line that is started and supervised',
  parameters: [
    parameter('command', 'Command line; must stay in the foreground', { required: true }),
    parameter('shell', 'Run the command by sh -c', {
      type: 'select',
      values: ['yes', 'no'],
      default: 'no',
    }),
    parameter('user', 'User that it runs as', { default: 'root' }),
    parameter('directory', 'Directory that it runs in', { default: '/' }),
    parameter('environment', 'NAME=VALUE, separated by blanks'),
    parameter('ready', 'Port, HOST:PORT, URL or command that tells when it works'),
    parameter('stop-signal', 'Signal that asks it to end', { default: 'SIGTERM' }),
  ],
  actions,
};

/** What is known of agents that do not describe themselves; undefined for OCF agents, which do. */
export function builtInMetadata(agent: AgentSpec): AgentMetadata | undefined {
  switch (agent.kind) {
    case 'address':
      return address;
    case 'process':
      return process_;
    case 'systemd':
      return { name: agent.unit, version: '', summary: 'systemd unit', parameters: [], actions };
    case 'lsb':
      return { name: agent.script, version: '', summary: 'init script', parameters: [], actions };
    case 'ocf':
      return undefined;
  }
}
