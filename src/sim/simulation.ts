import type { ApiRequest, ApiResponse } from '../api/requests.ts';
import type { Packet } from '../core/membership/packet.ts';
import type { PeerMessage } from '../core/node/peer-message.ts';
import type { NodeId } from '../model/ids.ts';
import { Ambushes } from './ambush.ts';
import type { DiskImage } from './disk-image.ts';
import { EventQueue } from './event-queue.ts';
import { describeActivation, Host, type Surroundings } from './host.ts';
import type { Machines } from './machines.ts';
import { Network } from './network.ts';
import { type Failure, type Observer, Violation } from './observer.ts';
import { forkPrng } from './random-streams.ts';
import { hostNames, linkNames } from './sample-cluster.ts';
import { Streams } from './streams.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly machines: Machines;
  /** What each host's disk holds before its first start. */
  readonly image: (host: number) => DiskImage;
  readonly observers: readonly Observer[];
  /** Clock rates stay within 1 ± this; R16 allows 0.001. */
  readonly driftMax: number;
  /** Gets the story of the run, line by line. */
  readonly trace: ((line: string) => void) | undefined;
  /** Makes every message immutable, so that a machine that changes one is caught. Slow. */
  readonly freeze: boolean;
}

type Answered = (response: ApiResponse) => void;

/** A whole cluster with its network, disks, processes and what they run, in one process under one seed. */
export class Simulation {
  readonly seed: number;
  readonly queue: EventQueue = new EventQueue();
  readonly world: World;
  readonly network: Network<Packet>;
  readonly streams: Streams<PeerMessage>;
  readonly names: readonly NodeId[];
  readonly hosts: readonly Host[];
  readonly driftMax: number;
  readonly ambushes: Ambushes = new Ambushes();
  readonly #observers: readonly Observer[];
  readonly #trace: ((line: string) => void) | undefined;
  readonly #requests = new Map<number, Answered>();
  #nextRequest = 1;
  #failure: Failure | undefined;

  constructor(options: SimulationOptions) {
    this.seed = options.seed;
    this.driftMax = options.driftMax;
    this.#observers = [...options.observers, this.ambushes];
    this.#trace = options.trace;
    this.names = hostNames.slice(0, options.nodes);
    const size = { hosts: options.nodes, links: linkNames.length };
    this.world = new World(this.queue, forkPrng(options.seed, 'world'), size.hosts, (change) => {
      this.trace(change.host, () => describeActivation(change));
      for (const observer of this.#observers) observer.onActivation(change);
    });
    const receive = (to: number, from: number, link: number, packet: Packet): void => {
      const sender = this.names[from];
      const name = linkNames[link];
      if (sender === undefined || name === undefined) return;
      if (options.freeze) deepFreeze(packet);
      this.hosts[to]?.heart?.deliver({ kind: 'packet', from: sender, link: name, packet });
    };
    this.network = new Network(this.queue, forkPrng(options.seed, 'network'), size, receive);
    this.streams = new Streams<PeerMessage>(
      this.queue,
      this.network,
      forkPrng(options.seed, 'streams'),
      options.freeze ? deepFreeze : undefined,
    );
    const numbers = new Map(this.names.map((name, index) => [name, index]));
    const surroundings: Surroundings = {
      seed: options.seed,
      queue: this.queue,
      world: this.world,
      network: this.network,
      streams: this.streams,
      machines: options.machines,
      names: this.names,
      links: linkNames,
      observers: this.#observers,
      driftMax: options.driftMax,
      indexOf: (node) => numbers.get(node),
      respond: (host, id, response) => this.#respond(host, id, response),
      trace: (host, text) => this.trace(host, text),
    };
    this.hosts = this.names.map(
      (name, index) => new Host(index, name, options.image(index), [], surroundings),
    );
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** True time in ms. */
  get now(): number {
    return this.queue.now;
  }

  /** Runs on for so long, or until something is found. Whether nothing was. */
  runFor(ms: number): boolean {
    return this.runUntil(this.now + ms, () => false);
  }

  /** Runs on until the condition holds (looked at after each event) or the time has come. */
  runUntil(endMs: number, done: () => boolean): boolean {
    if (this.#failure !== undefined) return false;
    try {
      this.queue.runUntil(endMs, () => this.#failure !== undefined || done());
    } catch (error) {
      if (error instanceof Violation) this.fail(error.kind, error.rule, error.message);
      else this.fail('crash', 'assert', error instanceof Error ? (error.stack ?? '') : `${error}`);
    }
    this.#judge();
    return this.#failure === undefined;
  }

  /** Runs on and looks at the condition every so often. Whether it came true in time. */
  waitFor(withinMs: number, condition: () => boolean, everyMs = 20): boolean {
    const end = this.now + withinMs;
    while (this.now < end) {
      if (condition()) return true;
      if (!this.runFor(everyMs)) return false;
    }
    return condition();
  }

  fail(kind: Failure['kind'], rule: string, text: string): void {
    this.#failure ??= { kind, rule, text, atMs: Math.round(this.now * 1000) / 1000 };
  }

  powerOnAll(): void {
    for (const host of this.hosts) host.powerOn();
  }

  /** Asks the agent of a host; no answer comes if that dies. Whether it could be asked. */
  request(host: number, request: ApiRequest, answered: Answered): boolean {
    const id = this.#nextRequest;
    this.#nextRequest += 1;
    this.#requests.set(id, answered);
    return this.hosts[host]?.request(id, request) ?? false;
  }

  host(index: number): Host {
    const host = this.hosts[index];
    if (host === undefined) throw new RangeError(`no host ${index}`);
    return host;
  }

  note(text: string): void {
    this.queue.mix(text.length);
    for (const observer of this.#observers) observer.onFault(text);
    this.#trace?.(`${stamp(this.now)} -- ${text}`);
  }

  trace(host: number, text: () => string | undefined): void {
    if (this.#trace === undefined) return;
    const line = text();
    if (line !== undefined) this.#trace(`${stamp(this.now)} ${this.names[host] ?? host}: ${line}`);
  }

  get traced(): boolean {
    return this.#trace !== undefined;
  }

  #respond(_host: number, id: number, response: ApiResponse): void {
    const answered = this.#requests.get(id);
    this.#requests.delete(id);
    answered?.(response);
  }

  #judge(): void {
    const double = this.world.judge.violation;
    if (double === undefined) return;
    const names = double.hosts.map((host) => this.names[host]).join(' and ');
    this.fail(
      'safety',
      'two-owners',
      `${double.instance} was active on ${names} at ${stamp(double.atMs)}`,
    );
  }
}

function stamp(ms: number): string {
  return (ms / 1000).toFixed(4).padStart(9);
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
}
