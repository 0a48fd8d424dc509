import { option } from '@oclif/core/flags';
import type { FlagInput } from '@oclif/core/interfaces';
import type { ClusterConfig } from '../../../model/config.ts';
import { generatedText } from '../../change.ts';
import { ClusterCommand } from '../../cluster-command.ts';

interface ShowResult {
  readonly configVersion: number;
  readonly text: string;
  readonly config: ClusterConfig;
}

export default class ConfigShow extends ClusterCommand {
  static override summary = 'Print the configuration: as text with its comments, or as commands.';
  static override examples: string[] = ['config show', 'config show --output cmd'];
  static override flags: FlagInput<{ output: 'text' | 'json' | 'cmd' }> = {
    output: option({
      char: 'o',
      description: 'form of the output',
      options: ['text', 'json', 'cmd'] as const,
      default: 'text',
    })(),
  };

  async run(): Promise<ShowResult> {
    const { flags } = await this.parse(ConfigShow);
    const { version, config, source } = await this.client.config();
    const text = source ?? (await generatedText(config));
    if (flags.output === 'json') this.log(JSON.stringify({ version: 1, config }, undefined, 2));
    else if (flags.output === 'cmd') {
      const { commandLines } = await import('../../render/command-lines.ts');
      this.log(commandLines(config).join('\n'));
    } else this.log(text.replace(/\n$/, ''));
    return { configVersion: version, text, config };
  }
}
