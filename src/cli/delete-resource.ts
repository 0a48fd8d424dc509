import type { ControlClient } from '../client/control-client.ts';
import { type ChangeOptions, type ChangeResult, changeConfig } from './change.ts';
import { confirm } from './confirm.ts';
import { resourceNames } from './known-names.ts';

/** Deletes a resource after a confirmation; one that is not there is unchanged. */
export async function deleteResource(
  client: ControlClient,
  resource: string,
  yes: boolean,
  options: ChangeOptions,
): Promise<ChangeResult> {
  const editing = await import('../model/config-file/edit-config.ts');
  const { config, source } = await client.config();
  if (source !== undefined && resourceNames(config.resources).includes(resource)) {
    const { removed } = editing.deleteResource(source, resource);
    const others = removed.filter((name) => name !== resource);
    const more = others.length === 0 ? '' : ` and with it ${others.join(', ')}`;
    if (!options.dryRun) await confirm(`delete ${resource}${more}`, resource, yes);
  }
  const edit = (text: string) => editing.deleteResource(text, resource).text;
  return changeConfig(client, `resource delete ${resource}`, edit, options);
}
