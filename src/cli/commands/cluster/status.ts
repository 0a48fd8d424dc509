import { problemsOf, type StatusProblem } from '../../../api/problems.ts';
import { ClusterCommand } from '../../cluster-command.ts';
import { clusterLines } from '../../render/cluster-lines.ts';
import { type NodeView, nodeViews } from '../../render/node-view.ts';

interface ClusterStatusResult {
  readonly cluster: string;
  readonly clusterId: string;
  readonly quorate: boolean;
  readonly leader: string | undefined;
  readonly nodes: readonly NodeView[];
  readonly problems: readonly StatusProblem[];
}

export default class ClusterStatus extends ClusterCommand {
  static override summary = 'Show the cluster as a whole: members, leader, times, protection.';
  static override examples: string[] = ['cluster status'];

  async run(): Promise<ClusterStatusResult> {
    await this.parse(ClusterStatus);
    const status = await this.client.status();
    this.log(clusterLines(status, { width: this.width, paint: this.paint }).join('\n'));
    return {
      cluster: status.cluster,
      clusterId: status.clusterId,
      quorate: status.raft.quorate,
      leader: status.raft.leader,
      nodes: nodeViews(status),
      problems: problemsOf(status),
    };
  }
}
