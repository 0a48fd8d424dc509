import type { Prng } from '../base/prng.ts';
import type { EventQueue } from './event-queue.ts';
import { between } from './random-streams.ts';

/** What an agent is told of its streams. */
export interface StreamEnd<Message> {
  streamUp(peer: number): void;
  streamDown(peer: number): void;
  message(peer: number, message: Message): void;
}

/** What a stream needs to know of the network below it. */
export interface Paths {
  readonly hosts: number;
  readonly links: number;
  onChange(listener: () => void): void;
  passes(from: number, to: number, link: number): boolean;
  isWhole(a: number, b: number, link: number): boolean;
  streamDelayMs(from: number, to: number, link: number): number;
}

interface Connection {
  readonly a: number;
  readonly b: number;
  up: boolean;
  link: number;
  /** Grows with every connection and break: what was sent before is void. */
  epoch: number;
  /** A dial is under way, or the surviving end does not know yet that the other one is gone. */
  waiting: boolean;
  /** When the last message towards a and towards b arrives: messages do not overtake. */
  readonly arrival: [number, number];
}

interface End<Message> {
  readonly handler: StreamEnd<Message>;
  peers: ReadonlySet<number>;
}

/**
 * Streams between agents: in order and complete while they are up. A cut of the path in use, or the
 * death of an end, breaks one; what was on its way is lost; it comes back on any whole link.
 */
export class Streams<Message> {
  readonly #queue: EventQueue;
  readonly #network: Paths;
  readonly #seal: ((message: Message) => void) | undefined;
  readonly #prng: Prng;
  readonly #ends: (End<Message> | undefined)[] = [];
  readonly #connections: Connection[] = [];

  /** `seal`: looks at every message that is sent, e.g. to make it immutable. */
  constructor(queue: EventQueue, network: Paths, prng: Prng, seal?: (message: Message) => void) {
    this.#seal = seal;
    this.#queue = queue;
    this.#network = network;
    this.#prng = prng;
    for (let a = 0; a < network.hosts; a += 1) {
      for (let b = a + 1; b < network.hosts; b += 1) {
        const start = { up: false, link: 0, epoch: 0, waiting: false };
        this.#connections.push({ a, b, ...start, arrival: [0, 0] });
      }
    }
    network.onChange(() => this.#lookAtPaths());
  }

  /** An agent listens on this host, with no peers yet. */
  open(host: number, handler: StreamEnd<Message>): void {
    this.#ends[host] = { handler, peers: new Set() };
  }

  /** The agent is gone. With its host alive its peers learn it at once, else by the silence. */
  close(host: number, how: 'told' | 'silent'): void {
    this.#ends[host] = undefined;
    for (const connection of this.#connections) {
      if (!connection.up || (connection.a !== host && connection.b !== host)) continue;
      const other = connection.a === host ? connection.b : connection.a;
      const end = this.#ends[other];
      connection.up = false;
      connection.epoch += 1;
      connection.waiting = true;
      const delay = how === 'told' ? between(this.#prng, 0.1, 2) : between(this.#prng, 200, 900);
      this.#queue.after(delay, () => {
        connection.waiting = false;
        if (this.#ends[other] === end) end?.handler.streamDown(host);
        this.#attemptSoon(connection);
      });
    }
  }

  /** With whom the host's agent wants a stream; both ends must want it. */
  setPeers(host: number, peers: readonly number[]): void {
    const end = this.#ends[host];
    if (end === undefined) return;
    end.peers = new Set(peers);
    for (const connection of this.#connections) {
      if (connection.a !== host && connection.b !== host) continue;
      if (connection.up) this.#breakAfter(connection, 0, () => !this.#isWanted(connection));
      else this.#attemptSoon(connection);
    }
  }

  send(from: number, to: number, message: Message): void {
    const connection = this.#between(from, to);
    if (connection === undefined || !connection.up) return;
    // A cut path keeps what is sent; the break that follows loses it.
    if (!this.#network.passes(from, to, connection.link)) return;
    this.#seal?.(message);
    const side = to === connection.a ? 0 : 1;
    const delay = this.#network.streamDelayMs(from, to, connection.link);
    const at = Math.max(connection.arrival[side], this.#queue.now + delay);
    connection.arrival[side] = at;
    const epoch = connection.epoch;
    this.#queue.call(at, () => {
      if (connection.epoch === epoch) this.#ends[to]?.handler.message(from, message);
    });
  }

  isUp(a: number, b: number): boolean {
    return this.#between(a, b)?.up ?? false;
  }

  #between(x: number, y: number): Connection | undefined {
    const a = Math.min(x, y);
    const b = Math.max(x, y);
    const before = (a * (2 * this.#network.hosts - a - 1)) / 2;
    return this.#connections[before + b - a - 1];
  }

  #isWanted({ a, b }: Connection): boolean {
    const ends = [this.#ends[a], this.#ends[b]];
    return (ends[0]?.peers.has(b) ?? false) && (ends[1]?.peers.has(a) ?? false);
  }

  #wholeLink({ a, b }: Connection): number | undefined {
    for (let link = 0; link < this.#network.links; link += 1) {
      if (this.#network.isWhole(a, b, link)) return link;
    }
    return undefined;
  }

  #lookAtPaths(): void {
    for (const connection of this.#connections) {
      if (!connection.up) {
        this.#attemptSoon(connection);
      } else if (!this.#network.isWhole(connection.a, connection.b, connection.link)) {
        const cut = (): boolean =>
          !this.#network.isWhole(connection.a, connection.b, connection.link);
        this.#breakAfter(connection, between(this.#prng, 50, 400), cut);
      }
    }
  }

  #breakAfter(connection: Connection, ms: number, still: () => boolean): void {
    const epoch = connection.epoch;
    this.#queue.after(ms, () => {
      if (connection.epoch === epoch && still()) this.#break(connection);
    });
  }

  #break(connection: Connection): void {
    connection.up = false;
    connection.epoch += 1;
    const { a, b, epoch } = connection;
    this.#ends[a]?.handler.streamDown(b);
    this.#queue.after(between(this.#prng, 0, 5), () => {
      if (connection.epoch === epoch) this.#ends[b]?.handler.streamDown(a);
    });
    this.#attemptSoon(connection);
  }

  #attemptSoon(connection: Connection): void {
    if (connection.up || connection.waiting || !this.#isWanted(connection)) return;
    if (this.#wholeLink(connection) === undefined) return;
    connection.waiting = true;
    this.#queue.after(between(this.#prng, 5, 60), () => this.#connect(connection));
  }

  #connect(connection: Connection): void {
    connection.waiting = false;
    const link = this.#wholeLink(connection);
    if (connection.up || link === undefined || !this.#isWanted(connection)) return;
    connection.up = true;
    connection.link = link;
    connection.epoch += 1;
    connection.arrival[0] = this.#queue.now;
    connection.arrival[1] = this.#queue.now;
    this.#ends[connection.a]?.handler.streamUp(connection.b);
    this.#ends[connection.b]?.handler.streamUp(connection.a);
  }
}
