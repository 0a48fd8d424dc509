import { ClusterCommand } from '../cluster-command.ts';

export default class Agent extends ClusterCommand {
  static override summary = 'Run the agent of this node in the foreground; systemd does this.';
  static override examples: string[] = ['agent'];
  static override enableJsonFlag = false;
  static override strict = false;

  async run(): Promise<void> {
    await this.parse(Agent);
    // The heart is the main process of a node; it starts the agent as its child.
    const { startHeart } = await import('../start-heart.ts');
    await startHeart();
  }
}
