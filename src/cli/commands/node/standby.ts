import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';
import { switchNode } from '../../switch-node.ts';

export default class NodeStandby extends ChangeCommand {
  static override summary = 'Move everything off a node; it stays a member.';
  static override examples: string[] = ['node standby alpha --wait'];
  static override args: ArgInput<{ node: string }> = {
    node: string({ description: 'node to empty', required: true }),
  };
  static override flags: FlagInput<{ wait: number | undefined; 'dry-run': boolean }> =
    changeFlags();

  async run(): Promise<ChangeReport> {
    const { args, flags } = await this.parse(NodeStandby);
    const { node } = args;
    const switches = { standby: true };
    const result = await switchNode(this.client, node, 'standby', switches, changeOptions(flags));
    return this.report(result, `${node} is on standby`);
  }
}
