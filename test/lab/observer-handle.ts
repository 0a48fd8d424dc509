import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { LabError, LabUsageError } from './lab-error.ts';
import type { ObserverReport } from './observation.ts';
import type {
  AnswerFilter,
  ObserverConfig,
  ObserverEvent,
  ObserverRequest,
} from './observer-protocol.ts';
import { labFile, nodePath } from './project.ts';
import type { LabPlan } from './topology.ts';

/** What to observe; what is left out is as the default says. */
export interface ObserveOptions {
  /** An address in a path of the lab: 10.77.LINK.* or fd77:0:0:LINK::*. */
  readonly address: string;
  /** Default: 80. */
  readonly port?: number;
  /** One request each so many milliseconds. Default: 5. */
  readonly intervalMs?: number;
  /** Default: 200. */
  readonly connectTimeoutMs?: number;
  /** From the start of the request. Default: 1000. */
  readonly answerTimeoutMs?: number;
  /** Shorter gaps are not listed in the report. Default: 25. */
  readonly gapFloorMs?: number;
  /** Called for each event while it is observed, for progress on a screen. */
  readonly onEvent?: (event: ObserverEvent) => void;
}

/** How the observer's process and its ARP watch are started in the lab. */
export interface ObserverPlace {
  readonly plan: LabPlan;
  clientCommand(argv: readonly string[]): {
    readonly argv: string[];
    readonly env: NodeJS.ProcessEnv;
  };
  /** The argv that, run by the observer, runs `argv` in the watch's network. */
  watchCommand(argv: readonly string[]): string[];
}

/** A running observation. */
export class ObserverHandle {
  readonly #child: ChildProcess;
  readonly #onEvent: (event: ObserverEvent) => void;
  readonly #ready = Promise.withResolvers<void>();
  readonly #report = Promise.withResolvers<ObserverReport>();
  readonly #waits = new Map<number, PromiseWithResolvers<{ host: string; atMs: number }>>();
  readonly #marks: PromiseWithResolvers<number>[] = [];
  #lastId = 0;
  #complaint = '';

  private constructor(child: ChildProcess, onEvent: (event: ObserverEvent) => void) {
    this.#child = child;
    this.#onEvent = onEvent;
    // Who does not wait for these learns of the end by the next call.
    this.#report.promise.catch(() => {});
    this.#ready.promise.catch(() => {});
    child.stdin?.on('error', () => {});
    child.stderr?.on('data', (data) => {
      this.#complaint = String(data).trim();
    });
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) =>
        this.#hear(JSON.parse(line) as ObserverEvent),
      );
    }
    child.once('error', (error) => this.#ended(error.message));
    child.once('close', () => this.#ended(this.#complaint || 'it ended'));
  }

  /** Starts an observation; it polls when this resolves. Throws LabError if it cannot be started. */
  static async start(place: ObserverPlace, options: ObserveOptions): Promise<ObserverHandle> {
    const link = linkOfAddress(place.plan, options.address);
    const config: ObserverConfig = {
      plan: place.plan,
      address: options.address,
      port: options.port ?? 80,
      intervalMs: options.intervalMs ?? 5,
      connectTimeoutMs: options.connectTimeoutMs ?? 200,
      answerTimeoutMs: options.answerTimeoutMs ?? 1000,
      gapFloorMs: options.gapFloorMs ?? 25,
      watchCommand: ownerWatchCommand(place, options.address, link),
    };
    const realtime = 'chrt -r 10 true 2>/dev/null && exec chrt -r 10 "$@"; exec "$@"';
    const node = [nodePath, labFile('observer.ts'), JSON.stringify(config)];
    const command = place.clientCommand(['/bin/sh', '-c', realtime, 'observer', ...node]);
    const [file = '', ...args] = command.argv;
    const child = spawn(file, args, { stdio: 'pipe', env: command.env });
    const handle = new ObserverHandle(child, options.onEvent ?? (() => {}));
    await handle.#ready.promise;
    return handle;
  }

  /** Resolves with the next good answer to a request that begins from now on. Rejects after `timeoutMs`. */
  async waitForAnswer(
    options: AnswerFilter & { readonly timeoutMs?: number } = {},
  ): Promise<{ readonly host: string; readonly atMs: number }> {
    const { timeoutMs = 30_000, ...filter } = options;
    this.#lastId += 1;
    const id = this.#lastId;
    const wait = Promise.withResolvers<{ host: string; atMs: number }>();
    this.#waits.set(id, wait);
    const from = filter.from === undefined ? '' : ` from ${filter.from}`;
    const timer = setTimeout(
      () => wait.reject(new LabError(`no answer${from} within ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.#send({ kind: 'wait', id, filter });
    try {
      return await wait.promise;
    } finally {
      clearTimeout(timer);
      this.#waits.delete(id);
    }
  }

  /** Notes a moment in the report, such as that of a fault. Resolves with its time. */
  async mark(label: string): Promise<number> {
    const marked = Promise.withResolvers<number>();
    this.#marks.push(marked);
    this.#send({ kind: 'mark', label });
    return marked.promise;
  }

  /** Ends the observation. May be called again and gives the same report. */
  async stop(): Promise<ObserverReport> {
    this.#send({ kind: 'stop' });
    const report = await this.#report.promise;
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await once(this.#child, 'close');
    }
    return report;
  }

  #send(request: ObserverRequest): void {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
  }

  #hear(event: ObserverEvent): void {
    this.#onEvent(event);
    switch (event.kind) {
      case 'ready':
        this.#ready.resolve();
        return;
      case 'answered':
        this.#waits.get(event.id)?.resolve({ host: event.host, atMs: event.atMs });
        return;
      case 'marked':
        this.#marks.shift()?.resolve(event.atMs);
        return;
      case 'report':
        this.#report.resolve(event.report);
        return;
      case 'changed':
      case 'silent':
      case 'gap':
      case 'overlap':
        return;
    }
  }

  #ended(why: string): void {
    const error = new LabError(`the observer is gone: ${why}`);
    this.#ready.reject(error);
    this.#report.reject(error);
    for (const wait of this.#waits.values()) wait.reject(error);
    for (const mark of this.#marks) mark.reject(error);
  }
}

/** The path in which an address lies. Throws LabUsageError for an address outside the lab. */
export function linkOfAddress(plan: LabPlan, address: string): number {
  const match = /^10\.77\.(\d+)\.\d+$/.exec(address) ?? /^fd77:0:0:(\d+)::/.exec(address);
  const link = Number(match?.[1] ?? (/^fd77::/.test(address) ? 0 : Number.NaN));
  if (Number.isInteger(link) && link < plan.links) return link;
  throw new LabUsageError(
    `address ${address} is in no path of lab ${plan.name}: want 10.77.LINK.N or fd77:0:0:LINK::N`,
  );
}

/** Numbers 160 to 223 of a path belong to the watch's requests: 320 ms pass until one is used again. */
function ownerWatchCommand(place: ObserverPlace, address: string, link: number): string[] {
  const first = address.includes(':') ? `fd77:0:0:${link}::a0` : `10.77.${link}.160`;
  const script = labFile('owner-watch.pl');
  return place.watchCommand(['perl', script, `net${link}`, address, '5', first, '64']);
}
