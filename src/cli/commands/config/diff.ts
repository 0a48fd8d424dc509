import { string } from '@oclif/core/args';
import type { ArgInput } from '@oclif/core/interfaces';
import { otherExitCodes } from '../../../api/exit-codes.ts';
import { diffLines, unifiedLines } from '../../../model/line-diff.ts';
import { generatedText } from '../../change.ts';
import { ClusterCommand } from '../../cluster-command.ts';
import { readConfigFile } from '../../config-input.ts';
import { safeText } from '../../render/safe-text.ts';

interface DiffResult {
  readonly same: boolean;
  readonly lines: readonly string[];
}

export default class ConfigDiff extends ClusterCommand {
  static override summary = 'Show how a file differs from the configuration of the cluster.';
  static override description = 'Exit code 0: the same; 1: different.';
  static override examples: string[] = ['config diff cluster.yaml'];
  static override args: ArgInput<{ file: string }> = {
    file: string({ description: 'configuration file; - for standard input', required: true }),
  };

  async run(): Promise<DiffResult> {
    const { args } = await this.parse(ConfigDiff);
    const { text } = await readConfigFile(args.file);
    const { config, source } = await this.client.config();
    const now = source ?? (await generatedText(config));
    const changes = diffLines(now.split('\n'), text.split('\n'));
    const lines = now === text ? [] : unifiedLines(changes, 3);
    if (lines.length === 0) this.log('the same');
    else {
      for (const line of lines) this.log(this.#painted(safeText(line)));
      process.exitCode = otherExitCodes.differs;
    }
    return { same: lines.length === 0, lines };
  }

  #painted(line: string): string {
    if (line.startsWith('-')) return this.paint('bad', line);
    return line.startsWith('+') ? this.paint('good', line) : line;
  }
}
