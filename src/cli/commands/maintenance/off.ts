import type { FlagInput } from '@oclif/core/interfaces';
import { changeConfig } from '../../change.ts';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';

export default class MaintenanceOff extends ChangeCommand {
  static override summary =
    'End the maintenance of the cluster: what failed meanwhile is recovered.';
  static override examples: string[] = ['maintenance off'];
  static override flags: FlagInput<{ wait: number | undefined; 'dry-run': boolean }> =
    changeFlags();

  async run(): Promise<ChangeReport> {
    const { flags } = await this.parse(MaintenanceOff);
    const { setOptionSwitch } = await import('../../../model/config-file/edit-config.ts');
    const edit = (text: string) => setOptionSwitch(text, 'maintenance', false);
    const result = await changeConfig(this.client, 'maintenance off', edit, changeOptions(flags));
    return this.report(result, 'the cluster is not in maintenance');
  }
}
