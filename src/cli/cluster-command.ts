import { Command } from '@oclif/core/command';
import { API_VERSION } from '../api/requests.ts';
import { ControlClient } from '../client/control-client.ts';
import { socketPath } from '../client/socket-file.ts';
import { ANSWER_TIMEOUT_MS, invoker, screenWidth } from './invoker.ts';
import { type Paint, paintFor } from './render/paint.ts';

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

  /** Lines for people; with `--json` there are none. */
  override log(text = ''): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
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
