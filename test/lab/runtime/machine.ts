import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory, until } from './support.ts';

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A machine of its own with systemd as its first process, on the files of this one: what it writes
 * goes to memory and is lost. Up in some seconds, without any image. Needs root and systemd-nspawn
 * (Debian: systemd-container).
 */
export class SystemdMachine {
  readonly #directory = temporaryDirectory();
  readonly #nspawn: ChildProcess;
  readonly root: string;

  constructor() {
    const { path: directory } = this.#directory;
    const memory = join(directory, 'memory');
    this.root = join(directory, 'root');
    for (const name of [memory, this.root]) mkdirSync(name);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', memory]);
    for (const name of ['upper', 'work']) mkdirSync(join(memory, name));
    const layers = `lowerdir=/,upperdir=${memory}/upper,workdir=${memory}/work`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, this.root]);
    writeFileSync(join(this.root, 'etc/machine-id'), '');
    this.#onlyWhatIsNeeded();
    // In a process group of its own, and ended by a keeper when this process ends in any way.
    this.#nspawn = spawn(
      '/bin/sh',
      [
        ...['-c', keeperScript, 'sh', this.root, memory],
        ...[
          'systemd-nspawn',
          '--quiet',
          `--directory=${this.root}`,
          '--boot',
          '--register=no',
          '--keep-unit',
        ],
        ...['--private-network', `--machine=holdfast-${process.pid}`, '--console=read-only'],
      ],
      { stdio: ['pipe', 'ignore', 'ignore'], detached: true },
    );
  }

  /** Waits until the bus answers. */
  async booted(): Promise<void> {
    await until(() => this.#leader() !== undefined, 10_000);
    await until(() => this.tryRun('busctl', 'status', 'org.freedesktop.systemd1'), 30_000);
  }

  /** The command that runs another inside the machine. */
  in(...command: readonly string[]): readonly [string, ...string[]] {
    const spaces = ['-m', '-u', '-i', '-n', '-p', '-C'];
    const target = ['-t', String(this.#leader()), ...spaces];
    return ['nsenter', ...target, '--', '/usr/bin/env', `PATH=${path}`, ...command];
  }

  run(...command: readonly string[]): string {
    const [file, ...argv] = this.in(...command);
    return execFileSync(file, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  tryRun(...command: readonly string[]): boolean {
    try {
      this.run(...command);
      return true;
    } catch {
      return false;
    }
  }

  async remove(): Promise<void> {
    this.#nspawn.stdin?.end();
    await until(() => this.#nspawn.exitCode !== null, 10_000);
    this.#directory.remove();
  }

  /** The machine's first process. */
  #leader(): number | undefined {
    const [nspawn] = childrenOf(this.#nspawn.pid);
    return childrenOf(nspawn)[0];
  }

  /** Services of the files' owner are not to be started here. */
  #onlyWhatIsNeeded(): void {
    const wants = join(this.root, 'etc/systemd/system/multi-user.target.wants');
    rmSync(wants, { recursive: true, force: true });
  }
}

/** Powers the machine off and unmounts its files once the standard input ends. */
const keeperScript = `
root="$1" memory="$2"; shift 2
# In control groups of its own, for systemd-nspawn makes further ones where it stands.
for base in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
  [ -e "$base/cgroup.procs" ] || continue
  mkdir "$base/holdfast-machine-$$" && echo $$ > "$base/holdfast-machine-$$/cgroup.procs"
done
"$@" < /dev/null & nspawn=$!
read -r _
for leader in $(cat /proc/$nspawn/task/$nspawn/children); do kill -KILL "$leader"; done
kill -KILL $nspawn; wait
until umount "$root"; do sleep 0.1; done
umount "$memory"
for base in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
  [ -e "$base/holdfast-machine-$$" ] || continue
  echo $$ > "$base/cgroup.procs"
  until find "$base/holdfast-machine-$$" -depth -type d -exec rmdir {} + 2>/dev/null; do
    [ -e "$base/holdfast-machine-$$" ] || break
    sleep 0.1
  done
done`;

function childrenOf(pid: number | undefined): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return text === '' ? [] : text.split(' ').map(Number);
}
