import { ClusterCommand } from '../cluster-command.ts';

export default class Agent extends ClusterCommand {
  static override summary = 'Run this node in the foreground; systemd does this.';
  static override description =
    'It ends with SIGTERM. What it runs goes on until its lease has ended: use leave first.';
  static override examples: string[] = ['agent'];
  static override enableJsonFlag = false;

  /** Reached only with arguments: `main` hands a plain `holdfast agent` to the heart at once. */
  async run(): Promise<void> {
    await this.parse(Agent);
    await import('../../heart/main.ts');
  }
}
