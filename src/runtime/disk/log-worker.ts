import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { AssertionError, defined } from '../../base/assert.ts';
import { type DiskError, diskError } from './disk-error.ts';
import type {
  FromLogWorker,
  LogOpening,
  LogProblem,
  PreparedWrite,
  ToLogWorker,
} from './log-contract.ts';
import { LogDatabase } from './log-database.ts';

/** Most writes that share one transaction, so that the first of them does not wait too long. */
const batchMax = 512;
const retryMs = 500;

/** The log's own thread: joins what is queued into one transaction, and tells in order what is durable. */
class LogWorker {
  readonly #port: MessagePort;
  readonly #database: LogDatabase;
  /** Not yet durable, oldest first. */
  #queue: PreparedWrite[] = [];
  #state: 'sound' | 'waiting' | 'failed' = 'sound';
  #closing = false;

  constructor(port: MessagePort, opening: LogOpening) {
    this.#port = port;
    this.#database = new LogDatabase(opening);
  }

  start(): void {
    this.#post({ kind: 'opened', state: this.#database.load() });
    this.#port.on('message', (message: ToLogWorker) => {
      this.#take(message);
      this.#takeQueued();
      if (this.#state === 'sound') this.#flush();
      if (this.#closing) this.#close();
    });
  }

  #take(message: ToLogWorker): void {
    if (message.kind === 'close') this.#closing = true;
    else if (this.#state !== 'failed') this.#queue.push(message.write);
  }

  /** What came while the last transaction ran: one event for each would mean one sync for each. */
  #takeQueued(): void {
    for (;;) {
      const next: { message: ToLogWorker } | undefined = receiveMessageOnPort(this.#port);
      if (next === undefined) return;
      this.#take(next.message);
    }
  }

  #flush(): void {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, batchMax);
      const begun = performance.now();
      try {
        this.#database.write(batch);
      } catch (error) {
        if (error instanceof AssertionError) throw error; // Ends the thread, and the agent.
        this.#failed(diskError(error, this.#database.path));
        return;
      }
      this.#queue = this.#queue.slice(batch.length);
      this.#recovered();
      const tookMs = performance.now() - begun;
      this.#post({ kind: 'written', count: batch.length, tookMs });
    }
  }

  #failed(error: DiskError): void {
    // A full disk undid the transaction cleanly. After any other error nobody knows what is on disk.
    const final = error.kind !== 'full';
    if (this.#state === 'sound') this.#post({ kind: 'trouble', problem: problemOf(error), final });
    this.#state = final ? 'failed' : 'waiting';
    if (final) this.#queue = [];
    else if (!this.#closing) setTimeout(() => this.#flush(), retryMs);
  }

  #recovered(): void {
    if (this.#state === 'waiting') this.#post({ kind: 'recovered' });
    this.#state = 'sound';
  }

  #close(): void {
    this.#database.close();
    this.#post({ kind: 'closed' });
    this.#port.close();
  }

  #post(message: FromLogWorker): void {
    this.#port.postMessage(message);
  }
}

function problemOf({ kind, message }: DiskError): LogProblem {
  return { kind, message };
}

const port = defined(parentPort ?? undefined, 'parent thread');
const opening = workerData as LogOpening;
try {
  new LogWorker(port, opening).start();
} catch (error) {
  const problem = problemOf(diskError(error, opening.directory));
  port.postMessage({ kind: 'not-opened', problem } satisfies FromLogWorker);
  port.close();
}
