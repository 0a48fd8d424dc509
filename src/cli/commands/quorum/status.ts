import { exitCodes } from '../../../api/exit-codes.ts';
import { ClusterCommand } from '../../cluster-command.ts';
import { type QuorumView, quorumLines, quorumView } from '../../render/quorum-view.ts';

export default class QuorumStatus extends ClusterCommand {
  static override summary = 'Show the voters, whom this node reaches, and who leads.';
  static override description = `Exit code 0: quorate; ${exitCodes['no-quorum']}: not.`;
  static override examples: string[] = ['quorum status'];

  async run(): Promise<QuorumView> {
    await this.parse(QuorumStatus);
    const status = await this.client.status();
    const view = quorumView(status);
    this.log(quorumLines(status, view, { width: this.width, paint: this.paint }).join('\n'));
    if (!view.quorate) process.exitCode = exitCodes['no-quorum'];
    return view;
  }
}
