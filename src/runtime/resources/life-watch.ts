import { type FSWatcher, readlinkSync, watch } from 'node:fs';
import type { InstanceId } from '../../model/ids.ts';
import type { Cell } from '../gate/gate.ts';
import {
  describeProcess,
  hasEnded,
  isAlive,
  type ProcessStat,
  processStat,
  readText,
} from '../gate/proc.ts';

/** What the end of a process means for the instance that it belonged to. */
export type LifeEvent =
  /** Nothing of it runs any more. */
  | { readonly kind: 'exited'; readonly instance: InstanceId; readonly detail: string }
  /**
   * Its main process ended, others remain. Certain if all came from that process and none of them
   * has taken its place: then the instance has failed, whatever a monitor may still say. Otherwise
   * a monitor tells.
   */
  | {
      readonly kind: 'main-exited';
      readonly instance: InstanceId;
      readonly certain: boolean;
      readonly detail: string;
    };

interface Watched {
  readonly cells: readonly Cell[];
  readonly main: ProcessStat;
  /** Whether all processes came from the main one. */
  readonly onlyRoot: boolean;
  readonly watchers: readonly FSWatcher[];
  readonly description: string;
}

const pollMs = 50;

/**
 * Tells within milliseconds when what runs in the cells of an instance ends: by the kernel's notice
 * that a control group is empty, and for a main process that leaves others behind (or without
 * control groups) by a look each 50 ms, which costs one system call.
 */
export class LifeWatch {
  readonly #on: (event: LifeEvent) => void;
  readonly #watched = new Map<InstanceId, Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(on: (event: LifeEvent) => void) {
    this.#on = on;
  }

  /**
   * Watches what runs in the cells at present, in place of what was watched before. The event comes
   * once.
   * @param mainPid the process that the instance stands and falls with, where it is known
   * @returns false where nothing runs
   */
  watch(instance: InstanceId, cells: readonly Cell[], mainPid?: number): boolean {
    this.unwatch(instance);
    const stats = cells
      .flatMap((cell) => cell.processes())
      .map(processStat)
      .filter((stat) => stat !== undefined)
      .filter((stat) => !hasEnded(stat));
    const roots = rootsOf(stats);
    const main = stats.find((stat) => stat.pid === mainPid) ?? roots[0];
    if (main === undefined) return false;
    const onlyRoot = main.pid === mainPid || roots.length === 1;
    const populated = cells.filter((cell) => cell.processes().length > 0);
    const watchers = populated.flatMap((cell) =>
      cell.eventsFile === undefined ? [] : this.#watchFile(instance, cell.eventsFile),
    );
    const description = describeProcess(main.pid);
    this.#watched.set(instance, {
      cells: populated,
      main,
      onlyRoot,
      watchers,
      description,
    });
    this.#timer ??= setInterval(() => this.#poll(), pollMs);
    this.#timer.unref();
    return true;
  }

  unwatch(instance: InstanceId): void {
    const watched = this.#watched.get(instance);
    for (const watcher of watched?.watchers ?? []) watcher.close();
    this.#watched.delete(instance);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  isWatched(instance: InstanceId): boolean {
    return this.#watched.has(instance);
  }

  close(): void {
    for (const instance of [...this.#watched.keys()]) this.unwatch(instance);
  }

  #watchFile(instance: InstanceId, file: string): FSWatcher[] {
    try {
      const watcher = watch(file, { persistent: false }, () => this.#look(instance));
      watcher.on('error', () => this.#look(instance)); // The control group is gone.
      return [watcher];
    } catch {
      return []; // Gone before it could be watched: the poll tells.
    }
  }

  #poll(): void {
    for (const instance of [...this.#watched.keys()]) {
      const main = this.#watched.get(instance)?.main;
      if (main !== undefined && !hasProgram(main.pid)) this.#look(instance);
    }
  }

  #look(instance: InstanceId): void {
    const watched = this.#watched.get(instance);
    if (watched === undefined) return;
    const { cells, main, onlyRoot, description } = watched;
    const living = cells
      .filter((cell) => !isKnownEmpty(cell))
      .flatMap((cell) => cell.processes())
      .map(processStat)
      .filter((stat) => stat !== undefined)
      .filter((stat) => !hasEnded(stat));
    if (living.length === 0) {
      this.unwatch(instance);
      this.#on({ kind: 'exited', instance, detail: `${description} ended` });
    } else if (!isAlive(main.pid, main.startTime)) {
      this.unwatch(instance);
      const others = living.slice(0, 3).map(({ pid }) => describeProcess(pid));
      const successor = living.some(({ pid }) => living.some(({ parent }) => parent === pid));
      const certain = onlyRoot && !successor;
      const detail = `${description} ended; left: ${others.join(', ')}`;
      this.#on({ kind: 'main-exited', instance, certain, detail });
    }
  }
}

function isKnownEmpty(cell: Cell): boolean {
  if (cell.eventsFile === undefined) return false;
  const events = readText(cell.eventsFile);
  return events === undefined || events.includes('populated 0');
}

/**
 * One system call: a process that has ended has no program any more, also while its parent has not
 * asked for its end yet (which `kill(pid, 0)` would not tell). A process id that was used anew is
 * found out by the next monitor.
 */
function hasProgram(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/exe`);
    return true;
  } catch {
    return false; // Or it may not be read: then the closer look decides.
  }
}

/** The processes whose parent is not among them, the oldest first. */
function rootsOf(stats: readonly ProcessStat[]): readonly ProcessStat[] {
  const ids = new Set(stats.map(({ pid }) => pid));
  return stats
    .filter(({ parent }) => !ids.has(parent))
    .toSorted((a, b) => a.startTime - b.startTime || a.pid - b.pid);
}
