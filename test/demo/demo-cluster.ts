import { setTimeout as pause } from 'node:timers/promises';
import type { StatusReport } from '../../src/api/requests.ts';
import type { InstanceStatus } from '../../src/model/status.ts';
import type { Host } from '../lab/host.ts';
import type { Lab } from '../lab/lab.ts';
import type { Unit } from '../lab/unit.ts';
import { webConfiguration } from '../lab/web.ts';
import type { Stage } from './stage.ts';

/** The floating IP of the demo. */
export const floatingIp = '10.77.0.100';

export const siteFile: string = '/etc/holdfast/site.yaml';
export const siteConfiguration: string = `cluster: demo

resources:
  ip:
    agent: address
    with: { ip: ${floatingIp}/24 }
  web:
    agent: process
    with: { command: "nginx -g 'daemon off;' -c ${webConfiguration}" }

# Together on one node: the address comes up first, then the web server.
groups:
  site: { members: [ip, web] }
`;

/** Hosts run what `npm run build` has made, not the sources. */
export const environment: NodeJS.ProcessEnv = { HOLDFAST_DIST: '1' };

const agentUnit: Unit = {
  name: 'holdfast',
  argv: ['holdfast', 'agent'],
  restart: 'always',
  restartDelayMs: 100,
  // What the cluster runs outlives its agent.
  killMode: 'process',
  env: { ...environment, HOLDFAST_RESET: JSON.stringify(['reboot', '-f', '-f']) } as Record<
    string,
    string
  >,
};

const pollMs = 50;

/** The cluster of the demo, by its command line alone. */
export class DemoCluster {
  readonly lab: Lab;
  readonly #stage: Stage;

  constructor(lab: Lab, stage: Stage) {
    this.lab = lab;
    this.#stage = stage;
  }

  /** Shows a command, runs it on a host and gives its output. Throws LabError where it fails. */
  async run(
    host: Host,
    words: readonly string[],
    shown: string = words.join(' '),
  ): Promise<string> {
    this.#stage.command(host.name, shown);
    return await host.execOrThrow(words, { env: environment });
  }

  /** Shows a command and has it write to the screen by itself, with its own colours. */
  async show(host: Host, words: readonly string[]): Promise<void> {
    this.#stage.command(host.name, words.join(' '));
    const { ended } = host.spawn(words, { env: environment, stdio: 'inherit' });
    const { exitCode } = await ended;
    if (exitCode !== 0) throw new Error(`${words.join(' ')}: exit code ${exitCode}`);
  }

  async startAgent(host: Host): Promise<void> {
    host.enableUnits([agentUnit]); // So that it starts again with the power.
    await host.startUnit(agentUnit);
  }

  async status(host: Host): Promise<StatusReport | undefined> {
    const { exitCode, stdout } = await host.exec(['holdfast', 'status', '--json'], {
      env: environment,
    });
    if (exitCode !== 0) return undefined;
    return (JSON.parse(stdout) as { readonly status: StatusReport }).status;
  }

  /** Waits until what a host says of the cluster satisfies a condition. */
  async until(
    what: string,
    host: Host,
    holds: (status: StatusReport) => boolean,
    timeoutMs = 30_000,
  ): Promise<StatusReport> {
    const endsAt = performance.now() + timeoutMs;
    for (;;) {
      const status = await this.status(host);
      if (status !== undefined && holds(status)) return status;
      if (performance.now() > endsAt) throw new Error(`not in time: ${what}`);
      await pause(pollMs);
    }
  }

  /** All hosts are members that vote, everything runs, and nothing is left to do. */
  async untilCalm(host: Host): Promise<StatusReport> {
    const { length } = this.lab.hosts;
    return await this.until(`all ${length} nodes and calm`, host, (status) => {
      const { facts, raft, settled, assignments } = status;
      return (
        settled &&
        raft.voters.length === length &&
        facts.members.filter(({ presence }) => presence === 'joined').length === length &&
        assignments.every(({ node }) => node !== undefined)
      );
    });
  }

  /** Where the web server runs, as a host says. */
  async activeHost(asked: Host): Promise<Host> {
    const isActive = (item: InstanceStatus): boolean =>
      item.instance === 'web' && item.role === 'started';
    const { facts } = await this.until('the web server runs', asked, (found) =>
      found.facts.instances.some(isActive),
    );
    return this.lab.host(facts.instances.find(isActive)?.node ?? '');
  }
}
