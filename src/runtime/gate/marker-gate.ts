import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type InstanceId, instanceId } from '../../model/ids.ts';
import {
  isPopulated,
  killGroup,
  makeGroup,
  processesBelow,
  writeControl,
} from './control-group.ts';
import { cellFileName } from './control-group-gate.ts';
import {
  type Cell,
  type Gate,
  gateName,
  gateShutCode,
  gateShutText,
  incarnationOf,
  type PutDownSignal,
} from './gate.ts';
import {
  allProcesses,
  describeProcess,
  hasEnded,
  processStat,
  readText,
  signalProcess,
} from './proc.ts';

/** Marks of one incarnation: those from `markOf(incarnation)` up to this many more. */
const marksPerIncarnation = 2 ** 22;

/**
 * Gates without control groups, for a plain user: directories, and a mark that processes inherit.
 *
 * The mark is the soft limit on file locks (RLIMIT_LOCKS), which Linux has not obeyed since 2.4: it
 * passes through fork, exec and setsid, daemons do not reset it, and anybody may read it in
 * `/proc/PID/limits`. A launcher first takes the mark, then looks whether its cell's directory is
 * there, and only then becomes the agent's program. Shutting renames the gate's directory away
 * before it looks for marked processes: so each launcher either sees the gate shut or is seen.
 *
 * Weaker than control groups: processes are killed one by one, so one that forks faster than
 * `/proc` can be read lives longer; a program that sets this very limit gets away; so does one that
 * runs as another user; and a look costs about 30 µs for each process of the host.
 */
export class MarkerGate implements Gate {
  readonly kind = 'marked-processes';
  readonly #root: string;

  /** @param root directory for the gates, in memory and cleared at boot (`/run`) */
  constructor(root: string) {
    this.#root = root;
    mkdirSync(join(root, 'shared'), { recursive: true, mode: 0o700 });
  }

  open(incarnation: number): void {
    mkdirSync(this.#directory(incarnation), { recursive: true, mode: 0o700 });
  }

  putDown(
    incarnation: number,
    signal: PutDownSignal,
    controlGroups: readonly string[],
  ): readonly string[] {
    this.#shut(incarnation);
    const name = signal === 'kill' ? 'SIGKILL' : 'SIGTERM';
    for (const pid of markedProcesses(incarnation)) signalProcess(pid, name);
    for (const group of controlGroups) {
      if (signal === 'kill') {
        writeControl(group, 'cgroup.freeze', '1');
        killGroup(group);
      } else {
        for (const pid of processesBelow(group)) signalProcess(pid, name);
      }
    }
    return this.left(incarnation, controlGroups);
  }

  left(incarnation: number, controlGroups: readonly string[]): readonly string[] {
    const outside = controlGroups.filter(isPopulated).flatMap(processesBelow);
    return [...markedProcesses(incarnation), ...outside].map(describeProcess);
  }

  incarnations(): readonly number[] {
    return list(this.#root)
      .map(incarnationOf)
      .filter((incarnation) => incarnation !== undefined);
  }

  makeCell(incarnation: number | undefined, instance: InstanceId, name: string): Cell | undefined {
    const above = join(this.#directory(incarnation), instance);
    const directory = join(above, name);
    if (!makeGroup(above) || !makeGroup(directory)) return undefined;
    return new MarkerCell(directory, incarnation, instance);
  }

  cellsOf(instance: InstanceId): readonly Cell[] {
    const places: (number | undefined)[] = [undefined, ...this.incarnations()];
    return places.flatMap((incarnation) => {
      const above = join(this.#directory(incarnation), instance);
      return list(above).map((name) => new MarkerCell(join(above, name), incarnation, instance));
    });
  }

  instances(): readonly InstanceId[] {
    const gates = [join(this.#root, 'shared'), ...this.incarnations().map(this.#directory)];
    return [...new Set(gates.flatMap(list))].map(instanceId);
  }

  pathWhileOpen(incarnation: number): string {
    return this.#directory(incarnation);
  }

  #shut(incarnation: number): void {
    const away = join(this.#root, `shut-${incarnation}`);
    rmSync(away, { recursive: true, force: true });
    try {
      renameSync(this.#directory(incarnation), away);
      rmSync(away, { recursive: true, force: true });
    } catch {
      // It was shut before.
    }
  }

  readonly #directory = (incarnation: number | undefined): string =>
    join(this.#root, incarnation === undefined ? 'shared' : gateName(incarnation));
}

class MarkerCell implements Cell {
  readonly name: string;
  readonly instance: InstanceId;
  readonly incarnation: number | undefined;
  readonly fileName: string;
  readonly eventsFile: string | undefined = undefined;
  readonly #directory: string;
  readonly #mark: number;

  constructor(directory: string, incarnation: number | undefined, instance: InstanceId) {
    this.#directory = directory;
    this.incarnation = incarnation;
    this.instance = instance;
    this.name = basename(directory);
    this.fileName = cellFileName(incarnation, instance, this.name);
    this.#mark = markOf(incarnation) + hash(`${instance}/${this.name}`);
  }

  enter(argv: readonly string[]): readonly [string, ...string[]] {
    return ['/bin/sh', '-c', enterScript, this.#directory, String(this.#mark), ...argv];
  }

  processes(): readonly number[] {
    return allProcesses().filter((pid) => lockLimit(pid) === this.#mark && isRunning(pid));
  }

  kill(): void {
    for (const pid of this.processes()) signalProcess(pid, 'SIGKILL');
  }

  remove(): boolean {
    if (this.processes().length > 0) return false;
    try {
      rmdirSync(this.#directory);
    } catch {
      // The gate was shut meanwhile, and its cells went with it.
    }
    return true;
  }
}

/** `$0` is the cell's directory, `$1` its mark. */
const enterScript = [
  `ulimit -S -w "$1" && [ -d "$0" ] || { echo '${gateShutText}' >&2; exit ${gateShutCode}; }`,
  'shift; exec "$@"',
].join('\n');

function markOf(incarnation: number | undefined): number {
  return ((incarnation ?? -1) + 2) * marksPerIncarnation;
}

function markedProcesses(incarnation: number): number[] {
  const first = markOf(incarnation);
  return allProcesses().filter((pid) => {
    const limit = lockLimit(pid);
    if (limit === undefined || limit < first || limit >= first + marksPerIncarnation) return false;
    return isRunning(pid);
  });
}

/** A process that has ended keeps its limits until somebody asks how it ended. */
function isRunning(pid: number): boolean {
  const stat = processStat(pid);
  return stat !== undefined && !hasEnded(stat);
}

function lockLimit(pid: number): number | undefined {
  const soft = /^Max file locks +(\d+)/m.exec(readText(`/proc/${pid}/limits`) ?? '')?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** FNV-1a, folded to the number of marks of one incarnation. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return (value >>> 0) % marksPerIncarnation;
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
