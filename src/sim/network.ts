import { assert } from '../base/assert.ts';
import type { Prng } from '../base/prng.ts';
import { type EventQueue, Scheduled } from './event-queue.ts';

/** What a path does to what is sent over it. Losses and delays of several faults add up. */
export interface PathQuality {
  /** Share of packets that vanish. */
  readonly loss: number;
  /** Share of packets that come twice. */
  readonly duplication: number;
  /** Every packet takes this long, in ms … */
  readonly delayMs: number;
  /** … and up to this much longer, each for itself: they overtake each other. */
  readonly jitterMs: number;
}

/** A calm local network. */
export const calmPath: PathQuality = { loss: 0, duplication: 0, delayMs: 0.15, jitterMs: 0.1 };

/** One direction of one cable. */
interface SimulatedPath {
  cuts: number;
  loss: number;
  duplication: number;
  delayMs: number;
  jitterMs: number;
  readonly faults: PathQuality[];
}

export type PacketReceiver<Packet> = (
  to: number,
  from: number,
  link: number,
  packet: Packet,
) => void;

/** Datagrams between hosts on several links: lost, late, doubled, overtaken, cut in one direction. */
export class Network<Packet> {
  readonly hosts: number;
  readonly links: number;
  readonly #queue: EventQueue;
  readonly #prng: Prng;
  readonly #receive: PacketReceiver<Packet>;
  readonly #paths: SimulatedPath[] = [];
  readonly #free: PacketFlight<Packet>[] = [];
  readonly #listeners: (() => void)[] = [];
  sent = 0;

  constructor(
    queue: EventQueue,
    prng: Prng,
    size: { readonly hosts: number; readonly links: number },
    receive: PacketReceiver<Packet>,
  ) {
    this.#queue = queue;
    this.#prng = prng;
    this.hosts = size.hosts;
    this.links = size.links;
    this.#receive = receive;
    for (let i = 0; i < size.hosts * size.hosts * size.links; i += 1) {
      this.#paths.push({ cuts: 0, ...calmPath, faults: [] });
    }
  }

  send(from: number, to: number, link: number, packet: Packet): void {
    const path = this.#path(from, to, link);
    this.sent += 1;
    if (path.cuts > 0) return;
    if (path.loss > 0 && this.#prng.fraction() < path.loss) return;
    this.#launch(path, from, to, link, packet);
    if (path.duplication > 0 && this.#prng.fraction() < path.duplication) {
      this.#launch(path, from, to, link, packet);
    }
  }

  /** Called whenever a path is cut or healed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Cuts add up: the path works again when each was healed. */
  cut(from: number, to: number, link: number): void {
    this.#path(from, to, link).cuts += 1;
    for (const listener of this.#listeners) listener();
  }

  heal(from: number, to: number, link: number): void {
    const path = this.#path(from, to, link);
    assert(path.cuts > 0, 'a path healed that was not cut');
    path.cuts -= 1;
    for (const listener of this.#listeners) listener();
  }

  /** Both directions work. */
  isWhole(a: number, b: number, link: number): boolean {
    return this.passes(a, b, link) && this.passes(b, a, link);
  }

  passes(from: number, to: number, link: number): boolean {
    return this.#path(from, to, link).cuts === 0;
  }

  /** Whether anything can pass from one host to the other. */
  reaches(from: number, to: number): boolean {
    for (let link = 0; link < this.links; link += 1) if (this.passes(from, to, link)) return true;
    return false;
  }

  worsen(from: number, to: number, link: number, fault: PathQuality): void {
    const path = this.#path(from, to, link);
    path.faults.push(fault);
    recompute(path);
  }

  mend(from: number, to: number, link: number, fault: PathQuality): void {
    const path = this.#path(from, to, link);
    const at = path.faults.indexOf(fault);
    assert(at >= 0, 'a path mended that was not worse');
    path.faults.splice(at, 1);
    recompute(path);
  }

  /** How long a segment of a stream takes over this path; a lost one is sent again. */
  streamDelayMs(from: number, to: number, link: number): number {
    const path = this.#path(from, to, link);
    let delay = path.delayMs + path.jitterMs * this.#prng.fraction();
    for (let retry = 200; this.#prng.fraction() < path.loss && retry < 3000; retry *= 2) {
      delay += retry;
    }
    return delay;
  }

  land(flight: PacketFlight<Packet>, packet: Packet): void {
    this.#free.push(flight);
    this.#receive(flight.to, flight.from, flight.link, packet);
  }

  #launch(path: SimulatedPath, from: number, to: number, link: number, packet: Packet): void {
    const flight = this.#free.pop() ?? new PacketFlight<Packet>(this);
    flight.from = from;
    flight.to = to;
    flight.link = link;
    flight.packet = packet;
    const delay = path.delayMs + path.jitterMs * this.#prng.fraction();
    this.#queue.push(flight, this.#queue.now + delay);
  }

  #path(from: number, to: number, link: number): SimulatedPath {
    const path = this.#paths[(link * this.hosts + from) * this.hosts + to];
    if (path === undefined) throw new RangeError(`no path ${from} → ${to} on link ${link}`);
    return path;
  }
}

class PacketFlight<Packet> extends Scheduled {
  from = 0;
  to = 0;
  link = 0;
  packet: Packet | undefined;
  readonly #network: Network<Packet>;

  constructor(network: Network<Packet>) {
    super();
    this.#network = network;
  }

  override fire(): void {
    const packet = this.packet;
    this.packet = undefined;
    if (packet !== undefined) this.#network.land(this, packet);
  }
}

function recompute(path: SimulatedPath): void {
  let pass = 1 - calmPath.loss;
  let single = 1 - calmPath.duplication;
  path.delayMs = calmPath.delayMs;
  path.jitterMs = calmPath.jitterMs;
  for (const fault of path.faults) {
    pass *= 1 - fault.loss;
    single *= 1 - fault.duplication;
    path.delayMs += fault.delayMs;
    path.jitterMs += fault.jitterMs;
  }
  path.loss = 1 - pass;
  path.duplication = 1 - single;
}
