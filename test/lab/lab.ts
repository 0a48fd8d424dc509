import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sortedTexts } from '../../src/base/order.ts';
import { labCgroup, removeLabCgroup } from './cgroup.ts';
import { type CommandOptions, type CommandResult, run } from './command.ts';
import { type Faults, healed, isHealthy, noFaults, withCut, withLoss } from './faults.ts';
import { underLock } from './file-lock.ts';
import { Host } from './host.ts';
import { LabError, LabUsageError } from './lab-error.ts';
import {
  contextOf,
  createRecord,
  endProcesses,
  isOwnerAlive,
  labDirectory,
  labsDirectory,
  readFaults,
  readRecord,
  removeTree,
  writeJson,
} from './lab-record.ts';
import { entering, inCgroup, type LabContext, startPart } from './namespaces.ts';
import { type ObserveOptions, ObserverHandle } from './observer-handle.ts';
import { labProcesses, mark, markVariable, processIdentity } from './processes.ts';
import { checkRequirements } from './requirements.ts';
import {
  checkedLink,
  checkedPlan,
  clientName,
  type Direction,
  defaultHostNames,
  isLabName,
  type LabPlan,
  stationNumber,
  watchName,
} from './topology.ts';
import { outsiders, Wiring } from './wiring.ts';

/** What a lab is made of; what is left out is as the default says. */
export interface LabOptions {
  /** Small letters, digits and dashes, at most 12. Labs of different names live side by side. */
  readonly name: string;
  /** Names, or how many. Default: 3 (alpha, beta, gamma). */
  readonly hosts?: readonly string[] | number;
  /** Number of paths. Default: 2. */
  readonly links?: number;
  /** Default: 1500. */
  readonly mtu?: number;
  /** True: `Lab.downStale` removes the lab once this process is gone. For tests and benches. Default: false. */
  readonly owned?: boolean;
}

/** One lab as `Lab.list` shows it. */
export interface LabSummary {
  readonly name: string;
  readonly hosts: readonly { readonly name: string; readonly state: Host['state'] }[];
  readonly links: number;
  readonly faults: Faults;
  /** True where its processes are gone or its maker died: only `down` (or the next `up`) can follow. */
  readonly stale: boolean;
}

/**
 * A lab: hosts on this machine, in namespaces, joined by a switch with one bridge per path. Nothing of it is
 * pinned anywhere: it consists of processes, a state directory and a control group, so whatever happens to its
 * maker, `Lab.down(name)` and the next `Lab.up` of the same name find and remove all of it.
 */
export class Lab {
  readonly plan: LabPlan;
  readonly #context: LabContext;
  readonly #switchPid: number;
  readonly #wiring: Wiring;
  readonly #hosts = new Map<string, Host>();
  #change: Promise<unknown> = Promise.resolve(); // Changes of the faults, one after the other.

  private constructor(plan: LabPlan, context: LabContext, switchPid: number) {
    this.plan = plan;
    this.#context = context;
    this.#switchPid = switchPid;
    this.#wiring = new Wiring(context, plan, switchPid);
    for (const name of plan.hosts) {
      const wiring = {
        connect: (host: string, pid: number): Promise<void> => this.#plugIn(host, pid),
        silence: (host: string): Promise<void> => this.#wiring.silence(host),
        disconnect: (host: string): Promise<void> => this.#wiring.disconnect(host),
      };
      this.#hosts.set(name, new Host(name, { context, plan, wiring, holder: () => switchPid }));
    }
  }

