import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { searchPath } from './command.ts';
import { LabError } from './lab-error.ts';
import { mark, markVariable } from './processes.ts';

/** How parts of one lab are started and entered. */
export interface LabContext {
  /** The lab's state directory. */
  readonly directory: string;
  /** The lab's control group; undefined where there are none. */
  readonly cgroup: string | undefined;
  /** True for root. Else everything lives in one user namespace, which the switch holds. */
  readonly privileged: boolean;
}

/** A part that has been started: its process on the machine, and the lines that it says when it is ready. */
export interface StartedPart {
  readonly pid: number;
  /** The next line of its standard output. Rejects with LabError, in its own words, when it ends before. */
  nextLine(): Promise<string>;
  /** Stops listening; the part lives on without us. */
  release(): void;
}

export type NamespaceKind = 'user' | 'net' | 'mount' | 'pid' | 'uts' | 'ipc' | 'cgroup';

/** An argv that joins a control group first, so that all that it becomes and starts is in there. */
export function inCgroup(cgroup: string | undefined, argv: readonly string[]): string[] {
  if (cgroup === undefined) return [...argv];
  const script = 'echo 0 > "$0/cgroup.procs" && exec "$@"';
  return ['/bin/sh', '-c', script, cgroup, ...argv];
}

/** An argv that runs a command in namespaces of a process. */
export function entering(
  context: LabContext,
  pid: number,
  kinds: readonly NamespaceKind[],
  argv: readonly string[],
): string[] {
  const user = context.privileged ? [] : ['--user', '--preserve-credentials'];
  return ['nsenter', `--target=${pid}`, ...user, ...kinds.map((kind) => `--${kind}`), ...argv];
}

/**
 * Starts a part of the lab in new namespaces, on its own (it outlives this process). `holder` is the process
 * that has the lab's user namespace, for a lab without root. Complaints go to the file `console`.
 */
export function startPart(
  context: LabContext,
  part: string,
  options: {
    readonly kinds: readonly NamespaceKind[];
    readonly argv: readonly string[];
    readonly console: string;
    readonly cgroup: string | undefined;
    readonly holder?: number;
    readonly env?: Readonly<Record<string, string>>;
  },
): StartedPart {
  const flags = options.kinds.map((kind) => `--${kind}`);
  if (options.kinds.includes('pid')) flags.push('--fork', '--kill-child');
  // A mount of the machine that is given up must not live on because of us.
  if (options.kinds.includes('mount')) flags.push('--propagation', 'slave');
  if (options.kinds.includes('user')) flags.push('--map-root-user');
  let argv = ['unshare', ...flags, ...options.argv];
  if (options.holder !== undefined && !context.privileged) {
    argv = entering(context, options.holder, [], argv);
  }
  const [file = '', ...args] = inCgroup(options.cgroup, argv);
  const log = openSync(options.console, 'a', 0o600);
  const child = spawn(file, args, {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'pipe', log],
    env: {
      PATH: searchPath(),
      ...options.env,
      [markVariable]: mark(context.directory, part),
    },
  });
  closeSync(log);
  return startedPart(child, part, options.console);
}

function startedPart(child: ChildProcess, part: string, console: string): StartedPart {
  const { pid, stdout } = child;
  child.on('error', () => {}); // Seen below as a missing pid or as the end of the output.
  if (pid === undefined || stdout === null) throw new LabError(`cannot start ${part}`);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    pid,
    nextLine: async () => {
      const next = await lines.next();
      if (next.done !== true) return next.value;
      const words = readFileSync(console, 'utf8')
        .trim()
        .split(/\s*\n\s*/)
        .slice(-3)
        .join('; ');
      throw new LabError(`${part} did not come up: ${words || 'it said nothing'}`);
    },
    release: () => {
      stdout.destroy();
      child.unref();
    },
  };
}
