import { createInterface } from 'node:readline';
import type { ClusterEvent } from '../../src/model/event.ts';
import type { Host, HostProcess } from '../lab/host.ts';

type Listener = (event: ClusterEvent) => void;

/** The events of the cluster as they happen, from `holdfast events --follow` on one host. */
export class History {
  readonly #process: HostProcess;
  readonly #past: ClusterEvent[] = [];
  #listener: Listener | undefined;

  constructor(host: Host, env: NodeJS.ProcessEnv) {
    const argv = ['holdfast', 'events', '--follow', '--json', '--after', '0'];
    this.#process = host.spawn(argv, { env });
    const { stdout } = this.#process.child;
    if (stdout === null) throw new Error('no events: the command has no output');
    createInterface({ input: stdout }).on('line', (line) => {
      const event = JSON.parse(line) as ClusterEvent;
      this.#past.push(event);
      this.#listener?.(event);
    });
  }

  /** Calls for each event from now on; one listener at a time. */
  listen(listener: Listener | undefined): void {
    this.#listener = listener;
  }

  /** Number of the last event that has come. */
  get last(): number {
    return this.#past.at(-1)?.number ?? 0;
  }

  /** Resolves with the first event after a number for which the condition holds. Rejects after `timeoutMs`. */
  async until(
    holds: (what: ClusterEvent['what']) => boolean,
    after: number,
    timeoutMs = 20_000,
  ): Promise<ClusterEvent> {
    const endsAt = performance.now() + timeoutMs;
    for (;;) {
      const found = this.#past.find((event) => event.number > after && holds(event.what));
      if (found !== undefined) return found;
      if (performance.now() > endsAt) throw new Error('the cluster does not say what it should');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  close(): void {
    this.#process.kill();
  }
}
