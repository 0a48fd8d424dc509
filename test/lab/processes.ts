import { readdirSync, readFileSync } from 'node:fs';

/**
 * Each process that a lab starts on the machine carries this variable: the lab's directory, `#`, its part.
 * So a lab is found again, and ended, from nothing but the process table, however its creator died.
 */
export const markVariable = 'HOLDFAST_LAB_PART';

/** One process of a lab as the machine sees it. */
export interface LabProcess {
  readonly pid: number;
  readonly directory: string;
  /** `switch`, `client`, `watch`, `host:NAME`, `exec:NAME`, `observer`, `burner`. */
  readonly part: string;
  /** True for the first process of a host's own process namespace: killing it ends the host. */
  readonly isInit: boolean;
}

export function mark(directory: string, part: string): string {
  return `${directory}#${part}`;
}

/** All processes of all labs of this user, or of one lab. */
export function labProcesses(directory?: string): LabProcess[] {
  const found: LabProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const process = labProcess(pid);
    if (process !== undefined && (directory === undefined || process.directory === directory)) {
      found.push(process);
    }
  }
  return found;
}

/** The process with this id, if it (still) belongs to a lab. A process that has ended belongs to none. */
export function labProcess(pid: number): LabProcess | undefined {
  const value = environmentOf(pid)
    .split('\0')
    .find((entry) => entry.startsWith(`${markVariable}=`))
    ?.slice(markVariable.length + 1);
  if (value === undefined) return undefined;
  const cut = value.lastIndexOf('#');
  const namespaced = /^NSpid:\s+\d+\s(?:\d+\s)*1$/m.test(readOr(`/proc/${pid}/status`));
  return { pid, directory: value.slice(0, cut), part: value.slice(cut + 1), isInit: namespaced };
}

/** The ids of the children of a process, in the order in which they were started. */
export function childrenOf(pid: number): number[] {
  return readOr(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** Sends a signal; a process that is gone already is no error. */
export function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Whether a process exists and has not merely been left unreaped. */
export function isAlive(pid: number): boolean {
  const state = /^State:\s+(\w)/m.exec(readOr(`/proc/${pid}/status`))?.[1];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Identifies a process over the reuse of its id: the id and the tick in which it was started. */
export function processIdentity(pid: number): string | undefined {
  const stat = readOr(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' ? undefined : `${pid}@${fields[19]}`;
}

function environmentOf(pid: number): string {
  return readOr(`/proc/${pid}/environ`);
}

/** The text of a file of /proc; empty where the process is gone or is another user's. */
function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
