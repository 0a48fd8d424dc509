import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';
import { switchNode } from '../../switch-node.ts';

export default class NodeOnline extends ChangeCommand {
  static override summary = 'Let a node run resources again, after standby or maintenance.';
  static override examples: string[] = ['node online alpha --wait'];
  static override args: ArgInput<{ node: string }> = {
    node: string({ description: 'node to use again', required: true }),
  };
  static override flags: FlagInput<{ wait: number | undefined; 'dry-run': boolean }> =
    changeFlags();

  async run(): Promise<ChangeReport> {
    const { args, flags } = await this.parse(NodeOnline);
    const { node } = args;
    const switches = { standby: false, maintenance: false };
    const result = await switchNode(this.client, node, 'online', switches, changeOptions(flags));
    return this.report(result, `${node} may run resources`);
  }
}
