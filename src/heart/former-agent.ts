import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, processStat } from '../runtime/gate/proc.ts';

interface Remembered {
  readonly pid: number;
  readonly startTime: number;
}

/**
 * The agent that a heart before this one started, on the same boot. It ends by itself when its heart is gone, unless it
 * was stopped: then it would hold the log and the socket, and wake up beside its successor.
 */
export class FormerAgent {
  readonly #path: string;

  constructor(runDirectory: string) {
    this.#path = join(runDirectory, 'agent.json');
  }

  /** Called for each agent that is started. */
  remember(pid: number | undefined): void {
    const stat = pid === undefined ? undefined : processStat(pid);
    if (stat === undefined) return;
    const { startTime } = stat;
    writeFileSync(this.#path, JSON.stringify({ pid: stat.pid, startTime }), { mode: 0o600 });
  }

  /** Kills it if it is still there. Tells whether it was. */
  end(): boolean {
    const former = this.#read();
    if (former === undefined || !isAlive(former.pid, former.startTime)) return false;
    try {
      process.kill(former.pid, 'SIGKILL');
      return true;
    } catch {
      return false; // It ended meanwhile.
    }
  }

  #read(): Remembered | undefined {
    try {
      const { pid, startTime } = JSON.parse(readFileSync(this.#path, 'utf8')) as Remembered;
      return Number.isInteger(pid) && pid > 1 ? { pid, startTime } : undefined;
    } catch {
      return undefined; // None was started on this boot.
    }
  }
}
