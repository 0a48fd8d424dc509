import { string } from '@oclif/core/args';
import { option, string as text } from '@oclif/core/flags';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import type { InitReport } from '../../../provision/local-types.ts';
import { ClusterCommand } from '../../cluster-command.ts';
import { readConfigFile } from '../../config-input.ts';
import { type LocalFlags, localFlags, readLocalFlags } from '../../local-flags.ts';
import { localProvision } from '../../local-provision.ts';
import { UserError } from '../../user-error.ts';

export default class ClusterInit extends ClusterCommand {
  static override summary = 'Make this node the first member of a new cluster.';
  static override examples: string[] = [
    'cluster init demo --link net0=192.0.2.1 --link net1=198.51.100.1',
    'cluster init demo --link 192.0.2.1 --file cluster.yaml --profile fast',
  ];
  static override args: ArgInput<{ name: string }> = {
    name: string({ description: 'name of the cluster', required: true }),
  };
  static override flags: FlagInput<
    LocalFlags & { file: string | undefined; profile: 'default' | 'fast' }
  > = {
    file: text({ char: 'f', description: 'configuration file for the new cluster' }),
    profile: option({
      description: 'preset of the times; fast: lost after 150 ms of silence',
      options: ['default', 'fast'] as const,
      default: 'default',
    })(),
    ...localFlags(),
  };

  async run(): Promise<InitReport> {
    const { args, flags } = await this.parse(ClusterInit);
    const local = readLocalFlags(flags);
    const file = flags.file === undefined ? undefined : await readConfigFile(flags.file);
    if (file !== undefined && file.config.name !== args.name) {
      const message = `${flags.file} is for cluster '${file.config.name}', not '${args.name}'`;
      throw new UserError('invalid-config', message);
    }
    const { initCluster } = await localProvision();
    const { profile } = flags;
    const report = await initCluster({ ...local, name: args.name, config: file?.text, profile });
    this.log(
      report.changed ? `cluster ${report.cluster} is made` : 'unchanged: it is there already',
    );
    for (const warning of report.warnings) this.log(`note: ${warning}`);
    this.log('next: systemctl enable --now holdfast, then holdfast cluster token for other nodes');
    return report;
  }
}
