import { userInfo } from 'node:os';
import { Command } from '@oclif/core/command';
import { API_VERSION } from '../api/requests.ts';
import { ControlClient } from '../client/control-client.ts';
import { socketPath } from '../client/socket-file.ts';
import { type Paint, paintFor } from './render/paint.ts';

/** How long a command waits for one answer of the agent, in ms. */
const ANSWER_TIMEOUT_MS = 35_000;

/** What every command has: a client, and one typed result that `--json` prints. */
export abstract class ClusterCommand extends Command {
  static override enableJsonFlag = true;

  #client: ControlClient | undefined;

  protected get client(): ControlClient {
    this.#client ??= new ControlClient({
      socket: socketPath(process.env),
      by: invoker(),
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    return this.#client;
  }

  protected get paint(): Paint {
    return paintFor(process.stdout.isTTY === true, process.env);
  }

  /** Columns to print into. */
  protected get width(): number {
    return screenWidth();
  }

  /** Errors are shown in one place, by `main`. */
  protected override async catch(error: unknown): Promise<void> {
    throw error;
  }

  protected override toSuccessJson(result: unknown): unknown {
    const object = typeof result === 'object' && result !== null ? result : { result };
    return { version: API_VERSION, ...object };
  }

  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
  }
}

/** Columns of the terminal, or of a page where there is none. */
export function screenWidth(): number {
  const columns = process.stdout.columns ?? 0;
  return columns >= 40 ? columns : 80;
}

/** Who typed the command, also behind sudo: for events, no proof. */
export function invoker(): string {
  const { SUDO_USER, USER, LOGNAME } = process.env;
  const known = SUDO_USER || USER || LOGNAME;
  if (known) return known;
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'local'); // A user without an entry in /etc/passwd.
  }
}
