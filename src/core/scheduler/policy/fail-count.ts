import { addScores, type PolicyNode, type Resource, scoreOf, type World } from './state.ts';

/** How often a resource failed on a node; `effective`: 0 once all of it is older than its failure timeout. */
export function failCount(
  world: World,
  resource: Resource,
  node: PolicyNode,
  effective: boolean,
  withFillers = false,
): number {
  const { count, lastS } = ownFailures(resource, node);
  const timeoutS = isBlockedByFailure(world, resource, node) ? 0 : resource.failureTimeoutS;
  const isOver = count > 0 && lastS > 0 && timeoutS > 0 && world.input.nowS > lastS + timeoutS;
  let sum = effective && isOver ? 0 : count;
  if (withFillers && resource.bundlePart === undefined) {
    for (const filler of resource.fillers) {
      sum = addScores(sum, failCount(world, filler, node, effective, withFillers));
    }
  }
  return sum;
}

/** Failures that block a resource are not forgotten by time. */
export function isBlockedByFailure(world: World, resource: Resource, node: PolicyNode): boolean {
  const blocking = resource.config.operations.filter((operation) => operation.onFail === 'block');
  if (blocking.length === 0) return false;
  const id = resource.config.id;
  const state = world.input.states.find((item) => item.name === node.name);
  const history = state?.history.find((item) => item.resource === id);
  return (history?.operations ?? []).some((past) =>
    blocking.some((operation) => {
      if (past.task !== operation.name || past.intervalMs !== operation.intervalMs) return false;
      if (past.id === `${id}_last_failure_0`) return true;
      const isOwn = past.id === `${id}_${operation.name}_${operation.intervalMs}`;
      return isOwn && past.exitCode !== past.expectedExitCode;
    }),
  );
}

function ownFailures(resource: Resource, node: PolicyNode): { count: number; lastS: number } {
  const id = resource.historyName ?? resource.id;
  const name = resource.settings.isUnique ? id : id.replace(/:\d+$/, '');
  let count = 0;
  let lastS = 0;
  for (const [key, value] of node.attributes) {
    if (key.startsWith('fail-count-') && isFor(resource, name, key.slice(11))) {
      count = addScores(count, scoreOf(value));
    } else if (key.startsWith('last-failure-') && isFor(resource, name, key.slice(13))) {
      lastS = Math.max(lastS, scoreOrTime(value));
    }
  }
  return { count, lastS };
}

function scoreOrTime(value: string): number {
  const parsed = Number.parseInt(value, 10);
  return Number.isNaN(parsed) ? 0 : parsed;
}

function isFor(resource: Resource, name: string, key: string): boolean {
  if (!key.startsWith(name)) return false;
  let rest = key.slice(name.length);
  if (!resource.settings.isUnique) rest = rest.replace(/^:\d+/, '');
  return rest === '' || /^#.+_\d+$/.test(rest);
}
