import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { journal } from '../runtime/journal.ts';
import { LocalChannel } from '../runtime/net/local-channel.ts';
import type { ChannelFromAgent, ChannelToAgent } from './channel-messages.ts';

/** From the end of its channel to its own end. */
const endMs = 500;

export interface AgentProcessCallbacks {
  /** Its process id; undefined where it could not be made. */
  readonly onStart: (pid: number | undefined) => void;
  readonly onUp: () => void;
  readonly onMessage: (message: ChannelFromAgent) => void;
  /** `exitCode`: undefined where a signal ended it. */
  readonly onDown: (exitCode: number | undefined) => void;
}

/** The agent as the heart's child: started, spoken to, killed. */
export class AgentProcess {
  readonly #argv: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #callbacks: AgentProcessCallbacks;
  #child: ChildProcess | undefined;
  #channel: LocalChannel<ChannelToAgent, ChannelFromAgent> | undefined;

  constructor(
    argv: readonly string[],
    environment: Readonly<Record<string, string>>,
    callbacks: AgentProcessCallbacks,
  ) {
    this.#argv = argv;
    this.#environment = environment;
    this.#callbacks = callbacks;
  }

  start(): void {
    const [program = process.execPath, ...args] = this.#argv;
    const child = spawn(program, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
      env: { ...process.env, ...this.#environment },
    });
    this.#child = child;
    this.#callbacks.onStart(child.pid);
    child.on('error', (error) => journal('error', `agent: cannot be started: ${error.message}`));
    child.on('exit', (code, signal) => this.#ended(child, code, signal));
    const channel = new LocalChannel<ChannelToAgent, ChannelFromAgent>(
      child.stdio[3] as unknown as Socket,
      {
        onMessage: (message) => {
          if (this.#child === child) this.#callbacks.onMessage(message);
        },
        // Its end is told by the process; an agent that only closes its channel, or does not read, is put to an end.
        onClose: (end) => {
          if (end !== 'closed') {
            journal('warning', `agent: its channel is ${end}`);
            child.kill('SIGKILL');
          } else {
            // It is about to end, or has closed only its channel.
            setTimeout(() => child.kill('SIGKILL'), endMs).unref();
          }
        },
      },
    );
    this.#channel = channel;
    this.#callbacks.onUp();
  }

  send(message: ChannelToAgent): void {
    this.#channel?.send(message);
  }

  /** The agent, and only it: what it started lives in its own sessions and goes on. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Asks it to end by itself. */
  terminate(): void {
    this.#child?.kill('SIGTERM');
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  #ended(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#channel?.close();
    this.#channel = undefined;
    if (code !== 0) journal('warning', `agent: ended with ${signal ?? `exit code ${code}`}`);
    this.#callbacks.onDown(code ?? undefined);
  }
}
