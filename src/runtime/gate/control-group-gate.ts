import { basename, join } from 'node:path';
import { assert } from '../../base/assert.ts';
import { type InstanceId, instanceId } from '../../model/ids.ts';
import {
  childGroups,
  isPopulated,
  killGroup,
  makeGroup,
  processesBelow,
  removeEmptyBelow,
  writeControl,
} from './control-group.ts';
import {
  type Cell,
  type Gate,
  gateName,
  gateShutCode,
  gateShutText,
  incarnationOf,
  type PutDownSignal,
} from './gate.ts';
import { describeProcess, readText, signalProcess } from './proc.ts';

const sharedName = 'shared';
/** An empty group that shutting removes before all else. */
const openName = '.open';

/**
 * Gates as control groups: `ROOT/eINCARNATION/INSTANCE/CELL`, and `ROOT/shared/INSTANCE/CELL` for
 * what is in no gate.
 *
 * Why nothing gets in late: the agent makes a new cell for each operation, and only that
 * operation's launcher ever enters it, by itself, before it becomes the agent's program. Shutting
 * writes `cgroup.max.descendants` = 0, so no cell can be made any more; then every empty cell is
 * removed, so a launcher that has not entered yet fails; a cell that cannot be removed is one whose
 * launcher is inside. From then on processes only come by fork, and `cgroup.kill` is atomic against
 * fork. The gate counts as down only when its own directory could be removed.
 */
export class ControlGroupGate implements Gate {
  readonly kind = 'control-groups';
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    assert(makeGroup(join(root, sharedName)), `no control groups can be made in ${root}`);
  }

  open(incarnation: number): void {
    const directory = this.#directory(incarnation);
    const made = makeGroup(directory) && writeControl(directory, 'cgroup.max.descendants', 'max');
    assert(made && makeGroup(join(directory, openName)), `the gate ${directory} cannot be opened`);
  }

  putDown(
    incarnation: number,
    signal: PutDownSignal,
    controlGroups: readonly string[],
  ): readonly string[] {
    const directory = this.#directory(incarnation);
    writeControl(directory, 'cgroup.max.descendants', '0');
    removeEmptyBelow(directory);
    if (signal === 'kill') {
      killGroup(directory);
      for (const group of controlGroups) {
        // What systemd still puts into it after this moment stands still until the next pass kills
        // it.
        writeControl(group, 'cgroup.freeze', '1');
        killGroup(group);
      }
    } else {
      for (const group of [directory, ...controlGroups]) {
        for (const pid of processesBelow(group)) signalProcess(pid, 'SIGTERM');
      }
    }
    return this.left(incarnation, controlGroups);
  }

  left(incarnation: number, controlGroups: readonly string[]): readonly string[] {
    const directory = this.#directory(incarnation);
    const inside = processesBelow(directory).map(describeProcess);
    const outside = controlGroups.flatMap(processesBelow).map(describeProcess);
    if (inside.length === 0 && this.#isShut(directory) && !removeEmptyBelow(directory)) {
      // A process is just ending.
      return [`control group ${directory} is not empty yet`, ...outside];
    }
    return [...inside, ...outside];
  }

  incarnations(): readonly number[] {
    return childGroups(this.#root)
      .map((directory) => incarnationOf(basename(directory)))
      .filter((incarnation) => incarnation !== undefined);
  }

  makeCell(incarnation: number | undefined, instance: InstanceId, name: string): Cell | undefined {
    const above = join(this.#directory(incarnation), instance);
    const directory = join(above, name);
    if (!makeGroup(above) || !makeGroup(directory)) return undefined;
    return new ControlGroupCell(directory, incarnation, instance);
  }

  cellsOf(instance: InstanceId): readonly Cell[] {
    const places: (number | undefined)[] = [undefined, ...this.incarnations()];
    return places.flatMap((incarnation) =>
      childGroups(join(this.#directory(incarnation), instance)).map(
        (directory) => new ControlGroupCell(directory, incarnation, instance),
      ),
    );
  }

  instances(): readonly InstanceId[] {
    const gates = [join(this.#root, sharedName), ...this.incarnations().map(this.#directory)];
    const names = gates.flatMap(childGroups).map((directory) => basename(directory));
    return [...new Set(names)].filter((name) => name !== openName).map(instanceId);
  }

  pathWhileOpen(incarnation: number): string {
    return join(this.#directory(incarnation), openName);
  }

  #isShut(directory: string): boolean {
    const most = readText(join(directory, 'cgroup.max.descendants'));
    return most === undefined || most.trim() === '0';
  }

  readonly #directory = (incarnation: number | undefined): string =>
    join(this.#root, incarnation === undefined ? sharedName : gateName(incarnation));
}

class ControlGroupCell implements Cell {
  readonly name: string;
  readonly instance: InstanceId;
  readonly incarnation: number | undefined;
  readonly fileName: string;
  readonly eventsFile: string;
  readonly #directory: string;

  constructor(directory: string, incarnation: number | undefined, instance: InstanceId) {
    this.#directory = directory;
    this.incarnation = incarnation;
    this.instance = instance;
    this.name = basename(directory);
    this.fileName = cellFileName(incarnation, instance, this.name);
    this.eventsFile = join(directory, 'cgroup.events');
  }

  enter(argv: readonly string[]): readonly [string, ...string[]] {
    return ['/bin/sh', '-c', enterScript, join(this.#directory, 'cgroup.procs'), ...argv];
  }

  processes(): readonly number[] {
    return processesBelow(this.#directory);
  }

  kill(): void {
    killGroup(this.#directory);
  }

  remove(): boolean {
    return !isPopulated(this.#directory) && removeEmptyBelow(this.#directory);
  }
}

/** `$0` is the file that takes the process in. */
const enterScript = `echo 0 >"$0" || { echo '${gateShutText}' >&2; exit ${gateShutCode}; }
exec "$@"`;

export function cellFileName(
  incarnation: number | undefined,
  instance: InstanceId,
  name: string,
): string {
  return `${incarnation === undefined ? sharedName : gateName(incarnation)},${instance},${name}`;
}
