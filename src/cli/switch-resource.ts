import type { ControlClient } from '../client/control-client.ts';
import { type ChangeOptions, type ChangeResult, changeConfig } from './change.ts';
import { checkStarted } from './check-started.ts';
import { checkKnown, resourceNames } from './known-names.ts';

/** Starts or stops a resource by its intended state; with --wait, checks that it came so. */
export async function switchResource(
  client: ControlClient,
  resource: string,
  stopped: boolean,
  options: ChangeOptions,
): Promise<ChangeResult> {
  const { setStopped } = await import('../model/config-file/edit-config.ts');
  const what = `resource ${stopped ? 'stop' : 'start'} ${resource}`;
  const result = await changeConfig(
    client,
    what,
    (text, config) => {
      checkKnown('resource', resource, resourceNames(config.resources));
      return setStopped(text, resource, stopped);
    },
    options,
  );
  if (result.status !== undefined && !stopped) checkStarted(result.status, resource);
  return result;
}
