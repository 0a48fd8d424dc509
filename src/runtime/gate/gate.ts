import type { InstanceId } from '../../model/ids.ts';

/** How an incarnation is put down: asked to end, or ended. */
export type PutDownSignal = 'term' | 'kill';

/**
 * The gate of an incarnation (rule R11): all that an operation can do, it does inside an object
 * that can be shut at once, so that a late step fails. The heart opens and shuts it; the agent
 * starts its operations in cells of it. Everything here is synchronous, short, and touches no disk,
 * so that the heart may call it.
 */
export interface Gate {
  readonly kind: 'control-groups' | 'marked-processes';
  /** Makes the gate of an incarnation, or opens it again. */
  open(incarnation: number): void;
  /**
   * One pass of putting down: takes away the right to enter, then signals what is inside, and the
   * processes of further control groups (absolute directories, of systemd units). Call again until
   * nothing is left.
   * @returns what is still there, in words, one text per process
   */
  putDown(
    incarnation: number,
    signal: PutDownSignal,
    controlGroups: readonly string[],
  ): readonly string[];
  /**
   * What of an incarnation is still there. Nothing, once it was put down, means that it can never
   * act again.
   */
  left(incarnation: number, controlGroups: readonly string[]): readonly string[];
  /** Incarnations that have a gate, open or not: what an earlier run of the heart left behind. */
  incarnations(): readonly number[];
  /**
   * A new place for one operation, inside the gate of an incarnation, or outside of all gates
   * (`undefined`) for resources that may run on many nodes. Undefined where the gate is shut.
   */
  makeCell(incarnation: number | undefined, instance: InstanceId, name: string): Cell | undefined;
  /** The cells of an instance that are still there, also those of an earlier run of the agent. */
  cellsOf(instance: InstanceId): readonly Cell[];
  /** Everything that has cells. */
  instances(): readonly InstanceId[];
  /**
   * A path that exists exactly while the gate is open: a condition for what others start (systemd).
   */
  pathWhileOpen(incarnation: number): string | undefined;
}

/**
 * Where the processes of one operation live: the operation's own, and the service that it leaves
 * running.
 */
export interface Cell {
  /** Name of the operation that made it. */
  readonly name: string;
  readonly instance: InstanceId;
  /** The gate that it lies in; undefined outside of all gates. */
  readonly incarnation: number | undefined;
  /** A file name of its own, for what belongs to the cell. */
  readonly fileName: string;
  /**
   * The command that enters the cell and then becomes `argv`, or ends with `gateShutCode` where the
   * gate is shut.
   */
  enter(argv: readonly string[]): readonly [string, ...string[]];
  /** The processes inside, by id. */
  processes(): readonly number[];
  /** Ends all processes inside, again and again if need be. */
  kill(): void;
  /** Removes the cell if nothing is inside. */
  remove(): boolean;
  /**
   * A file whose content changes when the last process ends; undefined where there is no such
   * thing.
   */
  readonly eventsFile: string | undefined;
}

/** Exit code of a command that was not let in. */
export const gateShutCode = 97;
/** What it prints then, for an agent might use the same code. */
export const gateShutText = 'holdfast: the gate is shut';

/** The directory name of an incarnation's gate. */
export function gateName(incarnation: number): string {
  return `e${incarnation}`;
}

/** The incarnation of a gate's directory name. */
export function incarnationOf(name: string): number | undefined {
  const digits = /^e(\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
