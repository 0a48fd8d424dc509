import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { cgroupIsEmpty, ensureCgroup, killCgroup, removeCgroup } from './cgroup.ts';
import { type CommandOptions, type CommandResult, run, runOrThrow } from './command.ts';
import { LabError } from './lab-error.ts';
import { entering, inCgroup, type LabContext, type StartedPart, startPart } from './namespaces.ts';
import {
  childrenOf,
  isAlive,
  labProcess,
  labProcesses,
  mark,
  markVariable,
  signalQuietly,
} from './processes.ts';
import { labFile, nodePath, projectRoot } from './project.ts';
import {
  hostsFile,
  type LabPlan,
  stationAddress,
  stationAddress6,
  stationMac,
} from './topology.ts';
import {
  productCgroup,
  type SupervisorReply,
  type SupervisorRequest,
  type Unit,
  type UnitStatus,
} from './unit.ts';

export type HostState = 'on' | 'off' | 'frozen';

/** A command that runs on a host. Its pid is the machine's, not the host's. */
export interface HostProcess {
  readonly child: ChildProcess;
  /** Signals the command itself, inside the host. */
  kill(signal?: NodeJS.Signals): void;
  /** Resolves when it has ended; `stdout` and `stderr` hold all that nobody else has read from `child`. */
  readonly ended: Promise<CommandResult>;
}

/** What a host needs of its lab. The cables of a host come and go with its power. */
export interface HostWiring {
  connect(host: string, pid: number): Promise<void>;
  silence(host: string): Promise<void>;
  disconnect(host: string): Promise<void>;
}

/** Made in the private layers, so that without root, too, the host's root owns them. */
const diskDirectories: readonly string[] = [
  'etc/holdfast',
  'etc.work',
  'var/lib/holdfast',
  'var/log/nginx',
  'var.work',
  'mount',
  'control',
];
/** Takes away what would reach beyond the host: the machine's clock, its kernel modules, its memory. */
const confine: readonly string[] = ['setpriv', '--bounding-set=-sys_time,-sys_module,-sys_rawio'];
const endTimeoutMs = 10_000;

/**
 * One host of a lab. Its disk (`/etc`, `/var`: private layers over the machine's) survives a power-off; `/run`,
 * `/tmp` and all processes do not. The rest of the file system is the machine's own.
 */
export class Host {
  readonly name: string;
  readonly #context: LabContext;
  readonly #plan: LabPlan;
  readonly #wiring: HostWiring;
  readonly #holder: () => number;
  readonly #directory: string;
  #initPid: number | undefined; // As last seen; checked before each use, since others may act on the lab.

  constructor(
    name: string,
    lab: {
      readonly context: LabContext;
      readonly plan: LabPlan;
      readonly wiring: HostWiring;
      /** The process that holds the lab's user namespace. */
      readonly holder: () => number;
    },
  ) {
    this.name = name;
    this.#context = lab.context;
    this.#plan = lab.plan;
    this.#wiring = lab.wiring;
    this.#holder = lab.holder;
    this.#directory = join(lab.context.directory, 'hosts', name);
  }

