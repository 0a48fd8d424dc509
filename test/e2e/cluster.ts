import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../build/bundle.ts';
import type { ApiResponse, StatusReport } from '../../src/api/requests.ts';
import type { ClusterEvent } from '../../src/model/event.ts';
import type { Host } from '../lab/host.ts';
import { Lab } from '../lab/lab.ts';
import { nodePath, projectRoot } from '../lab/project.ts';
import type { Unit } from '../lab/unit.ts';
import { installWeb, webCommand } from '../lab/web.ts';

export interface ClusterOptions {
  readonly name: string;
  readonly hosts?: number;
  readonly profile?: 'default' | 'fast';
  /** Text of a configuration file; the default is nginx behind a floating IP. */
  readonly config?: string;
}

/** The floating IP of the default configuration. */
export const floatingIp = '10.77.0.100';

const socket = '/run/holdfast/agent.sock';
const pollMs = 50;

export function webConfig(profile: 'default' | 'fast'): string {
  return `cluster: lab
options: { profile: ${profile} }
resources:
  ip:
    agent: address
    with: { ip: ${floatingIp}/24 }
  web:
    agent: process
    with: { command: "nginx -g 'daemon off;' -c ${webCommand[4]}" }
groups:
  site: { members: [ip, web] }
`;
}

/** A holdfast cluster on the hosts of a lab, as its operator and its clients see it. */
export class TestCluster {
  readonly lab: Lab;

  private constructor(lab: Lab) {
    this.lab = lab;
  }

  /** Makes a lab, sets a cluster up on it and waits until all nodes are voters (or the best odd number of them). */
  static async up(options: ClusterOptions): Promise<TestCluster> {
    const { name, hosts = 3, profile = 'default', config = webConfig(profile) } = options;
    const cluster = new TestCluster(await Lab.up({ name, hosts, owned: true }));
    try {
      await cluster.#setUp(profile, config);
      return cluster;
    } catch (error) {
      const logs = cluster.lab.hosts.map((host) => `--- ${host.name}\n${host.unitLog('holdfast')}`);
      await cluster.down();
      throw new Error(`the cluster did not come up\n${logs.join('\n')}`, { cause: error });
    }
  }

  async down(): Promise<void> {
    await this.lab.down();
  }

  host(name: string): Host {
    return this.lab.host(name);
  }

  /** Hosts that are on, whatever they believe. */
  get running(): readonly Host[] {
    return this.lab.hosts.filter((host) => host.state === 'on');
  }

  /** What one node says; undefined while its agent does not answer. */
  async status(host: Host | undefined = this.running[0]): Promise<StatusReport | undefined> {
    const answer = await this.#get(host, '/v1/status');
    return answer?.kind === 'status' ? answer.status : undefined;
  }

  /** The history as one node has it. */
  async events(
    host: Host | undefined = this.running[0],
    after = 0,
  ): Promise<readonly ClusterEvent[]> {
    const answer = await this.#get(host, `/v1/events?after=${after}&limit=1000`);
    return answer?.kind === 'events' ? answer.events : [];
  }

  async lastEvent(host: Host | undefined = this.running[0]): Promise<number> {
    return (await this.events(host)).at(-1)?.number ?? 0;
  }

