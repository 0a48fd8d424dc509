import { string } from '@oclif/core/args';
import type { ArgInput } from '@oclif/core/interfaces';
import { ClusterCommand } from '../../cluster-command.ts';
import { readConfigFile } from '../../config-input.ts';
import { resourceNames } from '../../known-names.ts';

interface CheckResult {
  readonly valid: true;
  readonly resources: number;
}

export default class ConfigCheck extends ClusterCommand {
  static override summary = 'Check a configuration file; needs no cluster.';
  static override examples: string[] = ['config check cluster.yaml'];
  static override args: ArgInput<{ file: string }> = {
    file: string({ description: 'configuration file; - for standard input', required: true }),
  };

  async run(): Promise<CheckResult> {
    const { args } = await this.parse(ConfigCheck);
    const { config } = await readConfigFile(args.file);
    const resources = resourceNames(config.resources).length;
    this.log(`${args.file}: cluster ${config.name} is valid (${resources} resources)`);
    return { valid: true, resources };
  }
}
