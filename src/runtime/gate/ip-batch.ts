import { type ChildProcess, spawn } from 'node:child_process';

/** What came of some commands: their output lines, and the kernel's words for those that failed. */
export interface IpAnswer {
  readonly lines: readonly string[];
  readonly errors: readonly string[];
}

interface Request {
  readonly firstLine: number;
  readonly markerLine: number;
  readonly errors: string[];
  readonly done: (answer: IpAnswer) => void;
}

/**
 * Marks the end of a request: `ip` knows no such object, and says so with the number of the line. A
 * command that works would not do, for `ip -batch` remembers options from one command to the next
 * (`link show` changes what `addr show` shows).
 */
const markerCommand = 'holdfast';

/**
 * One long-lived `ip -batch` process: a change of addresses or neighbours costs one write and no
 * fork. Output and errors come through one pipe, in order; failures name the line of the batch
 * (`Command failed -:LINE`).
 */
export class IpBatch {
  readonly #command: readonly string[];
  #session: IpSession | undefined;

  /** @param command what runs `ip`, for tests in a network namespace */
  constructor(command: readonly string[] = ['ip']) {
    this.#command = command;
  }

  /** Starts the process before it is needed, which saves the first command some milliseconds. */
  start(): void {
    this.#open();
  }

  /**
   * Runs commands of ip(8), in order, going on after a failure. `done` is called once, never before
   * this returns.
   */
  run(commands: readonly string[], done: (answer: IpAnswer) => void): void {
    this.#open().run(commands, done);
  }

  /** Runs commands whose answers nobody waits for. */
  post(commands: readonly string[]): void {
    this.#open().write(commands);
  }

  /**
   * Ends the process after what was asked; the next command starts another. That one knows the
   * devices of then: `ip` remembers their numbers, which change when a device is made anew.
   */
  close(): void {
    this.#session?.end();
    this.#session = undefined;
  }

  #open(): IpSession {
    if (this.#session === undefined || this.#session.ended) {
      this.#session = new IpSession(this.#command);
    }
    return this.#session;
  }
}

class IpSession {
  readonly #child: ChildProcess;
  readonly #requests: Request[] = [];
  #line = 0;
  #partial = '';
  #unclaimed: string[] = [];
  ended = false;

  constructor(command: readonly string[]) {
    const script = 'exec "$@" -o -force -batch - 2>&1';
    this.#child = spawn('/bin/sh', ['-c', script, 'sh', ...command], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child.stdin?.on('error', () => {}); // It ended: 'close' follows.
    this.#child.stdout?.setEncoding('latin1');
    this.#child.stdout?.on('data', (text: string) => this.#read(text));
    this.#child.on('error', (error) => this.#fail(error.message));
    this.#child.on('exit', () => {
      this.ended = true;
    });
    this.#child.on('close', () => this.#fail('ip ended'));
  }

  run(commands: readonly string[], done: (answer: IpAnswer) => void): void {
    const firstLine = this.#line + 1;
    const markerLine = firstLine + commands.length;
    this.#requests.push({ firstLine, markerLine, errors: [], done });
    this.write([...commands, markerCommand]);
  }

  write(commands: readonly string[]): void {
    this.#line += commands.length;
    this.#child.stdin?.write(`${commands.join('\n')}\n`);
  }

  end(): void {
    this.#child.stdin?.end();
  }

  /** The process ended: `ip` gives up at a word that it cannot read at all. */
  #fail(message: string): void {
    this.ended = true;
    const last = this.#unclaimed.at(-1) ?? message;
    for (const request of this.#requests.splice(0)) request.done({ lines: [], errors: [last] });
  }

  #read(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#readLine(line);
  }

  #readLine(line: string): void {
    const failed = /^Command failed -:(\d+)/.exec(line)?.[1];
    if (failed === undefined) {
      this.#unclaimed.push(line);
      return;
    }
    // What came before is output of earlier commands.
    const words = this.#unclaimed.pop() ?? 'failed';
    const request = this.#requests[0];
    const at = Number(failed);
    if (request === undefined || at < request.firstLine) return; // Nobody waits for it.
    if (at < request.markerLine) {
      request.errors.push(words);
      return;
    }
    this.#requests.shift();
    const lines = this.#unclaimed;
    this.#unclaimed = [];
    request.done({ lines, errors: request.errors });
  }
}
