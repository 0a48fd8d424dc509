import { Worker } from 'node:worker_threads';
import { assert } from '../../base/assert.ts';
import { DiskError } from './disk-error.ts';
import type {
  FromLogWorker,
  LogIdentity,
  LogWrite,
  PreparedWrite,
  StoredState,
  ToLogWorker,
} from './log-contract.ts';

export interface LogSettings {
  /** The state directory. */
  readonly directory: string;
  readonly identity: LogIdentity;
  /** Whether a missing log is made: only when a cluster is created or joined. */
  readonly create: boolean;
  /** All of this write is on disk. Called once per write, in the order of the writes. */
  readonly onWritten: (ticket: number) => void;
  /**
   * Writes do not get to the disk. Not final: they are tried again twice a second, and `onRecovered` follows.
   * Final: nothing will be written any more, and no `onWritten` follows; the process has to start anew.
   */
  readonly onTrouble: (error: DiskError, final: boolean) => void;
  readonly onRecovered: () => void;
  readonly bytesMax?: number;
  readonly lockWaitMs?: number;
  /** The program of the thread, where it is not beside this file (a bundle). */
  readonly worker?: URL;
}

/** Since the log was opened. */
export interface LogFigures {
  writes: number;
  /** Transactions, each with one sync. */
  commits: number;
  lastCommitMs: number;
  longestCommitMs: number;
}

const bytesMaxDefault = 4 * 1024 ** 3;
const lockWaitMsDefault = 2000;

/** What a node must not forget: its log, vote, snapshot, promises and floor. */
export class LogStore {
  /** What was on disk when it was opened. */
  readonly state: StoredState;
  readonly #worker: Worker;
  readonly #settings: LogSettings;
  /** Of the writes that are not durable yet, oldest first. */
  readonly #tickets: number[] = [];
  readonly #figures: LogFigures = { writes: 0, commits: 0, lastCommitMs: 0, longestCommitMs: 0 };
  #over = false;
  #closed: (() => void) | undefined;

  private constructor(worker: Worker, settings: LogSettings, state: StoredState) {
    this.#worker = worker;
    this.#settings = settings;
    this.state = state;
    worker.on('message', (message: FromLogWorker) => this.#take(message));
    worker.on('error', (error) => this.#ended(error.message));
    worker.on('exit', () => this.#ended('its thread ended'));
  }

  /** Opens and reads the log. Rejects with a `DiskError` whose message says what to do. */
  static async open(settings: LogSettings): Promise<LogStore> {
    const workerData = {
      directory: settings.directory,
      identity: settings.identity,
      create: settings.create,
      bytesMax: settings.bytesMax ?? bytesMaxDefault,
      lockWaitMs: settings.lockWaitMs ?? lockWaitMsDefault,
    };
    const program = settings.worker ?? new URL('./log-worker.ts', import.meta.url);
    const worker = new Worker(program, { workerData, name: 'log' });
    const first = await firstMessage(worker);
    if (first.kind === 'opened') return new LogStore(worker, settings, first.state);
    assert(first.kind === 'not-opened', `log thread said ${first.kind}`);
    throw new DiskError(first.problem.kind, first.problem.message);
  }

  /** Queues a write. `onWritten` tells its ticket when it is durable. */
  write(ticket: number, write: LogWrite): void {
    if (this.#over) return;
    this.#tickets.push(ticket);
    this.#figures.writes += 1;
    this.#post({ kind: 'write', write: prepare(write) });
  }

  figures(): Readonly<LogFigures> {
    return { ...this.#figures };
  }

  /** Writes what is queued, as far as the disk takes it, and ends. */
  async close(): Promise<void> {
    if (this.#over) return;
    await new Promise<void>((resolve) => {
      this.#closed = resolve;
      this.#post({ kind: 'close' });
    });
  }

  #post(message: ToLogWorker): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromLogWorker): void {
    switch (message.kind) {
      case 'written':
        this.#written(message.count, message.tookMs);
        break;
      case 'trouble':
        this.#trouble(new DiskError(message.problem.kind, message.problem.message), message.final);
        break;
      case 'recovered':
        this.#settings.onRecovered();
        break;
      default:
        break; // 'closed' is followed by the thread's end.
    }
  }

  #written(count: number, tookMs: number): void {
    const figures = this.#figures;
    figures.commits += 1;
    figures.lastCommitMs = tookMs;
    figures.longestCommitMs = Math.max(figures.longestCommitMs, tookMs);
    for (const ticket of this.#tickets.splice(0, count)) this.#settings.onWritten(ticket);
  }

  #trouble(error: DiskError, final: boolean): void {
    if (final) this.#over = true;
    this.#settings.onTrouble(error, final);
  }

  #ended(reason: string): void {
    const expected = this.#over || this.#closed !== undefined;
    this.#over = true;
    if (!expected) {
      const message = `the log cannot be written any more: ${reason}`;
      this.#settings.onTrouble(new DiskError('device', message), true);
    }
    this.#closed?.();
  }
}

/** The thread's first word. Its listeners go one by one: removing them all at once would detach the port. */
function firstMessage(worker: Worker): Promise<FromLogWorker> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', take).off('error', fail).off('exit', end);
    };
    const take = (message: FromLogWorker): void => {
      settle();
      resolve(message);
    };
    const fail = (error: Error): void => {
      settle();
      reject(new DiskError('device', `the thread of the log failed: ${error.message}`));
    };
    const end = (): void => fail(new Error('it ended'));
    worker.on('message', take).on('error', fail).on('exit', end);
  });
}

function prepare(write: LogWrite): PreparedWrite {
  const { raft } = write;
  return {
    hardState: raft && hardStateText(raft),
    snapshot: raft?.snapshot,
    discardBefore: raft?.discardBefore,
    truncateFrom: raft?.truncateFrom,
    append: (raft?.append ?? []).map((entry) => ({
      index: entry.index,
      term: entry.term,
      body: JSON.stringify(entry),
    })),
    promises: write.promises,
    floor: write.floor,
    detectMaxMs: write.detectMaxMs,
  };
}

function hardStateText({ term, votedFor, commit }: NonNullable<LogWrite['raft']>): string {
  return JSON.stringify({ term, votedFor, commit });
}
