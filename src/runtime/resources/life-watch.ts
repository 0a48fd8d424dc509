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
  /** Its main process ended, others remain: a monitor tells what that means. */
  | { readonly kind: 'main-exited'; readonly instance: InstanceId; readonly detail: string };

interface Watched {
  readonly cells: readonly Cell[];
  readonly main: ProcessStat | undefined;
  readonly watchers: readonly FSWatcher[];
  readonly description: string;
}

const pollMs = 50;

/**
 * Tells within milliseconds when what runs in the cells of an instance ends: by the kernel's notice that a control group
 * is empty, and for a main process that leaves others behind (or without control groups) by a look each 50 ms, which costs
 * one system call.
 */
export class LifeWatch {
  readonly #on: (event: LifeEvent) => void;
  readonly #watched = new Map<InstanceId, Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(on: (event: LifeEvent) => void) {
    this.#on = on;
  }

  /**
   * Watches what runs in the cells at present, in place of what was watched before. The event comes once.
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
    const main = stats.find((stat) => stat.pid === mainPid) ?? oldestRoot(stats);
    if (main === undefined) return false;
    const populated = cells.filter((cell) => cell.processes().length > 0);
    const watchers = populated.flatMap((cell) =>
      cell.eventsFile === undefined ? [] : this.#watchFile(instance, cell.eventsFile),
    );
    const description = describeProcess(main.pid);
    this.#watched.set(instance, { cells: populated, main, watchers, description });
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
    const { cells, main, description } = watched;
    const living = cells
      .filter((cell) => !isKnownEmpty(cell))
      .flatMap((cell) => cell.processes())
      .filter((pid) => processStat(pid)?.state !== 'Z');
    if (living.length === 0) {
      this.unwatch(instance);
      this.#on({ kind: 'exited', instance, detail: `${description} ended` });
    } else if (main !== undefined && !isAlive(main.pid, main.startTime)) {
      this.unwatch(instance);
      const others = living.slice(0, 3).map(describeProcess).join(', ');
      this.#on({ kind: 'main-exited', instance, detail: `${description} ended; left: ${others}` });
    }
  }
}

function isKnownEmpty(cell: Cell): boolean {
  if (cell.eventsFile === undefined) return false;
  const events = readText(cell.eventsFile);
  return events === undefined || events.includes('populated 0');
}

/**
 * One system call: a process that has ended has no program any more, also while its parent has not asked for its end yet
 * (which `kill(pid, 0)` would not tell). A process id that was used anew is found out by the next monitor.
 */
function hasProgram(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/exe`);
    return true;
  } catch {
    return false; // Or it may not be read: then the closer look decides.
  }
}

/** The oldest process whose parent is not among them: the one that the others came from. */
function oldestRoot(stats: readonly ProcessStat[]): ProcessStat | undefined {
  const ids = new Set(stats.map(({ pid }) => pid));
  return stats
    .filter(({ parent }) => !ids.has(parent))
    .toSorted((a, b) => a.startTime - b.startTime || a.pid - b.pid)[0];
}
