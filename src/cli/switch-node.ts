import type { ControlClient } from '../client/control-client.ts';
import { type ChangeOptions, type ChangeResult, changeConfig } from './change.ts';
import { checkKnown, nodeNames } from './known-names.ts';

/** Sets switches of a node that the cluster knows. */
export async function switchNode(
  client: ControlClient,
  node: string,
  verb: string,
  switches: { readonly standby?: boolean; readonly maintenance?: boolean },
  options: ChangeOptions,
): Promise<ChangeResult> {
  checkKnown('node', node, nodeNames(await client.status()));
  const { setNode } = await import('../model/config-file/edit-config.ts');
  const edit = (text: string) => setNode(text, node, switches);
  return changeConfig(client, `node ${verb} ${node}`, edit, options);
}
