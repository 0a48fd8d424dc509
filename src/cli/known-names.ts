import type { StatusReport } from '../api/requests.ts';
import { nearestWord } from '../base/nearest-word.ts';
import type { ResourceConfig } from '../model/config.ts';
import { UserError } from './user-error.ts';

/** Names of every resource, group and clone. */
export function resourceNames(resources: readonly ResourceConfig[]): readonly string[] {
  return resources.flatMap((resource) => {
    if (resource.kind === 'group') return [resource.id, ...resourceNames(resource.members)];
    return resource.kind === 'clone'
      ? [resource.id, ...resourceNames([resource.of])]
      : [resource.id];
  });
}

export function nodeNames(status: StatusReport): readonly string[] {
  return status.facts.members.map(({ node }) => node);
}

/** Refuses a name that nothing has, with the nearest one that something has. */
export function checkKnown(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const near = nearestWord(name, known);
  const hint =
    near !== undefined
      ? `did you mean '${near}'?`
      : known.length === 0
        ? undefined
        : `there are: ${known.slice(0, 12).join(', ')}`;
  throw new UserError('not-found', `there is no ${what} '${name}'`, hint);
}
