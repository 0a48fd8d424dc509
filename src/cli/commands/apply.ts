import { string } from '@oclif/core/flags';
import type { FlagInput } from '@oclif/core/interfaces';
import { finish } from '../change.ts';
import { ChangeCommand, type ChangeReport, changeFlags, changeOptions } from '../change-command.ts';
import { readConfigFile } from '../config-input.ts';

export default class Apply extends ChangeCommand {
  static override summary = 'Make the cluster as a configuration file says.';
  static override examples: string[] = [
    'apply -f cluster.yaml --dry-run',
    'apply -f cluster.yaml --wait',
  ];
  static override flags: FlagInput<{
    file: string;
    wait: number | undefined;
    'dry-run': boolean;
  }> = {
    file: string({
      char: 'f',
      description: 'configuration file; - for standard input',
      required: true,
    }),
    ...changeFlags(),
  };

  async run(): Promise<ChangeReport> {
    const { flags } = await this.parse(Apply);
    const { text } = await readConfigFile(flags.file);
    const { version, source } = await this.client.config();
    const options = changeOptions(flags);
    const done =
      source === text
        ? { changed: false, index: 0, plan: undefined }
        : await this.client.configure({
            text,
            ifVersion: version,
            what: `applied ${flags.file === '-' ? 'standard input' : flags.file}`,
            dryRun: flags['dry-run'],
          });
    const changed = done.changed || (flags['dry-run'] && source !== text);
    const result = await finish(this.client, { ...done, changed }, options);
    return this.report(result, `the cluster has the configuration of ${flags.file}`);
  }
}
