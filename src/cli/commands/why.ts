import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import { ClusterCommand } from '../cluster-command.ts';
import { switchFlag } from '../flags.ts';
import { checkKnown, resourceNames } from '../known-names.ts';
import { type Why as Found, whyLines, whyOf } from '../render/why-text.ts';

export default class Why extends ClusterCommand {
  static override summary = 'Say why a resource runs where it runs, or why it does not run.';
  static override examples: string[] = ['why web', 'why web --scores'];
  static override args: ArgInput<{ resource: string }> = {
    resource: string({ description: 'resource, group or clone', required: true }),
  };
  static override flags: FlagInput<{ scores: boolean }> = {
    scores: switchFlag('every node that was looked at, with its score'),
  };

  async run(): Promise<Found & { readonly resource: string }> {
    const { args, flags } = await this.parse(Why);
    const { resource } = args;
    const status = await this.client.status();
    checkKnown('resource', resource, resourceNames(status.resources));
    const why = whyOf(status, resource);
    this.log(whyLines(why, resource, flags.scores).join('\n'));
    return { resource, ...why };
  }
}
