import type { LinkReport } from '../../../api/requests.ts';
import { ClusterCommand } from '../../cluster-command.ts';
import { linkLines } from '../../render/link-lines.ts';

export default class LinkStatus extends ClusterCommand {
  static override summary = 'Show every path from this node to the others.';
  static override examples: string[] = ['link status'];

  async run(): Promise<{ readonly self: string; readonly links: readonly LinkReport[] }> {
    await this.parse(LinkStatus);
    const status = await this.client.status();
    this.log(linkLines(status, { width: this.width, paint: this.paint }).join('\n'));
    return { self: status.self, links: status.links };
  }
}
