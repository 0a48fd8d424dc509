import { string } from '@oclif/core/args';
import { string as text } from '@oclif/core/flags';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import { finish } from '../../change.ts';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';
import { checkKnown, nodeNames, resourceNames } from '../../known-names.ts';

export default class ResourceCleanup extends ChangeCommand {
  static override summary = 'Forget failures of a resource, or of all, and look again.';
  static override examples: string[] = ['resource cleanup web', 'resource cleanup --node alpha'];
  static override args: ArgInput<{ resource: string | undefined }> = {
    resource: string({ description: 'resource, group or clone; not given: all' }),
  };
  static override flags: FlagInput<{
    node: string | undefined;
    wait: number | undefined;
    'dry-run': boolean;
  }> = { node: text({ description: 'on this node only' }), ...changeFlags() };

  async run(): Promise<ChangeReport> {
    const { args, flags } = await this.parse(ResourceCleanup);
    const status = await this.client.status();
    const { resource } = args;
    if (resource !== undefined) {
      checkKnown('resource', resource, resourceNames(status.resources));
    }
    if (flags.node !== undefined) checkKnown('node', flags.node, nodeNames(status));
    const options = changeOptions(flags);
    const done = options.dryRun
      ? { changed: true, index: 0, plan: undefined }
      : await this.client.cleanup(resource, flags.node);
    const result = await finish(this.client, done, options);
    const name = resource ?? 'any resource';
    return this.report(result, `failures of ${name} are forgotten`, `no failures of ${name}`);
  }
}
