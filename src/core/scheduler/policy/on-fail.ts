import { isRemote, type Resource, type Role, roles, type World } from './state.ts';

/** What a failure leads to, the gravest last. */
export const responses = [
  'ignore',
  'demote',
  'restart',
  'reset-remote',
  'restart-container',
  'ban',
  'block',
  'stop',
  'standby',
  'fence',
] as const;
export type Response = (typeof responses)[number];

export function isGraver(a: Response, b: Response): boolean {
  return responses.indexOf(a) > responses.indexOf(b);
}

/** What the configuration says about a failure of that operation. */
export function responseTo(
  world: World,
  resource: Resource,
  task: string,
  intervalMs: number,
): Response {
  const text = configuredResponse(resource, task, intervalMs);
  const isDropped = losesConnection(world, resource, task, intervalMs);
  const explicit = explicitResponse(world, resource, text);
  if (explicit !== undefined && !(isDropped && !resource.isManaged)) return explicit;
  if (resource.container !== undefined) return 'restart-container';
  if (isDropped) return resource.isManaged ? 'reset-remote' : 'stop';
  if (task === 'stop') return world.options.fencing === 'on' ? 'fence' : 'block';
  return 'restart';
}

function explicitResponse(
  world: World,
  resource: Resource,
  text: string | undefined,
): Response | undefined {
  switch (text?.toLowerCase()) {
    case 'block':
      return 'block';
    case 'fence':
      return world.options.fencing === 'on' ? 'fence' : 'stop';
    case 'standby':
      return 'standby';
    case 'ignore':
    case 'nothing':
      return 'ignore';
    case 'migrate':
      return 'ban';
    case 'stop':
      return 'stop';
    case 'restart':
      return 'restart';
    case 'restart-container':
      return resource.container === undefined ? undefined : 'restart-container';
    case 'demote':
      return 'demote';
    default:
      return undefined;
  }
}

function losesConnection(
  world: World,
  resource: Resource,
  task: string,
  intervalMs: number,
): boolean {
  if (!resource.isConnection || task === 'start') return false;
  if (task === 'monitor' && intervalMs === 0) return false;
  const node = world.nodeByName.get(resource.id);
  return node !== undefined && isRemote(node);
}

function configuredResponse(
  resource: Resource,
  task: string,
  intervalMs: number,
): string | undefined {
  const own = findOperation(resource, task, intervalMs);
  const text = own?.onFail;
  if (task === 'stop' && (text === 'standby' || text === 'demote' || text === 'stop')) {
    return undefined;
  }
  if (task === 'demote' && text === undefined) return promotedMonitorResponse(resource);
  if (text === 'demote') {
    const isAllowed =
      own?.name === 'promote' ||
      (own?.name === 'monitor' && own.intervalMs > 0 && own.role?.toLowerCase() === 'promoted');
    return isAllowed ? text : undefined;
  }
  return text;
}

function promotedMonitorResponse(resource: Resource): string | undefined {
  let found: string | undefined;
  for (const operation of resource.config.operations) {
    if (operation.name !== 'monitor' || operation.role?.toLowerCase() !== 'promoted') continue;
    if (operation.intervalMs === 0 || !operation.isEnabled) continue;
    if (operation.onFail === undefined || operation.onFail === 'demote') continue;
    found = operation.onFail;
  }
  return found;
}

export function findOperation(
  resource: Resource,
  task: string,
  intervalMs: number,
): Resource['config']['operations'][number] | undefined {
  const matches = resource.config.operations.filter(
    (operation) => operation.name === task && operation.intervalMs === intervalMs,
  );
  return matches.find((operation) => operation.isEnabled) ?? matches[0];
}

/** The role that it may have at most after such a failure. */
export function roleAfter(resource: Resource, task: string, response: Response): Role {
  if (response === 'stop') return roles.stopped;
  if (response === 'reset-remote' && resource.settings.reconnectMs > 0) return roles.stopped;
  return task === 'promote' ? roles.unpromoted : roles.started;
}
