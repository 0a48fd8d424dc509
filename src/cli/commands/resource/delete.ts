import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';
import { deleteResource } from '../../delete-resource.ts';
import { yesFlag } from '../../flags.ts';

export default class ResourceDelete extends ChangeCommand {
  static override summary =
    'Stop a resource and forget it, with its rules and what it consists of.';
  static override examples: string[] = ['resource delete web --yes --wait'];
  static override args: ArgInput<{ resource: string }> = {
    resource: string({ description: 'resource, group or clone', required: true }),
  };
  static override flags: FlagInput<{
    yes: boolean;
    wait: number | undefined;
    'dry-run': boolean;
  }> = { yes: yesFlag(), ...changeFlags() };

  async run(): Promise<ChangeReport> {
    const { args, flags } = await this.parse(ResourceDelete);
    const result = await deleteResource(
      this.client,
      args.resource,
      flags.yes,
      changeOptions(flags),
    );
    return this.report(result, `${args.resource} is deleted`, `there is no ${args.resource}`);
  }
}
