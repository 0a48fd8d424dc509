import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { productCgroup, type Unit, type UnitStatus, unitLogDirectory } from './unit.ts';

const unitCgroups = '/sys/fs/cgroup/units';
const hasCgroups = (process.env.LAB_CGROUP ?? '') !== '';

/** One unit and its main process: started, watched, ended with its remains, restarted. */
export class SupervisedUnit {
  readonly #unit: Unit;
  #state: UnitStatus['state'] = 'stopped';
  #child: ChildProcess | undefined; // Set while the main process runs.
  #restarts = 0;
  #lastEnd: string | undefined;
  #wanted = false; // Whether it shall run: false from the moment in which a stop was asked for.
  #restartTimer: NodeJS.Timeout | undefined; // Set exactly in state `restarting`.
  #onStopped: (() => void)[] = [];

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  status(): UnitStatus {
    return {
      name: this.#unit.name,
      state: this.#state,
      mainPid: this.#child?.pid,
      restarts: this.#restarts,
      lastEnd: this.#lastEnd,
    };
  }

  start(): void {
    this.#wanted = true;
    this.#state = 'running';
    const child = this.#spawn(this.#unit.argv, true);
    this.#child = child;
    child.once('error', (error) => void this.#ended(error.message));
    child.once('exit', (code, signal) => void this.#ended(signal ?? String(code)));
  }

  /** Ends the unit as systemd does: SIGTERM to its processes, SIGKILL after the time-out, then stopPost. */
  async stop(): Promise<void> {
    this.#wanted = false;
    if (this.#restartTimer !== undefined) {
      clearTimeout(this.#restartTimer);
      this.#restartTimer = undefined;
      this.#state = 'stopped';
    }
    if (this.#state === 'stopped') return;
    const stopped = new Promise<void>((resolve) => this.#onStopped.push(resolve));
    if (this.#state === 'running') {
      this.#state = 'stopping';
      this.#signal('SIGTERM');
      const main = this.#child;
      setTimeout(() => {
        if (this.#child === main) this.#signal('SIGKILL');
      }, this.#unit.stopTimeoutMs ?? 5000).unref();
    }
    await stopped;
  }

  async #ended(how: string): Promise<void> {
    const main = this.#child;
    if (main === undefined) return; // Both `error` and `exit` came.
    this.#child = undefined;
    this.#lastEnd = how;
    this.#state = 'stopping';
    if ((this.#unit.killMode ?? 'control-group') === 'control-group') await this.#endRemains(main);
    if (this.#unit.stopPost !== undefined) await this.#runStopPost(this.#unit.stopPost, how);
    if (this.#wanted && this.#unit.restart === 'always') {
      this.#state = 'restarting';
      this.#restartTimer = setTimeout(() => {
        this.#restartTimer = undefined;
        this.#restarts += 1;
        this.start();
      }, this.#unit.restartDelayMs ?? 100);
      return;
    }
    this.#state = 'stopped';
    for (const resolve of this.#onStopped.splice(0)) resolve();
  }

  async #endRemains(main: ChildProcess): Promise<void> {
    const until = process.hrtime.bigint() + BigInt(this.#unit.stopTimeoutMs ?? 5000) * 1_000_000n;
    let signal: NodeJS.Signals = 'SIGTERM';
    while (this.#remains(main)) {
      this.#signal(signal, main);
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (process.hrtime.bigint() > until) signal = 'SIGKILL';
    }
  }

  #remains(main: ChildProcess): boolean {
    if (hasCgroups) return this.#cgroupPids().length > 0;
    try {
      process.kill(-(main.pid ?? 0), 0);
      return main.pid !== undefined;
    } catch {
      return false;
    }
  }

  /** To all of the unit's processes, or with kill mode `process` to the main process only. */
  #signal(signal: NodeJS.Signals, main: ChildProcess | undefined = this.#child): void {
    const group = this.#unit.killMode !== 'process';
    const mainPid = main?.pid ?? 0;
    const targets = !group ? [mainPid] : hasCgroups ? this.#cgroupPids() : [-mainPid];
    for (const pid of targets) {
      if (pid === 0) continue;
      try {
        process.kill(pid, signal);
      } catch {} // It ended meanwhile.
    }
  }

  #cgroup(): string {
    return join(unitCgroups, this.#unit.name);
  }

  #cgroupPids(): number[] {
    return readFileSync(join(this.#cgroup(), 'cgroup.procs'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(Number);
  }

  async #runStopPost(argv: readonly string[], how: string): Promise<void> {
    const child = this.#spawn(argv, false, { SERVICE_RESULT: how });
    await new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
  }

  #spawn(
    argv: readonly string[],
    isMain: boolean,
    more: Record<string, string> = {},
  ): ChildProcess {
    mkdirSync(unitLogDirectory, { recursive: true });
    const log = openSync(join(unitLogDirectory, `${this.#unit.name}.log`), 'a');
    let command = [...argv];
    if (hasCgroups) {
      mkdirSync(this.#cgroup(), { recursive: true });
      const script = 'echo 0 > "$0/cgroup.procs" && exec "$@"';
      command = ['/bin/sh', '-c', script, this.#cgroup(), ...argv];
    }
    if (!isMain) writeFileSync(log, `stop-post: ${argv.join(' ')}\n`);
    const [file = '', ...args] = command;
    const { LAB_CGROUP: _, ...inherited } = process.env;
    const cgroup = hasCgroups ? { HOLDFAST_CGROUP_ROOT: productCgroup } : {};
    const child = spawn(file, args, {
      cwd: '/',
      detached: true, // A session of its own.
      stdio: ['ignore', log, log],
      env: { ...inherited, ...cgroup, ...this.#unit.env, ...more },
    });
    closeSync(log);
    return child;
  }
}