  /** The IPv4 address on a path, e.g. `10.77.0.1`. */
  address(link = 0): string {
    return stationAddress(this.#plan, this.name, link);
  }

  /** The IPv6 address on a path, e.g. `fd77:0:0:0::1`. */
  address6(link = 0): string {
    return stationAddress6(this.#plan, this.name, link);
  }

  mac(link = 0): string {
    return stationMac(this.#plan, this.name, link);
  }

  /** The process of the host's init on the machine, or undefined while it is off. */
  get pid(): number | undefined {
    const isOurs = (pid: number): boolean => {
      const process = labProcess(pid);
      return process?.part === this.#part() && process.isInit && isAlive(pid);
    };
    if (this.#initPid !== undefined && isOurs(this.#initPid)) return this.#initPid;
    this.#initPid = labProcesses(this.#context.directory).find(
      (process) => process.part === this.#part() && process.isInit && isAlive(process.pid),
    )?.pid;
    return this.#initPid;
  }

  get state(): HostState {
    const { pid } = this;
    if (pid === undefined) return 'off';
    return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) ? 'frozen' : 'on';
  }

  /**
   * A file of the host's disk or of its units' output, as a path on the machine: `/var/…` and `/etc/…` as the
   * host wrote them (what it never wrote is not there). Works while the host is off, too.
   */
  diskPath(path: string): string {
    if (!path.startsWith('/etc/') && !path.startsWith('/var/')) {
      throw new LabError(`${path} is not on the disk of ${this.name}: only /etc and /var are`);
    }
    return join(this.#directory, path);
  }

  /** All that a unit wrote to its outputs, over all its starts and power-offs. Empty if it never ran. */
  unitLog(name: string): string {
    try {
      return readFileSync(join(this.#control(), 'log', `${name}.log`), 'utf8');
    } catch {
      return '';
    }
  }

  /** Runs a command to its end. Throws LabError while the host is off or frozen, never for an exit code. */
  async exec(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const onTimeout = (pid: number): void => {
      const inner = childrenOf(pid);
      for (const child of inner) signalQuietly(child, 'SIGKILL');
      // Who waits for it outside may have stopped with it, and shall see its end.
      signalQuietly(pid, inner.length === 0 ? 'SIGKILL' : 'SIGCONT');
    };
    const { env, ...others } = options;
    const command = this.#entering(argv, env ?? {});
    return run(command.argv, { onTimeout, ...others, env: command.env });
  }

  /** Runs a command that must succeed and returns its standard output. Throws LabError. */
  async execOrThrow(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
    const result = await this.exec(argv, options);
    if (result.exitCode === 0) return result.stdout;
    const how = result.timedOut ? 'timed out' : (result.signal ?? `exit code ${result.exitCode}`);
    const said = result.stderr.trim() || result.stdout.trim();
    throw new LabError(`${this.name}: ${argv.join(' ')}: ${how}: ${said}`);
  }

  /** Starts a command and returns at once. `stdio: 'inherit'` gives it this process's own. */
  spawn(
    argv: readonly string[],
    options: { readonly env?: NodeJS.ProcessEnv; readonly stdio?: 'pipe' | 'inherit' } = {},
  ): HostProcess {
    const command = this.#entering(argv, options.env ?? {});
    const [file = '', ...args] = command.argv;
    const child = spawn(file, args, { env: command.env, stdio: options.stdio ?? 'pipe' });
    const kill = (signal: NodeJS.Signals = 'SIGTERM'): void => {
      if (child.pid === undefined) return;
      const inner = childrenOf(child.pid);
      for (const pid of inner.length === 0 ? [child.pid] : inner) signalQuietly(pid, signal);
    };
    return { child, kill, ended: endOf(child) };
  }

  /** Writes a file on the host, as root, making the directories above it. */
  async writeFile(path: string, content: string): Promise<void> {
    const script = 'mkdir -p "$(dirname "$0")" && cat > "$0"';
    await this.execOrThrow(['/bin/sh', '-c', script, path], { input: content });
  }

  async readFile(path: string): Promise<string> {
    return this.execOrThrow(['cat', path]);
  }

  /** Has the supervisor start a unit. Resolves when its main process has been started. */
  async startUnit(unit: Unit): Promise<void> {
    await this.#ask({ kind: 'start', unit });
  }

  /** Ends a unit as systemd would. Resolves when nothing of it is left. */
  async stopUnit(name: string): Promise<void> {
    await this.#ask({ kind: 'stop', name });
  }

  async units(): Promise<readonly UnitStatus[]> {
    return this.#ask({ kind: 'status' });
  }

  async unit(name: string): Promise<UnitStatus | undefined> {
    return (await this.units()).find((unit) => unit.name === name);
  }

  /** Sets the units that start at every power-on from the next one on. */
  enableUnits(units: readonly Unit[]): void {
    writeFileSync(join(this.#control(), 'enabled.json'), JSON.stringify(units));
  }

  /** Sends a signal to the main process of a unit. Throws LabError if it does not run. */
  async signalUnit(name: string, signal: NodeJS.Signals): Promise<void> {
    const mainPid = (await this.unit(name))?.mainPid;
    if (mainPid === undefined) throw new LabError(`${this.name}: unit ${name} does not run`);
    await this.execOrThrow(['kill', `-${signal.slice(3)}`, String(mainPid)]);
  }

  /** Boots the host. Resolves when its addresses are there and its supervisor answers. */
  async powerOn(): Promise<void> {
    if (this.pid !== undefined) throw new LabError(`${this.name} is on already`);
    this.#prepareDisk();
    const part = this.#startInit();
    try {
      const pid = Number((await part.nextLine()).replace('init ', ''));
      // A host that ended by itself leaves its cables for a moment.
      await this.#wiring.disconnect(this.name);
      this.#initPid = pid;
      await Promise.all([part.nextLine(), this.#wiring.connect(this.name, pid)]);
    } finally {
      part.release();
    }
  }

  /** Resolves when the host is off, as after a reset of its own (a write of `b` to /proc/sysrq-trigger, or reboot). */
  async waitUntilOff(timeoutMs: number = endTimeoutMs): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (this.pid !== undefined) {
      if (performance.now() > until) throw new LabError(`${this.name} is still on`);
      await pause(5);
    }
  }

  /** Takes the power away: the cables first, so that not one packet tells of the death; then SIGKILL of all. */
  async powerOff(): Promise<void> {
    const { pid } = this;
    if (pid === undefined) throw new LabError(`${this.name} is off already`);
    await this.#wiring.silence(this.name);
    signalQuietly(pid, 'SIGKILL');
    const cgroup = this.#cgroup();
    if (cgroup !== undefined) killCgroup(cgroup);
    const until = performance.now() + endTimeoutMs;
    while (isAlive(pid) || (cgroup !== undefined && !cgroupIsEmpty(cgroup))) {
      if (performance.now() > until) throw new LabError(`${this.name} does not end`);
      await pause(1);
    }
    this.#initPid = undefined;
    if (cgroup !== undefined) removeCgroup(cgroup);
    await this.#wiring.disconnect(this.name);
  }

  /** Stops all processes of the host with SIGSTOP, at one instant. Its kernel lives on: addresses stay, ARP answers. */
  async freeze(): Promise<void> {
    const pid = this.#pidOrThrow();
    await this.#signalAll(pid, 'STOP');
    signalQuietly(pid, 'SIGSTOP');
    while (this.state === 'on') await pause(1); // A sleeper is woken to be stopped.
  }

  /** Lets a frozen host go on where it stood. */
  async thaw(): Promise<void> {
    const { pid, state } = this;
    if (pid === undefined || state !== 'frozen') throw new LabError(`${this.name} is not frozen`);
    signalQuietly(pid, 'SIGCONT');
    await this.#signalAll(pid, 'CONT');
    // What waits on the machine for a command of `exec` has stopped in sympathy.
    for (const process of labProcesses(this.#context.directory)) {
      if (process.part === `exec:${this.name}`) signalQuietly(process.pid, 'SIGCONT');
    }
  }

  /** To every process of the host but its first. In the kernel this is one step, so none can fork away. */
  async #signalAll(pid: number, signal: 'STOP' | 'CONT'): Promise<void> {
    const kill = ['/bin/sh', '-c', `kill -${signal} -1 2>/dev/null || true`];
    await runOrThrow(entering(this.#context, pid, ['pid'], kill));
  }

  #part(): string {
    return `host:${this.name}`;
  }

  #control(): string {
    return join(this.#directory, 'control');
  }

  #cgroup(): string | undefined {
    const { cgroup } = this.#context;
    return cgroup === undefined ? undefined : join(cgroup, this.name);
  }

  #pidOrThrow(): number {
    const { pid, state } = this;
    if (pid === undefined) throw new LabError(`${this.name} is off`);
    if (state === 'frozen') throw new LabError(`${this.name} is frozen`);
    return pid;
  }

  #prepareDisk(): void {
    for (const part of diskDirectories) {
      mkdirSync(join(this.#directory, part), { recursive: true, mode: 0o755 });
    }
    chmodSync(this.#directory, 0o755); // Resources of other users reach their files through it.
    writeFileSync(join(this.#directory, 'etc/hosts'), hostsFile(this.#plan));
    writeFileSync(join(this.#directory, 'etc/hostname'), `${this.name}\n`);
  }

  #startInit(): StartedPart {
    const cgroup = this.#cgroup();
    if (cgroup !== undefined) ensureCgroup(cgroup);
    return startPart(this.#context, this.#part(), {
      kinds: ['net', 'mount', 'pid', 'uts', 'ipc', ...(cgroup ? (['cgroup'] as const) : [])],
      argv: ['/bin/sh', labFile('init.sh')],
      console: join(this.#directory, 'console.log'),
      cgroup,
      holder: this.#holder(),
      env: {
        LAB_HOST: this.name,
        LAB_STATE: this.#directory,
        LAB_KEEP: `${projectRoot}:${dirname(nodePath)}`,
        LAB_NODE: nodePath,
        LAB_SUPERVISOR: labFile('supervisor.ts'),
        LAB_OVERLAY: this.#context.privileged ? '' : ',userxattr',
        LAB_CGROUP: cgroup ?? '',
        LAB_PATH: hostPath(),
        LAB_CONFINE: confine.join(' '),
      },
    });
  }

  #entering(
    argv: readonly string[],
    env: NodeJS.ProcessEnv,
  ): { readonly argv: string[]; readonly env: NodeJS.ProcessEnv } {
    const pid = this.#pidOrThrow();
    const cgroup = this.#cgroup();
    const inner: NodeJS.ProcessEnv = {
      PATH: hostPath(),
      HOME: '/root',
      LANG: 'C.UTF-8',
      TERM: process.env.TERM ?? 'dumb',
      ...(cgroup === undefined ? {} : { HOLDFAST_CGROUP_ROOT: productCgroup }),
      ...env,
    };
    const assignments = Object.entries(inner).map(([key, value]) => `${key}=${value ?? ''}`);
    const kinds = ['net', 'mount', 'pid', 'uts', 'ipc'] as const;
    const all = cgroup === undefined ? kinds : ([...kinds, 'cgroup'] as const);
    const command = [...confine, 'env', '-i', '-C', '/', ...assignments, ...argv];
    return {
      argv: inCgroup(
        cgroup === undefined ? undefined : join(cgroup, 'exec'),
        entering(this.#context, pid, all, command),
      ),
      env: { ...process.env, [markVariable]: mark(this.#context.directory, `exec:${this.name}`) },
    };
  }

  async #ask(request: SupervisorRequest): Promise<readonly UnitStatus[]> {
    this.#pidOrThrow();
    const socket = connect(join(this.#control(), 'control.sock'));
    try {
      socket.end(`${JSON.stringify(request)}\n`);
      const reply = JSON.parse(await text(socket)) as SupervisorReply;
      if (reply.kind === 'units') return reply.units;
      throw new LabError(`${this.name}: ${reply.reason}`);
    } catch (cause) {
      if (cause instanceof LabError) throw cause;
      throw new LabError(`${this.name}: no answer from the supervisor`, { cause });
    } finally {
      socket.destroy();
    }
  }
}

/** The search path inside hosts: the project's own programs first. */
function hostPath(): string {
  const bin = join(projectRoot, 'bin');
  const modules = join(projectRoot, 'node_modules/.bin');
  return `${bin}:${modules}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
}

async function endOf(child: ChildProcess): Promise<CommandResult> {
  const [stdout, stderr, end] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
    new Promise<{ exitCode: number | undefined; signal: NodeJS.Signals | undefined }>((resolve) => {
      child.once('error', () => resolve({ exitCode: undefined, signal: undefined }));
      child.once('close', (code, signal) =>
        resolve({ exitCode: code ?? undefined, signal: signal ?? undefined }),
      );
    }),
  ]);
  return { ...end, stdout, stderr, timedOut: false };
}
