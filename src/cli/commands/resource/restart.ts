import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import { askResource } from '../../ask-resource.ts';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';

export default class ResourceRestart extends ChangeCommand {
  static override summary = 'Stop a resource and start it again where it runs.';
  static override examples: string[] = ['resource restart web --wait'];
  static override args: ArgInput<{ resource: string }> = {
    resource: string({ description: 'resource, group or clone', required: true }),
  };
  static override flags: FlagInput<{ wait: number | undefined; 'dry-run': boolean }> =
    changeFlags();

  async run(): Promise<ChangeReport> {
    const { args, flags } = await this.parse(ResourceRestart);
    const { resource } = args;
    const ask = () => this.client.restart(resource);
    const result = await askResource(this.client, resource, ask, changeOptions(flags));
    return this.report(result, `${resource} is restarted`);
  }
}
