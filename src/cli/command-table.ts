import type { Command } from '@oclif/core/command';

/** A command class, as its file exports it. */
export type CommandClass = Command.Class;

type Load = () => Promise<{ readonly default: unknown }>;

/** Every command by its words. Each file is loaded only when its command is run. */
export const commandTable: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['status', () => import('./commands/status.ts')],
  ['why', () => import('./commands/why.ts')],
  ['events', () => import('./commands/events.ts')],
  ['apply', () => import('./commands/apply.ts')],
  ['simulate', () => import('./commands/simulate.ts')],
  ['node list', () => import('./commands/node/list.ts')],
  ['node standby', () => import('./commands/node/standby.ts')],
  ['node online', () => import('./commands/node/online.ts')],
  ['node maintenance', () => import('./commands/node/maintenance.ts')],
  ['node remove', () => import('./commands/node/remove.ts')],
  ['resource list', () => import('./commands/resource/list.ts')],
  ['resource create', () => import('./commands/resource/create.ts')],
  ['resource delete', () => import('./commands/resource/delete.ts')],
  ['resource start', () => import('./commands/resource/start.ts')],
  ['resource stop', () => import('./commands/resource/stop.ts')],
  ['resource restart', () => import('./commands/resource/restart.ts')],
  ['resource move', () => import('./commands/resource/move.ts')],
  ['resource cleanup', () => import('./commands/resource/cleanup.ts')],
  ['config show', () => import('./commands/config/show.ts')],
  ['config check', () => import('./commands/config/check.ts')],
  ['config diff', () => import('./commands/config/diff.ts')],
  ['config schema', () => import('./commands/config/schema.ts')],
  ['maintenance on', () => import('./commands/maintenance/on.ts')],
  ['maintenance off', () => import('./commands/maintenance/off.ts')],
  ['quorum status', () => import('./commands/quorum/status.ts')],
  ['link status', () => import('./commands/link/status.ts')],
  ['cluster init', () => import('./commands/cluster/init.ts')],
  ['cluster join', () => import('./commands/cluster/join.ts')],
  ['cluster status', () => import('./commands/cluster/status.ts')],
  ['cluster token', () => import('./commands/cluster/token.ts')],
  ['leave', () => import('./commands/leave.ts')],
  ['agent', () => import('./commands/agent.ts')],
]);

/** Words of other tools, and the ones that holdfast has for the same. */
export const aliases: ReadonlyMap<string, string> = new Map([
  ['resource enable', 'resource start'],
  ['resource disable', 'resource stop'],
  ['resource refresh', 'resource cleanup'],
  ['resource remove', 'resource delete'],
  ['resource status', 'status'],
  ['node drain', 'node standby'],
  ['node unstandby', 'node online'],
  ['node status', 'node list'],
  ['node delete', 'node remove'],
  ['cluster create', 'cluster init'],
  ['cluster setup', 'cluster init'],
  ['cluster leave', 'leave'],
  ['config verify', 'config check'],
  ['config validate', 'config check'],
  ['explain', 'why'],
]);
