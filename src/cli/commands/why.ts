import { string } from '@oclif/core/args';
import type { ArgInput } from '@oclif/core/interfaces';
import type { Assignment } from '../../model/plan.ts';
import { ClusterCommand } from '../cluster-command.ts';
import { checkKnown, resourceNames } from '../known-names.ts';
import { whyText } from '../render/why-text.ts';

interface WhyResult {
  readonly resource: string;
  readonly text: string;
  readonly assignments: readonly Assignment[];
}

export default class Why extends ClusterCommand {
  static override summary = 'Say why a resource runs where it runs, or why it does not run.';
  static override examples: string[] = ['why web'];
  static override args: ArgInput<{ resource: string }> = {
    resource: string({ description: 'resource, group or clone', required: true }),
  };

  async run(): Promise<WhyResult> {
    const { args } = await this.parse(Why);
    const status = await this.client.status();
    checkKnown('resource', args.resource, resourceNames(status.resources));
    const { text, assignments } = whyText(status, args.resource);
    this.log(text);
    return { resource: args.resource, text, assignments };
  }
}
