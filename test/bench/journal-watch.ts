import type { Host } from '../lab/host.ts';

const pollMs = 4;

/** A line of the journal of a host's agent or heart, and when it was seen. */
export interface JournalLine {
  readonly host: string;
  readonly text: string;
  readonly wallMs: number;
}

/** Notes when lines come into the journals of hosts: the lines themselves have no time. */
export class JournalWatch {
  readonly #hosts: readonly Host[];
  readonly #seen = new Map<Host, number>();
  readonly #lines: JournalLine[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(hosts: readonly Host[]) {
    this.#hosts = hosts;
    for (const host of hosts) this.#seen.set(host, host.unitLog('holdfast').length);
    this.#timer = setInterval(() => this.#look(), pollMs);
  }

  stop(): readonly JournalLine[] {
    clearInterval(this.#timer);
    this.#look();
    return this.#lines;
  }

  #look(): void {
    const wallMs = Date.now();
    for (const host of this.#hosts) {
      const log = host.unitLog('holdfast');
      const fresh = log.slice(this.#seen.get(host) ?? 0).split('\n');
      fresh.pop(); // Not yet whole.
      for (const text of fresh) this.#lines.push({ host: host.name, text, wallMs });
      const length = fresh.reduce((total, text) => total + text.length + 1, 0);
      this.#seen.set(host, (this.#seen.get(host) ?? 0) + length);
    }
  }
}
