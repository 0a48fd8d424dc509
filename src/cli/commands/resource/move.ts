import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import { askResource } from '../../ask-resource.ts';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';
import { checkKnown, nodeNames } from '../../known-names.ts';

export default class ResourceMove extends ChangeCommand {
  static override summary = 'Move a resource once, to a node or to the best other one.';
  static override description =
    'Nothing is left behind in the configuration: after a failure it goes where its rules say.';
  static override examples: string[] = ['resource move web', 'resource move web bravo --wait'];
  static override args: ArgInput<{ resource: string; node: string | undefined }> = {
    resource: string({ description: 'resource or group', required: true }),
    node: string({ description: 'where to' }),
  };
  static override flags: FlagInput<{ wait: number | undefined; 'dry-run': boolean }> =
    changeFlags();

  async run(): Promise<ChangeReport> {
    const { args, flags } = await this.parse(ResourceMove);
    const { resource, node } = args;
    if (node !== undefined) checkKnown('node', node, nodeNames(await this.client.status()));
    const ask = () => this.client.move(resource, node);
    const result = await askResource(this.client, resource, ask, changeOptions(flags), node);
    const place = node ?? 'another node';
    return this.report(result, `${resource} moves to ${place}`, `${resource} runs on ${place}`);
  }
}
