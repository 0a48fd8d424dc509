import type { FlagInput } from '@oclif/core/interfaces';
import { socketPath } from '../../../client/socket-file.ts';
import { spanText } from '../../../model/duration.ts';
import type { TokenReport } from '../../../provision/local-types.ts';
import { ClusterCommand } from '../../cluster-command.ts';
import { durationFlag } from '../../flags.ts';
import { invoker } from '../../invoker.ts';
import { directoriesFrom } from '../../local-flags.ts';
import { localProvision } from '../../local-provision.ts';

const LIFETIME_MS = 3_600_000;

export default class ClusterToken extends ClusterCommand {
  static override summary = 'Make a token with which one node may join once.';
  static override examples: string[] = ['cluster token', 'cluster token --lifetime 10min'];
  static override flags: FlagInput<{ lifetime: number | undefined }> = {
    lifetime: durationFlag('lifetime', 'how long it can be used (1h)'),
  };

  async run(): Promise<TokenReport> {
    const { flags } = await this.parse(ClusterToken);
    const { createJoinToken } = await localProvision();
    const lifetimeMs = flags.lifetime ?? LIFETIME_MS;
    const report = await createJoinToken({
      directories: directoriesFrom(process.env),
      socket: socketPath(process.env),
      lifetimeMs,
      by: invoker(),
    });
    this.log(report.token);
    this.logToStderr(
      `works once, within ${spanText(lifetimeMs)}; on the new node:\n` +
        '  holdfast cluster join TOKEN --link LINK=ADDRESS',
    );
    return report;
  }
}
