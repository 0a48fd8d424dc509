import { canonicalJson } from '../base/canonical-json.ts';
import { ClusterError } from '../client/cluster-error.ts';
import type { ControlClient } from '../client/control-client.ts';
import type { ClusterConfig } from '../model/config.ts';
import type { NewResource } from '../model/config-file/edit-config.ts';
import { resourceId } from '../model/ids.ts';
import { resourceById } from '../model/resources.ts';
import { type ChangeOptions, type ChangeResult, changeConfig } from './change.ts';
import { checkStarted } from './check-started.ts';
import { resourceNames } from './known-names.ts';
import { UserError } from './user-error.ts';

/** The parameters of `KEY=VALUE…`. */
export function parseParameters(words: readonly string[]): Readonly<Record<string, string>> {
  const pairs = words.map((word): [string, string] => {
    const equals = word.indexOf('=');
    if (equals > 0) return [word.slice(0, equals), word.slice(equals + 1)];
    throw new UserError('bad-request', `'${word}' is not KEY=VALUE`, 'ip=192.0.2.10/24');
  });
  const seen = new Set<string>();
  for (const [key] of pairs) {
    if (seen.has(key)) throw new UserError('bad-request', `parameter '${key}' is there twice`);
    seen.add(key);
  }
  return Object.fromEntries(pairs);
}

/** Creates a resource. One that is there and equal is unchanged; a different one is an error. */
export async function createResource(
  client: ControlClient,
  resource: NewResource,
  options: ChangeOptions,
): Promise<ChangeResult> {
  const editing = await import('../model/config-file/edit-config.ts');
  const { readConfig } = await import('../model/config-file/read-config.ts');
  const edit = (text: string, config: ClusterConfig): string => {
    if (resourceNames(config.resources).includes(resource.name)) {
      const alone = editing.createResource(`cluster: ${config.name}\n`, resource);
      const read = readConfig(alone);
      const wanted = read.kind === 'valid' ? read.config : undefined;
      if (wanted !== undefined && sameResource(config, wanted, resource)) return text;
      throw new UserError(
        'exists',
        `there is a resource '${resource.name}' already, and it is different`,
        'holdfast config show',
      );
    }
    const edited = editing.createResource(text, resource);
    const read = readConfig(edited);
    if (read.kind === 'valid') return edited;
    const message = `resource ${resource.name} cannot be created so`;
    const problems = read.problems.map((item) => ({ ...item, file: 'new text' }));
    throw new ClusterError('invalid-config', message, undefined, { problems });
  };
  const what = `resource create ${resource.name}`;
  const result = await changeConfig(client, what, edit, options);
  if (result.status !== undefined) checkStarted(result.status, resource.name);
  return result;
}

function sameResource(
  config: ClusterConfig,
  wanted: ClusterConfig,
  { name, group, clone }: NewResource,
): boolean {
  const same = (id: string) =>
    canonicalJson(resourceById(config, resourceId(id))) ===
    canonicalJson(resourceById(wanted, resourceId(id)));
  const holder = config.resources.find((item) => item.id === group);
  const placed =
    group === undefined ||
    (holder?.kind === 'group' && holder.members.some((member) => member.id === name));
  return same(name) && placed && (clone === undefined || same(clone));
}
