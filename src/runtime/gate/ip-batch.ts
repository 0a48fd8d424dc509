import { type ChildProcess, spawn } from 'node:child_process';

/** What came of some commands: their output lines, and the kernel's words for those that failed. */
export interface IpAnswer {
  readonly lines: readonly string[];
  readonly errors: readonly string[];
}

interface Request {
  readonly firstLine: number;
  readonly lines: string[];
  readonly errors: string[];
  readonly done: (answer: IpAnswer) => void;
}

/** A command whose one line of output marks the end of those before it: the loopback device is always there. */
const markerCommand = 'link show dev lo';
const markerPattern = /^1: lo:/;

/**
 * One long-lived `ip -batch` process: a change of addresses or neighbours costs one write and no fork. Output and errors
 * come through one pipe, in order; failures name the line of the batch (`Command failed -:LINE`).
 */
export class IpBatch {
  readonly #command: readonly string[];
  #child: ChildProcess | undefined;
  #line = 0;
  #partial = '';
  #unclaimed: string[] = [];
  #requests: Request[] = [];

  /** @param command what runs `ip`, for tests in a network namespace */
  constructor(command: readonly string[] = ['ip']) {
    this.#command = command;
  }

  /** Runs commands of ip(8), in order, going on after a failure. `done` is called once, never before this returns. */
  run(commands: readonly string[], done: (answer: IpAnswer) => void): void {
    const child = this.#child ?? this.#start();
    this.#requests.push({ firstLine: this.#line + 1, lines: [], errors: [], done });
    this.#write(child, [...commands, markerCommand]);
  }

  /** Runs commands whose answers nobody waits for. */
  post(commands: readonly string[]): void {
    this.#write(this.#child ?? this.#start(), commands);
  }

  close(): void {
    this.#child?.stdin?.end();
    this.#child = undefined;
  }

  #start(): ChildProcess {
    const script = 'exec "$@" -o -force -batch - 2>&1';
    const child = spawn('/bin/sh', ['-c', script, 'sh', ...this.#command], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child = child;
    this.#line = 0;
    this.#partial = '';
    this.#unclaimed = [];
    child.stdin?.on('error', () => {}); // It ended: 'close' follows.
    child.stdout?.setEncoding('latin1');
    child.stdout?.on('data', (text: string) => {
      if (this.#child === child) this.#read(text);
    });
    child.on('error', (error) => this.#ended(child, error.message));
    child.on('close', () => this.#ended(child, 'ip ended'));
    return child;
  }

  #write(child: ChildProcess, commands: readonly string[]): void {
    this.#line += commands.length;
    child.stdin?.write(`${commands.join('\n')}\n`);
  }

  #ended(child: ChildProcess, message: string): void {
    if (this.#child === child) this.#child = undefined;
    else if (this.#child !== undefined) return;
    const last = this.#unclaimed.at(-1) ?? message;
    const requests = this.#requests;
    this.#requests = [];
    for (const request of requests) request.done({ lines: request.lines, errors: [last] });
  }

  #read(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#readLine(line);
  }

  #readLine(line: string): void {
    const failed = /^Command failed -:(\d+)/.exec(line)?.[1];
    const request = this.#requests[0];
    if (failed !== undefined) {
      const words = this.#unclaimed.pop() ?? 'failed'; // What came before is output of earlier commands.
      if (request !== undefined && Number(failed) >= request.firstLine) request.errors.push(words);
    } else if (markerPattern.test(line)) {
      this.#requests.shift();
      request?.done({ lines: [...request.lines, ...this.#unclaimed], errors: request.errors });
      this.#unclaimed = [];
    } else {
      this.#unclaimed.push(line);
    }
  }
}
