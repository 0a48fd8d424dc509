/**
 * The observer: a process outside the cluster that polls an address over fresh connections, whatever became of
 * the earlier ones, and watches who answers ARP for it. Started by `Lab.observe`; see observer-protocol.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { HttpPoll } from './http-poll.ts';
import { Observation } from './observation.ts';
import type {
  AnswerFilter,
  ObserverConfig,
  ObserverEvent,
  ObserverRequest,
} from './observer-protocol.ts';
import { stationOfMac } from './topology.ts';

const silentMs = 100;
const watchEndMs = 1000;

class Observer {
  readonly #config: ObserverConfig;
  readonly #startedAt = Date.now();
  readonly #originMs = clockMs();
  readonly #observation: Observation;
  readonly #waits = new Map<number, { readonly filter: AnswerFilter; readonly sinceMs: number }>();
  #outstanding: HttpPoll[] = []; // In the order of their start.
  #nextMs = 0;
  #watch: ChildProcess | undefined;
  #stopping = false;
  #host: string | undefined; // Who answered last.
  #answeredMs: number | undefined; // When; undefined also while the silence has been told.

  constructor(config: ObserverConfig) {
    this.#config = config;
    this.#observation = new Observation({
      gapFloorMs: config.gapFloorMs,
      onGap: (gap) => say({ kind: 'gap', gap }),
      onOverlap: (overlap) => say({ kind: 'overlap', overlap }),
    });
  }

  run(): void {
    this.#watchOwner();
    this.#nextMs = this.#now();
    this.#tick();
    say({ kind: 'ready' });
    const requests = createInterface({ input: process.stdin });
    requests.on('line', (line) => this.#perform(JSON.parse(line) as ObserverRequest));
    requests.on('close', () => this.#stop());
  }

  /** Milliseconds since the start of the observation, with microseconds. */
  #since = (ms: number): number => Math.round((ms - this.#originMs) * 1000) / 1000;

  #now = (): number => this.#since(clockMs());

  #tick(): void {
    const now = this.#now();
    if (this.#stopping) return;
    if (now >= this.#nextMs) {
      this.#poll(now - this.#nextMs);
      // After an own stall: go on from now, without a burst.
      this.#nextMs = Math.max(this.#nextMs + this.#config.intervalMs, now);
    }
    this.#sweep(now);
    if (this.#answeredMs !== undefined && now - this.#answeredMs > silentMs) {
      say({ kind: 'silent', sinceMs: this.#answeredMs });
      this.#answeredMs = undefined;
    }
    setTimeout(() => this.#tick(), this.#nextMs - this.#now());
  }

  #poll(lateMs: number): void {
    this.#observation.poll(lateMs);
    const poll = new HttpPoll(this.#config, this.#now, (result) => {
      if (result.kind === 'failure') this.#observation.failure(result.what);
      else this.#answered(result.host, poll.startedMs, result.atMs);
    });
    this.#outstanding.push(poll);
  }

  #sweep(now: number): void {
    const { connectTimeoutMs, answerTimeoutMs } = this.#config;
    for (const poll of this.#outstanding) {
      if (poll.isEnded) continue;
      const limitMs = poll.isConnected ? answerTimeoutMs : connectTimeoutMs;
      if (now - poll.startedMs > limitMs) poll.abandon();
    }
    this.#outstanding = this.#outstanding.filter((poll) => !poll.isEnded);
  }

  #answered(host: string, startedMs: number, receivedMs: number): void {
    this.#observation.answer({ host, startedMs, receivedMs });
    this.#answeredMs = receivedMs;
    if (host !== this.#host) say({ kind: 'changed', host, atMs: receivedMs });
    this.#host = host;
    for (const [id, { filter, sinceMs }] of this.#waits) {
      const fits =
        startedMs >= sinceMs &&
        (filter.from ?? host) === host &&
        (filter.notFrom === undefined || filter.notFrom !== host);
      if (!fits) continue;
      this.#waits.delete(id);
      say({ kind: 'answered', id, host, atMs: receivedMs });
    }
  }

  #perform(request: ObserverRequest): void {
    const atMs = this.#now();
    switch (request.kind) {
      case 'mark':
        this.#observation.mark(request.label, atMs);
        say({ kind: 'marked', label: request.label, atMs });
        return;
      case 'wait':
        this.#waits.set(request.id, { filter: request.filter, sinceMs: atMs });
        return;
      case 'stop':
        this.#stop();
        return;
    }
  }

  /** Ends the watch first: what it has heard last is still on its way to us. */
  #stop(): void {
    const endMs = this.#now();
    if (this.#stopping) return;
    this.#stopping = true;
    const end = (): void => this.#report(endMs);
    this.#watch?.stdout?.once('close', end);
    this.#watch?.kill('SIGTERM');
    setTimeout(end, watchEndMs);
  }

  #report(endMs: number): void {
    const { address, port } = this.#config;
    const about = { address, port, startedAt: this.#startedAt };
    const report = this.#observation.report(about, endMs);
    process.stdout.on('error', () => process.exit(1)); // Nobody listens any more.
    process.stdout.write(`${JSON.stringify({ kind: 'report', report })}\n`, () => process.exit(0));
  }

  #watchOwner(): void {
    const [file = '', ...args] = this.#config.watchCommand;
    const watch = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#watch = watch;
    watch.once('error', (error) => fail(`cannot watch the owner: ${error.message}`));
    watch.once('exit', (code) => {
      if (!this.#stopping) fail(`the watch of the owner ended (${code})`);
    });
    process.once('exit', () => watch.kill('SIGKILL'));
    createInterface({ input: watch.stdout }).on('line', (line) => this.#hear(line));
  }

  #hear(line: string): void {
    const [kind, mac = '', ...numbers] = line.split(' ');
    const host = stationOfMac(this.#config.plan, mac);
    if (kind === 'announce') {
      this.#observation.announcement({ host, atMs: this.#since(Number(numbers[0])) });
      return;
    }
    const [request = 0, sent = 0, received = 0] = numbers.map(Number);
    const [sentMs, receivedMs] = [this.#since(sent), this.#since(received)];
    this.#observation.arpReply({ host, request, sentMs, receivedMs });
  }
}

/** CLOCK_MONOTONIC in milliseconds, the same clock in all processes of the machine. */
function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function say(event: ObserverEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

new Observer(JSON.parse(process.argv[2] ?? '{}') as ObserverConfig).run();
