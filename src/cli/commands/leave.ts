import type { FlagInput } from '@oclif/core/interfaces';
import { finish } from '../change.ts';
import { ChangeCommand, type ChangeReport, changeFlags, changeOptions } from '../change-command.ts';

export default class Leave extends ChangeCommand {
  static override summary =
    'Move everything off this node, then end its membership until it starts.';
  static override examples: string[] = ['leave --wait'];
  static override flags: FlagInput<{ wait: number | undefined; 'dry-run': boolean }> =
    changeFlags();

  async run(): Promise<ChangeReport> {
    const { flags } = await this.parse(Leave);
    const options = changeOptions(flags);
    const { self } = await this.client.status();
    const done = options.dryRun
      ? { changed: true, index: 0, plan: undefined }
      : await this.client.leave();
    return this.report(await finish(this.client, done, options), `${self} leaves the cluster`);
  }
}
