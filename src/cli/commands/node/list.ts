import { ClusterCommand } from '../../cluster-command.ts';
import { type NodeView, nodeViews } from '../../render/node-view.ts';
import { nodeLines } from '../../render/status-screen.ts';

export default class NodeList extends ClusterCommand {
  static override summary = 'List the nodes with their state and what they run.';
  static override examples: string[] = ['node list'];

  async run(): Promise<{ readonly nodes: readonly NodeView[] }> {
    await this.parse(NodeList);
    const status = await this.client.status();
    this.log(nodeLines(status, { width: this.width, paint: this.paint }).join('\n'));
    return { nodes: nodeViews(status) };
  }
}