  /** Waits until the history has an event after a number that satisfies a condition. */
  async untilEvent(
    holds: (event: ClusterEvent) => boolean,
    after: number,
    timeoutMs = 20_000,
  ): Promise<ClusterEvent> {
    const endsAt = performance.now() + timeoutMs;
    for (;;) {
      const found = (await this.events(undefined, after)).find(holds);
      if (found !== undefined) return found;
      if (performance.now() > endsAt) throw new Error('the event did not come in time');
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** Waits until the answer of some running node satisfies a condition. */
  async until(
    what: string,
    holds: (status: StatusReport) => boolean,
    options: { readonly timeoutMs?: number; readonly host?: Host } = {},
  ): Promise<StatusReport> {
    const endsAt = performance.now() + (options.timeoutMs ?? 20_000);
    let last: StatusReport | undefined;
    for (;;) {
      for (const host of options.host === undefined ? this.running : [options.host]) {
        const status = await this.status(host);
        last = status ?? last;
        if (status !== undefined && holds(status)) return status;
      }
      if (performance.now() > endsAt) {
        throw new Error(`not in time: ${what}\n${JSON.stringify(last, undefined, 1)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /**
   * Everything runs, every host that is on is a member, nothing is left to do, and every node says so: a host that was
   * cut off believes for a moment what was true before.
   */
  async untilCalm(timeoutMs = 20_000): Promise<StatusReport> {
    const endsAt = performance.now() + timeoutMs;
    for (;;) {
      const { running } = this;
      const statuses = await Promise.all(running.map((host) => this.status(host)));
      const known = statuses.filter((status) => status !== undefined);
      const [first] = known;
      const agree = known.every(
        (status) => status.raft.term === first?.raft.term && isCalm(status, running),
      );
      if (first !== undefined && known.length === running.length && agree) return first;
      if (performance.now() > endsAt) {
        throw new Error(`no calm in time\n${JSON.stringify(statuses, undefined, 1)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** The host on which an instance runs, by the cluster's facts. */
  async activeHost(instance = 'web'): Promise<Host> {
    const status = await this.until(`${instance} runs`, (report) =>
      report.facts.instances.some(
        (item) => item.instance === instance && item.assignment !== undefined,
      ),
    );
    const found = status.facts.instances.find(
      (item) => item.instance === instance && item.assignment !== undefined,
    );
    return this.host(found?.node ?? '');
  }

  async leader(): Promise<Host> {
    const status = await this.until('a leader', (report) => report.raft.leader !== undefined);
    return this.host(status.raft.leader ?? '');
  }

  /** A request as the command line makes it. */
  async post(
    path: string,
    body: unknown,
    host: Host | undefined = this.running[0],
  ): Promise<ApiResponse | undefined> {
    const argv = ['-X', 'POST', '-H', 'content-type: application/json', '-d', JSON.stringify(body)];
    return await this.#curl(host, path, argv);
  }

  async #get(host: Host | undefined, path: string): Promise<ApiResponse | undefined> {
    return await this.#curl(host, path, []);
  }

  async #curl(
    host: Host | undefined,
    path: string,
    argv: readonly string[],
  ): Promise<ApiResponse | undefined> {
    if (host === undefined) return undefined;
    const command = [
      'curl',
      '-s',
      '-m',
      '15',
      '--unix-socket',
      socket,
      ...argv,
      `http://agent${path}`,
    ];
    const { stdout } = await host.exec(command);
    try {
      return JSON.parse(stdout) as ApiResponse;
    } catch {
      return undefined;
    }
  }

  async #setUp(profile: string, config: string): Promise<void> {
    const [first, ...others] = this.lab.hosts;
    if (first === undefined) throw new Error('a cluster needs a host');
    await Promise.all(this.lab.hosts.map((host) => installWeb(host)));
    await this.#provision(first, ['init', '--config', config, '--profile', profile]);
    await this.#startAgent(first);
    await this.until('the first node is a member', (status) => status.lease.standing);
    for (const host of others) {
      const token = await this.#provision(first, ['token']);
      await this.#provision(host, ['join', '--token', token]);
      await this.#startAgent(host);
    }
    await this.untilCalm(30_000);
  }

  async #startAgent(host: Host): Promise<void> {
    const unit = await agentUnit();
    host.enableUnits([unit]); // So that it starts again with the power.
    await host.startUnit(unit);
  }

  async #provision(host: Host, argv: readonly string[]): Promise<string> {
    const links = [0, 1].map((link) => host.address(link)).join(',');
    const script = join(projectRoot, 'test/e2e/provision-host.ts');
    return await host.execOrThrow([
      nodePath,
      script,
      '--node',
      host.name,
      '--links',
      links,
      ...argv,
    ]);
  }
}

function isCalm(status: StatusReport, running: readonly Host[]): boolean {
  const { members } = status.facts;
  const isMember = (name: string): boolean =>
    members.some((member) => member.node === name && member.presence === 'joined');
  return (
    status.settled &&
    status.lease.standing &&
    status.raft.leader !== undefined &&
    running.every((host) => isMember(host.name)) &&
    members.every((member) => member.presence !== 'lost') &&
    status.assignments.every((item) => item.node !== undefined) &&
    status.raft.voters.length % 2 === 1 &&
    status.raft.voters.length >= running.length - 1
  );
}

/** The programs of this run, built once: nobody else changes them while hosts run them. */
let programs: Promise<string> | undefined;

async function builtPrograms(): Promise<string> {
  const cache = join(projectRoot, '.cache');
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    const pid = /^programs-(\d+)$/.exec(name)?.[1];
    // What a run left that ended without a word.
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(cache, name), { recursive: true });
  }
  const directory = join(cache, `programs-${process.pid}`);
  await bundle(directory);
  return directory;
}

/** The agent as systemd would run it. */
export async function agentUnit(): Promise<Unit> {
  programs ??= builtPrograms();
  return {
    name: 'holdfast',
    // The flags are those of bin/holdfast.
    argv: [nodePath, '--max-semi-space-size=4', join(await programs, 'heart.js')],
    restart: 'always',
    restartDelayMs: 100,
    // What the cluster runs outlives its agent.
    killMode: 'process',
    env: { HOLDFAST_RESET: JSON.stringify(['reboot', '-f', '-f']) },
  };
}
