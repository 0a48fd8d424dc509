import { readdirSync, readFileSync } from 'node:fs';

/** What `/proc/PID/stat` says of a process (proc(5)). */
export interface ProcessStat {
  readonly pid: number;
  readonly name: string;
  /** `Z` and `X` are processes that have ended. */
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  /** In clock ticks since boot: with the pid it names one process for ever. */
  readonly startTime: number;
}

/** The text of a small kernel file, or undefined where it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined; // The process or the control group has just gone.
  }
}

export function processStat(pid: number): ProcessStat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const nameEnd = text.lastIndexOf(')'); // The name may hold blanks and brackets.
  const fields = text.slice(nameEnd + 2).split(' ');
  return {
    pid,
    name: text.slice(text.indexOf('(') + 1, nameEnd),
    state: fields[0] ?? 'X',
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTime: Number(fields[19]),
  };
}

/** Whether the process with this id and start time still runs. */
export function isAlive(pid: number, startTime: number): boolean {
  const stat = processStat(pid);
  return stat !== undefined && stat.startTime === startTime && !hasEnded(stat);
}

export function hasEnded(stat: ProcessStat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}

/** Signals a process; one that has gone is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  if (pid <= 1) return; // 0 stands for a process of another namespace.
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or belongs to somebody else: then it shows as left.
  }
}

/** All process ids of this namespace. */
export function allProcesses(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
}

/** A process in words: id and name. */
export function describeProcess(pid: number): string {
  const name = readText(`/proc/${pid}/comm`)?.trim();
  return name === undefined ? `process ${pid}` : `process ${pid} (${name})`;
}
