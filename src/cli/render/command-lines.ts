import { agentName } from '../../model/agent-spec.ts';
import type { ClusterConfig, PrimitiveConfig, ResourceConfig } from '../../model/config.ts';
import { durationText } from '../../model/duration.ts';

/** The commands that make the nodes and resources of a configuration; rules have no commands yet. */
export function commandLines(config: ClusterConfig): readonly string[] {
  const nodes = Object.entries(config.nodes).flatMap(([name, node]) => [
    ...(node.standby ? [`holdfast node standby ${name}`] : []),
    ...(node.maintenance ? [`holdfast node maintenance ${name}`] : []),
  ]);
  const rules = config.rules.map(({ id }) => `# rule ${id}: holdfast config show`);
  return [
    ...nodes,
    ...config.resources.flatMap((resource) => resourceLines(resource, [])),
    ...rules,
  ];
}

function resourceLines(resource: ResourceConfig, place: readonly string[]): readonly string[] {
  switch (resource.kind) {
    case 'primitive':
      return [primitiveLine(resource, place)];
    case 'group':
      return resource.members.flatMap((member) => resourceLines(member, ['--group', resource.id]));
    case 'clone':
      return resourceLines(resource.of, [...place, '--clone']);
  }
}

function primitiveLine(primitive: PrimitiveConfig, place: readonly string[]): string {
  const { operations, parameters, meta } = primitive;
  const [monitor] = operations.monitors;
  const words = [
    'holdfast',
    'resource',
    'create',
    primitive.id,
    agentName(primitive.agent),
    ...Object.entries(parameters).map(([key, value]) => `${key}=${value}`),
    ...place,
    `--start-timeout=${durationText(operations.startTimeoutMs)}`,
    `--stop-timeout=${durationText(operations.stopTimeoutMs)}`,
    `--monitor-interval=${monitor === undefined ? 'off' : durationText(monitor.intervalMs)}`,
    ...(monitor === undefined ? [] : [`--monitor-timeout=${durationText(monitor.timeoutMs)}`]),
    `--restarts=${meta.restarts}`,
    ...(meta.targetRole === 'stopped' ? ['--stopped'] : []),
  ];
  return words.map(quoted).join(' ');
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