  /**
   * Makes a lab; all its hosts are on when this resolves. What is left of an older lab of this name is removed.
   * Throws LabUsageError for wrong options, LabError where the machine cannot do it (nothing is left then).
   */
  static async up(options: LabOptions): Promise<Lab> {
    const { hosts = 3, links = 2, mtu = 1500 } = options;
    const names = typeof hosts === 'number' ? defaultHostNames(hosts) : hosts;
    const plan = checkedPlan({ name: options.name, hosts: names, links, mtu });
    await checkRequirements();
    await Lab.down(plan.name);
    const owner = options.owned === true ? processIdentity(process.pid) : undefined;
    const record = createRecord(plan, owner);
    try {
      const context = contextOf(record);
      const switchPid = await startStation(context, 'switch', undefined);
      const lab = new Lab(plan, context, switchPid);
      await lab.#wiring.createBridges();
      await allDone([lab.#startOutsiders(), ...lab.hosts.map((host) => host.powerOn())]);
      return lab;
    } catch (error) {
      await Lab.down(plan.name);
      throw error;
    }
  }

  /** A lab that is up already. Throws LabUsageError if there is none of this name. */
  static attach(name: string): Lab {
    const record = readRecord(name);
    if (record === undefined) throw new LabUsageError(`no lab "${name}" is up`);
    const context = contextOf(record);
    const holder = labProcesses(context.directory).find(({ part }) => part === 'switch');
    if (holder === undefined) {
      throw new LabError(`lab ${name} has crashed: take it down, or up again`);
    }
    return new Lab(record.plan, context, holder.pid);
  }

  /** Removes a lab and all that is left of it, crashed or not. Returns false if there was nothing. */
  static async down(name: string): Promise<boolean> {
    const directory = labDirectory(name);
    const cgroup = labCgroup(name);
    const existed = existsSync(directory) || (cgroup !== undefined && existsSync(cgroup));
    await endProcesses(directory, cgroup);
    if (cgroup !== undefined) removeLabCgroup(cgroup);
    removeTree(directory);
    return existed;
  }

  /** Removes the labs whose maker (`owned`) is gone or whose processes are. Returns their names. */
  static async downStale(): Promise<string[]> {
    const stale = Lab.list().filter((lab) => lab.stale);
    for (const lab of stale) await Lab.down(lab.name);
    return stale.map((lab) => lab.name);
  }

  /** Where the state of the lab of this name is, or would be. */
  static directoryOf(name: string): string {
    return labDirectory(name);
  }

  /** All labs of this user. */
  static list(): LabSummary[] {
    const root = labsDirectory();
    if (!existsSync(root)) return [];
    const names = readdirSync(root).filter(isLabName);
    return sortedTexts(names).map(summaryOf);
  }

  get name(): string {
    return this.plan.name;
  }

  get hosts(): Host[] {
    return [...this.#hosts.values()];
  }

  /** Throws LabUsageError for a name that the lab does not have. */
  host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host !== undefined) return host;
    throw new LabUsageError(`no host "${name}" in lab ${this.name}: ${this.plan.hosts.join(', ')}`);
  }

  /** The state directory of the lab on the machine; a bench may put its records there. */
  get directory(): string {
    return this.#context.directory;
  }

  /** Whether hosts have control groups. Without root they have none. */
  get hasCgroups(): boolean {
    return this.#context.cgroup !== undefined;
  }

  async down(): Promise<void> {
    await Lab.down(this.name);
  }

  /**
   * Runs a command beside the cluster, in the network of the client (254 on every path), for example curl.
   * It sees the machine's own file system and processes.
   */
  async execOutside(
    argv: readonly string[],
    options: Omit<CommandOptions, 'env'> = {},
  ): Promise<CommandResult> {
    const command = this.outsideCommand(clientName, argv, 'exec:client');
    return run(command.argv, { ...options, env: command.env });
  }

  /** How a command is started in the network of an outside station; `part` names it in the process table. */
  outsideCommand(
    station: typeof clientName | typeof watchName,
    argv: readonly string[],
    part: string,
  ): { readonly argv: string[]; readonly env: NodeJS.ProcessEnv } {
    const pid = this.outsidePid(station);
    const { cgroup, directory } = this.#context;
    const entered = entering(this.#context, pid, ['net'], argv);
    return {
      argv: inCgroup(cgroup, entered),
      env: { ...process.env, [markVariable]: mark(directory, part) },
    };
  }

  /** The process that holds the network of an outside station. */
  outsidePid(station: typeof clientName | typeof watchName): number {
    const found = labProcesses(this.#context.directory).find(({ part }) => part === station);
    if (found === undefined) throw new LabError(`lab ${this.name} has crashed: no ${station}`);
    return found.pid;
  }

  /**
   * Starts to observe an address from outside the cluster: who answers HTTP requests, one every 5 ms, and who
   * answers ARP. The observation ends with `stop()` of what is returned, or with this process.
   */
  async observe(options: ObserveOptions): Promise<ObserverHandle> {
    const place = {
      plan: this.plan,
      clientCommand: (argv: readonly string[]) => this.outsideCommand(clientName, argv, 'observer'),
      watchCommand: (argv: readonly string[]) =>
        entering({ ...this.#context, privileged: true }, this.outsidePid(watchName), ['net'], argv),
    };
    return ObserverHandle.start(place, options);
  }

  /** Cuts one cable: wholly (the link goes down) or in one direction (the link stays up, packets vanish). */
  async cut(
    host: string,
    link: number,
    options: { readonly direction?: Direction } = {},
  ): Promise<void> {
    const cut = { ...this.#cable(host, link), direction: options.direction ?? 'both' };
    await this.#changeFaults((faults) => withCut(faults, cut));
  }

  /** Loses a random share of the packets of one cable, from 0 (heals it) to 100 per cent. */
  async loss(
    host: string,
    link: number,
    percent: number,
    options: { readonly direction?: Direction } = {},
  ): Promise<void> {
    if (!(percent >= 0 && percent <= 100)) {
      throw new LabUsageError(`loss of ${percent} per cent: want 0 to 100`);
    }
    const loss = { ...this.#cable(host, link), direction: options.direction ?? 'both', percent };
    await this.#changeFaults((faults) => withLoss(faults, loss));
  }

  /**
   * Splits all paths: stations of different groups do not reach each other any more; who is in no group reaches
   * all. `client` (the observer) may be named like a host. Replaces an earlier partition; `[]` ends it.
   */
  async partition(groups: readonly (readonly string[])[]): Promise<void> {
    const all = groups.flat();
    for (const station of all) stationNumber(this.plan, station);
    if (new Set(all).size !== all.length) throw new LabUsageError('a host is in two groups');
    await this.#changeFaults((faults) => ({ ...faults, partition: groups }));
  }

  /** Undoes cuts and loss of one cable, of all cables of a host, or (no arguments) every fault of the network. */
  async heal(host?: string, link?: number): Promise<void> {
    if (host !== undefined) this.host(host);
    if (link !== undefined) checkedLink(this.plan, link);
    await this.#changeFaults((faults) => healed(faults, host, link));
  }

  /** The faults of the network that stand now. */
  get faults(): Faults {
    return readFaults(this.#context.directory);
  }

  #cable(host: string, link: number): { readonly host: string; readonly link: number } {
    return { host: this.host(host).name, link: checkedLink(this.plan, link) };
  }

  async #plugIn(host: string, pid: number): Promise<void> {
    await this.#wiring.connect(new Map([[host, pid]]));
    await this.#changeFaults((faults) => faults, host);
  }

  /** Changes and applies the faults; `plugged` is a host that is on before its process can be found. */
  async #changeFaults(change: (faults: Faults) => Faults, plugged?: string): Promise<void> {
    const lock = join(this.#context.directory, 'faults.lock');
    const turn = this.#change.then(() =>
      underLock(lock, async () => {
        const faults = change(this.faults);
        if (plugged !== undefined && isHealthy(faults)) return;
        writeJson(join(this.#context.directory, 'faults.json'), faults);
        const on = this.hosts.filter((host) => host.pid !== undefined).map((host) => host.name);
        await this.#wiring.apply(faults, on);
      }),
    );
    this.#change = turn.catch(() => {});
    await turn;
  }

  async #startOutsiders(): Promise<void> {
    const started = outsiders.map(
      async (station) =>
        [station, await startStation(this.#context, station, this.#switchPid)] as const,
    );
    await this.#wiring.connect(new Map(await Promise.all(started)));
  }
}

/** Waits for all, then throws the first error, so that nothing is still under way when it is thrown. */
async function allDone(work: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}

/** Starts a process that does nothing but hold a network namespace (and the switch: the user namespace). */
async function startStation(
  context: LabContext,
  part: string,
  holder: number | undefined,
): Promise<number> {
  const user = part === 'switch' && !context.privileged ? (['user'] as const) : [];
  // Bridges and their ports need no addresses of their own, and must not talk.
  const script =
    'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6; echo up; exec sleep infinity';
  const quiet = 'echo up; exec sleep infinity';
  const started = startPart(context, part, {
    kinds: [...user, 'net'],
    argv: ['/bin/sh', '-c', part === 'switch' ? script : quiet],
    console: join(context.directory, 'console.log'),
    cgroup: context.cgroup,
    ...(holder === undefined ? {} : { holder }),
  });
  await started.nextLine();
  started.release();
  return started.pid;
}

function summaryOf(name: string): LabSummary {
  const record = readRecord(name);
  const gone = record?.owner !== undefined && !isOwnerAlive(record.owner);
  try {
    const lab = Lab.attach(name);
    const hosts = lab.hosts.map((host) => ({ name: host.name, state: host.state }));
    return { name, hosts, links: lab.plan.links, faults: lab.faults, stale: gone };
  } catch {
    const hosts = (record?.plan.hosts ?? []).map((host) => ({ name: host, state: 'off' as const }));
    return { name, hosts, links: record?.plan.links ?? 0, faults: noFaults, stale: true };
  }
}
