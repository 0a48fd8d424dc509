import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import type { JoinReport } from '../../../provision/local-types.ts';
import { ClusterCommand } from '../../cluster-command.ts';
import { durationFlag } from '../../flags.ts';
import { type LocalFlags, localFlags, readLocalFlags } from '../../local-flags.ts';
import { localProvision } from '../../local-provision.ts';

const JOIN_TIMEOUT_MS = 30_000;

export default class ClusterJoin extends ClusterCommand {
  static override summary = 'Join this node to a cluster, with a token made there.';
  static override examples: string[] = ['cluster join hf1.… --link net0=192.0.2.2'];
  static override args: ArgInput<{ token: string }> = {
    token: string({ description: 'what `holdfast cluster token` printed', required: true }),
  };
  static override flags: FlagInput<LocalFlags & { timeout: number | undefined }> = {
    timeout: durationFlag('timeout', 'give up when no member answers for so long (30s)'),
    ...localFlags(),
  };

  async run(): Promise<JoinReport> {
    const { args, flags } = await this.parse(ClusterJoin);
    const { joinCluster } = await localProvision();
    const timeoutMs = flags.timeout ?? JOIN_TIMEOUT_MS;
    const report = await joinCluster({ ...readLocalFlags(flags), token: args.token, timeoutMs });
    this.log(
      report.changed
        ? `${report.node} is admitted to cluster ${report.cluster} by ${report.admittedBy}`
        : `unchanged: ${report.node} belongs to cluster ${report.cluster}`,
    );
    this.log('next: systemctl enable --now holdfast');
    return report;
  }
}
