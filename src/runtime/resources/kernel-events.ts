import { type ChildProcess, spawn } from 'node:child_process';

/** A change of this host's addresses or devices, as the kernel tells it. */
export type KernelEvent =
  | { readonly kind: 'address-gone'; readonly device: string; readonly address: string }
  | { readonly kind: 'link-up'; readonly device: string }
  /** The following began anew and events may have been missed: look for yourself. */
  | { readonly kind: 'restarted' };

const restartMs = 100;
/** After its start: it hears everything by then. */
const settledMs = 100;

/** Follows `ip monitor`: one process for everything that is watched on this host. */
export class KernelEvents {
  readonly #on: (event: KernelEvent) => void;
  readonly #command: readonly string[];
  readonly #up = new Map<string, boolean>();
  #child: ChildProcess | undefined;
  #closed = false;

  /** @param command what runs `ip`, for tests in a network namespace */
  constructor(on: (event: KernelEvent) => void, command: readonly string[] = ['ip']) {
    this.#on = on;
    this.#command = command;
  }

  start(): void {
    if (this.#child !== undefined || this.#closed) return;
    const [file = 'ip', ...argv] = [...this.#command, '-o', 'monitor', 'address', 'link'];
    const child = spawn(file, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child = child;
    child.unref();
    let partial = '';
    child.stdout?.setEncoding('latin1');
    child.stdout?.on('data', (text: string) => {
      const lines = (partial + text).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) this.#read(line);
    });
    setTimeout(() => this.#on({ kind: 'restarted' }), settledMs).unref();
    child.once('error', () => this.#ended());
    child.once('close', () => this.#ended());
  }

  close(): void {
    this.#closed = true;
    this.#child?.kill();
  }

  #ended(): void {
    if (this.#child === undefined || this.#closed) return;
    this.#child = undefined;
    setTimeout(() => this.start(), restartMs).unref();
  }

  #read(line: string): void {
    const gone = /^Deleted \d+: (\S+)\s+inet6? ([^\s/]+)/.exec(line);
    if (gone?.[1] !== undefined && gone[2] !== undefined) {
      this.#on({ kind: 'address-gone', device: gone[1], address: gone[2] });
      return;
    }
    const [, device, flags] = /^\d+: ([^\s:@]+)(?:@[^\s:]+)?: <([^>]*)>/.exec(line) ?? [];
    if (device === undefined || flags === undefined) return;
    const up = flags.split(',').includes('LOWER_UP');
    if (up && this.#up.get(device) === false) this.#on({ kind: 'link-up', device });
    this.#up.set(device, up);
  }
}
