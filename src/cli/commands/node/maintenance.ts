import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';
import { switchFlag } from '../../flags.ts';
import { switchNode } from '../../switch-node.ts';

export default class NodeMaintenance extends ChangeCommand {
  static override summary = 'Change nothing on a node: what runs there stays and is only watched.';
  static override examples: string[] = ['node maintenance alpha', 'node maintenance alpha --off'];
  static override args: ArgInput<{ node: string }> = {
    node: string({ description: 'node to leave alone', required: true }),
  };
  static override flags: FlagInput<{
    off: boolean;
    wait: number | undefined;
    'dry-run': boolean;
  }> = {
    off: switchFlag('end it'),
    ...changeFlags(),
  };

  async run(): Promise<ChangeReport> {
    const { args, flags } = await this.parse(NodeMaintenance);
    const { node } = args;
    const switches = { maintenance: !flags.off };
    const what = flags.off ? 'maintenance off' : 'maintenance';
    const result = await switchNode(this.client, node, what, switches, changeOptions(flags));
    return this.report(result, `${node} is ${flags.off ? 'no longer ' : ''}in maintenance`);
  }
}
