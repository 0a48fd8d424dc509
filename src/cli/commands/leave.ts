import type { FlagInput } from '@oclif/core/interfaces';
import { ChangeCommand, type ChangeReport, changeFlags, changeOptions } from '../change-command.ts';
import { waitUntilLeft } from '../wait-until-settled.ts';

export default class Leave extends ChangeCommand {
  static override summary =
    'Move everything off this node, then end its membership until it starts.';
  static override examples: string[] = ['leave --wait'];
  static override flags: FlagInput<{ wait: number | undefined; 'dry-run': boolean }> =
    changeFlags();

  async run(): Promise<ChangeReport> {
    const { flags } = await this.parse(Leave);
    const { waitMs, dryRun } = changeOptions(flags);
    const { self, facts } = await this.client.status();
    const presence = facts.members.find(({ node }) => node === self)?.presence;
    const changed = presence === 'joined';
    const index = changed && !dryRun ? (await this.client.leave()).index : 0;
    if (waitMs !== undefined && !dryRun) await waitUntilLeft(this.client, waitMs);
    const result = { changed, dryRun, index, plan: [], status: undefined };
    const left = `${self} is no member of the cluster`;
    return this.report(result, waitMs === undefined ? `${self} leaves the cluster` : left, left);
  }
}
