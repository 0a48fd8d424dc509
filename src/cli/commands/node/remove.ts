import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import { changeConfig, finish } from '../../change.ts';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';
import { confirm } from '../../confirm.ts';
import { yesFlag } from '../../flags.ts';
import { nodeNames } from '../../known-names.ts';

export default class NodeRemove extends ChangeCommand {
  static override summary =
    'Remove a node for good: its certificate and keys are worthless at once.';
  static override examples: string[] = ['node remove charlie --yes'];
  static override args: ArgInput<{ node: string }> = {
    node: string({ description: 'node to remove', required: true }),
  };
  static override flags: FlagInput<{
    yes: boolean;
    wait: number | undefined;
    'dry-run': boolean;
  }> = { yes: yesFlag(), ...changeFlags() };

  async run(): Promise<ChangeReport> {
    const { args, flags } = await this.parse(NodeRemove);
    const { node } = args;
    const options = changeOptions(flags);
    const sentence = `${node} is no node of the cluster`;
    const status = await this.client.status();
    if (!nodeNames(status).includes(node)) {
      const nothing = { changed: false, index: 0, plan: undefined };
      return this.report(await finish(this.client, nothing, options), sentence);
    }
    if (options.dryRun) {
      const would = { changed: true, index: 0, plan: undefined };
      return this.report(await finish(this.client, would, options), sentence);
    }
    await confirm(`remove node ${node}: it needs a new join token to come back`, node, flags.yes);
    const done = await this.client.removeNode(node);
    const { forgetNode } = await import('../../../model/config-file/edit-config.ts');
    const edit = (text: string) => forgetNode(text, node);
    await changeConfig(this.client, `node remove ${node}`, edit, {
      waitMs: undefined,
      dryRun: false,
    });
    return this.report(await finish(this.client, done, options), `${node} is removed`);
  }
}
