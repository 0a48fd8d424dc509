import { ClusterCommand } from '../../cluster-command.ts';
import { type ResourceView, resourceViews } from '../../render/resource-view.ts';
import { resourceLines } from '../../render/status-screen.ts';

export default class ResourceList extends ClusterCommand {
  static override summary = 'List the resources with their state and where they run.';
  static override examples: string[] = ['resource list'];

  async run(): Promise<{ readonly resources: readonly ResourceView[] }> {
    await this.parse(ResourceList);
    const status = await this.client.status();
    this.log(resourceLines(status, { width: this.width, paint: this.paint }).join('\n'));
    return { resources: resourceViews(status) };
  }
}
