import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';
import { switchResource } from '../../switch-resource.ts';

export default class ResourceStop extends ChangeCommand {
  static override summary = 'Stop a resource and keep it stopped.';
  static override examples: string[] = ['resource stop web --wait'];
  static override args: ArgInput<{ resource: string }> = {
    resource: string({ description: 'resource, group or clone', required: true }),
  };
  static override flags: FlagInput<{ wait: number | undefined; 'dry-run': boolean }> =
    changeFlags();

  async run(): Promise<ChangeReport> {
    const { args, flags } = await this.parse(ResourceStop);
    const result = await switchResource(this.client, args.resource, true, changeOptions(flags));
    return this.report(result, `${args.resource} shall be stopped`);
  }
}
