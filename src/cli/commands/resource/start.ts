import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';
import { switchResource } from '../../switch-resource.ts';

export default class ResourceStart extends ChangeCommand {
  static override summary = 'Let a resource run.';
  static override examples: string[] = ['resource start web --wait'];
  static override args: ArgInput<{ resource: string }> = {
    resource: string({ description: 'resource, group or clone', required: true }),
  };
  static override flags: FlagInput<{ wait: number | undefined; 'dry-run': boolean }> =
    changeFlags();

  async run(): Promise<ChangeReport> {
    const { args, flags } = await this.parse(ResourceStart);
    const result = await switchResource(this.client, args.resource, false, changeOptions(flags));
    return this.report(result, `${args.resource} shall run`);
  }
}
