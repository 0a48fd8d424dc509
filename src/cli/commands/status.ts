import { string } from '@oclif/core/args';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import { problemsOf, type StatusProblem } from '../../api/problems.ts';
import type { StatusReport } from '../../api/requests.ts';
import { ClusterCommand } from '../cluster-command.ts';
import { switchFlag } from '../flags.ts';
import { checkKnown, nodeNames, resourceNames } from '../known-names.ts';
import { nodeDetail, resourceDetail } from '../render/detail.ts';
import { statusScreen } from '../render/status-screen.ts';

interface StatusResult {
  readonly status: StatusReport;
  readonly problems: readonly StatusProblem[];
}

export default class Status extends ClusterCommand {
  static override summary = 'Show the cluster, or one node or resource: problems first.';
  static override examples: string[] = ['status', 'status alpha', 'status web', 'status --json'];
  static override args: ArgInput<{ name: string | undefined }> = {
    name: string({ description: 'a node or resource' }),
  };
  static override flags: FlagInput<{ all: boolean }> = {
    all: switchFlag('every problem and note, however many there are'),
  };

  async run(): Promise<StatusResult> {
    const { args, flags } = await this.parse(Status);
    const status = await this.client.status();
    const problems = problemsOf(status);
    const screen = { width: this.width, paint: this.paint, all: flags.all };
    if (args.name === undefined) this.log(statusScreen(status, screen));
    else {
      const nodes = nodeNames(status);
      checkKnown('node or resource', args.name, [...nodes, ...resourceNames(status.resources)]);
      const detail = nodes.some((node) => node === args.name) ? nodeDetail : resourceDetail;
      this.log(detail(status, args.name, screen));
    }
    return { status, problems };
  }
}
