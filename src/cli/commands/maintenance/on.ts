import type { FlagInput } from '@oclif/core/interfaces';
import { changeConfig } from '../../change.ts';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';

export default class MaintenanceOn extends ChangeCommand {
  static override summary = 'Let the cluster watch and change nothing, until it is turned off.';
  static override examples: string[] = ['maintenance on'];
  static override flags: FlagInput<{ wait: number | undefined; 'dry-run': boolean }> =
    changeFlags();

  async run(): Promise<ChangeReport> {
    const { flags } = await this.parse(MaintenanceOn);
    const { setOptionSwitch } = await import('../../../model/config-file/edit-config.ts');
    const edit = (text: string) => setOptionSwitch(text, 'maintenance', true);
    const result = await changeConfig(this.client, 'maintenance on', edit, changeOptions(flags));
    return this.report(
      result,
      'the cluster is in maintenance: it changes nothing until `holdfast maintenance off`',
    );
  }
}
