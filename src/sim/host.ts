import type { ApiRequest, ApiResponse } from '../api/requests.ts';
import { assert, unreachable } from '../base/assert.ts';
import type { Prng } from '../base/prng.ts';
import type { HeartInput, HeartMemory } from '../core/membership/heart-machine.ts';
import type { AgentToHeart, HeartToAgent } from '../core/membership/heart-protocol.ts';
import type { Packet } from '../core/membership/packet.ts';
import type { DiskWrite, PeerAddress } from '../core/node/node-io.ts';
import type { PeerMessage } from '../core/node/peer-message.ts';
import { type InstanceId, type LinkId, linkId, type NodeId } from '../model/ids.ts';
import type { MemberAddress } from '../model/status.ts';
import { AgentProcess } from './agent-process.ts';
import { applyWrite, type DiskImage, readImage } from './disk-image.ts';
import type { EventQueue } from './event-queue.ts';
import { HeartProcess, type HostEffect } from './heart-process.ts';
import { HostClock } from './host-clock.ts';
import type { Machines } from './machines.ts';
import type { Network } from './network.ts';
import type { Observer } from './observer.ts';
import { type AgentQuality, goodAgents } from './operation-script.ts';
import { between, forkPrng } from './random-streams.ts';
import { ResourceRunner } from './resource-runner.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import type { Streams } from './streams.ts';
import { traceText } from './trace-text.ts';
import type { Activation, World } from './world.ts';

/** What all hosts of a simulated cluster share. */
export interface Surroundings {
  readonly seed: number;
  readonly queue: EventQueue;
  readonly world: World;
  readonly network: Network<Packet>;
  readonly streams: Streams<PeerMessage>;
  readonly machines: Machines;
  readonly names: readonly NodeId[];
  readonly links: readonly LinkId[];
  readonly observers: readonly Observer[];
  /** Clock rates stay within 1 ± this (R16). */
  readonly driftMax: number;
  indexOf(node: NodeId): number | undefined;
  respond(host: number, id: number, response: ApiResponse): void;
  trace(host: number, text: () => string | undefined): void;
}

/** How long nobody put things down may count as a short stall, in ms. */
const SHORT_MS = 40;
/** After a stall of heart or host things are put down within S, and a little. */
export const AFTERMATH_MS = 800;

/** One simulated machine: its clock, disk and kernel, a heart and an agent. */
export class Host {
  readonly index: number;
  readonly id: NodeId;
  readonly disk: SimulatedDisk<DiskImage, DiskWrite>;
  readonly seeds: readonly PeerAddress[];
  readonly #world: Surroundings;
  readonly #prng: Prng;
  readonly #addresses: readonly MemberAddress[];
  clock: HostClock;
  quality: AgentQuality = goodAgents;
  heart: HeartProcess | undefined;
  agent: AgentProcess | undefined;
  powered = false;
  frozen = false;
  /** It left the cluster by itself; nothing starts it but a power-on. */
  left = false;
  memory: HeartMemory | undefined;
  #heartRun = 0;
  #agentRuns = 0;
  #boots = 0;
  #firstOperation = 1;
  #toAgentAt = 0;
  #toHeartAt = 0;
  #heartDownSinceMs: number | undefined;

  constructor(
    index: number,
    id: NodeId,
    image: DiskImage,
    seeds: readonly PeerAddress[],
    surroundings: Surroundings,
  ) {
    this.index = index;
    this.id = id;
    this.seeds = seeds;
    this.#world = surroundings;
    this.#prng = forkPrng(surroundings.seed, `host ${index}`);
    this.#addresses = addressesOf(index, surroundings.links);
    const diskPrng = forkPrng(surroundings.seed, `disk ${index}`);
    this.disk = new SimulatedDisk(surroundings.queue, diskPrng, image, (at, write) => {
      applyWrite(at, write);
      for (const observer of surroundings.observers) observer.onDurable(index, write, at);
      return at;
    });
    this.clock = this.#newClock();
  }

  powerOn(): void {
    if (this.powered) return;
    this.powered = true;
    this.left = false;
    this.#boots += 1;
    this.clock = this.#newClock();
    this.#world.world.powerOn(this.index);
    this.#trace(() => 'power on');
    this.#later(between(this.#prng, 20, 200), () => this.startHeart());
  }

  /** Everything on it is gone in this moment, and what was not synced. */
  powerOff(): void {
    if (!this.powered) return;
    this.#trace(() => 'power off');
    this.#endAgent('silent');
    this.#endHeart();
    this.#settleImpairment();
    this.powered = false;
    this.frozen = false;
    this.memory = undefined;
    this.#world.world.powerOff(this.index);
    for (const observer of this.#world.observers) observer.onPowerOff(this.index);
  }

  /** All processes stand still; the kernel answers for its addresses as long as they live. */
  freeze(): void {
    if (!this.powered || this.frozen) return;
    this.#trace(() => 'frozen');
    this.frozen = true;
    this.#world.world.freeze(this.index);
    this.heart?.stall();
    this.agent?.stall();
  }

  thaw(): void {
    if (!this.frozen) return;
    this.#trace(() => 'thawed');
    this.frozen = false;
    this.#world.world.thaw(this.index, AFTERMATH_MS);
    this.heart?.resume();
    this.agent?.resume();
  }

  killHeart(downMs: number): void {
    if (this.heart === undefined) return;
    this.#trace(() => `heart killed, down for ${Math.round(downMs)} ms`);
    this.#endHeart();
    this.#endAgent('told');
    if (this.#heartDownSinceMs === undefined) {
      this.#heartDownSinceMs = this.#world.queue.now;
      this.#world.world.impair(this.index);
    }
    this.#later(downMs, () => this.startHeart());
  }

  killAgent(): void {
    if (this.agent === undefined) return;
    this.#trace(() => 'agent killed');
    this.#endAgent('told');
    this.#tellAgentDown();
  }

  /** A process stands still for a while (SIGSTOP, swapping, a long collection). */
  stallHeart(ms: number): void {
    const { heart } = this;
    if (heart === undefined) return;
    this.#trace(() => `heart stalls for ${Math.round(ms)} ms`);
    heart.stall();
    if (ms > SHORT_MS) this.#world.world.impair(this.index);
    const boots = this.#boots;
    this.#world.queue.after(ms, () => {
      if (ms > SHORT_MS && boots === this.#boots && this.powered) {
        this.#world.world.repair(this.index, AFTERMATH_MS);
      } else if (ms > SHORT_MS) this.#world.world.repair(this.index, 0);
      if (heart.alive) heart.resume();
    });
  }

  stallAgent(ms: number): void {
    const { agent } = this;
    if (agent === undefined) return;
    this.#trace(() => `agent stalls for ${Math.round(ms)} ms`);
    agent.stall();
    this.#world.queue.after(ms, () => {
      if (agent.alive) agent.resume();
    });
  }

  /** Somebody sets the wall clock. Only display may change by it. */
  stepWallClock(byMs: number): void {
    this.clock.wallOffsetMs += byMs;
    const offsetMs = this.clock.wallOffsetMs;
    this.#trace(() => `wall clock steps by ${Math.round(byMs / 1000)} s`);
    this.agent?.deliver({ kind: 'wall-clock', offsetMs });
  }

  setClockRate(rate: number): void {
    this.clock.setRate(rate);
    this.heart?.arm();
    this.agent?.arm();
  }

  /** Resource agents behave again. */
  healAgents(): void {
    this.quality = goodAgents;
  }

  request(id: number, request: ApiRequest): boolean {
    const { agent } = this;
    if (agent === undefined || agent.stalled) return false;
    agent.deliver({ kind: 'request', id, request });
    return true;
  }

  startHeart(): void {
    if (!this.powered || this.heart !== undefined) return;
    if (this.#heartDownSinceMs !== undefined) {
      const short = this.#world.queue.now - this.#heartDownSinceMs <= SHORT_MS;
      this.#heartDownSinceMs = undefined;
      this.#world.world.repair(this.index, short ? 0 : AFTERMATH_MS);
    }
    this.#heartRun += 1;
    const run = this.#heartRun;
    const machine = this.#world.machines.heart({
      self: this.id,
      run,
      memory: this.memory,
      now: this.clock.now(),
      prng: forkPrng(this.#world.seed, `heart ${this.index} ${run}`),
    });
    this.#trace(() => `heart starts (run ${run})`);
    const surroundings = { queue: this.#world.queue, clock: this.clock, prng: this.#prng };
    this.heart = new HeartProcess(machine, surroundings, {
      send: (to, link, packet) => this.#send(to, link, packet),
      toAgent: (message) => this.#toAgent(message),
      carryOut: (effect) => this.#carryOut(effect),
      trace: (input) => this.#tell('heart <', input),
    });
    if (this.frozen) this.heart.stall();
    this.heart.deliver({ kind: 'wake' });
  }

  #send(to: NodeId, link: LinkId, packet: Packet): void {
    const target = this.#world.indexOf(to);
    const number = this.#world.links.indexOf(link);
    if (target === undefined || number < 0) return;
    this.#world.network.send(this.index, target, number, packet);
  }

  /** Local channel, in order; lost when either end is gone. */
  #toAgent(message: HeartToAgent): void {
    const { agent } = this;
    if (agent === undefined) return;
    this.#tell('heart > agent', message);
    this.#toAgentAt = this.#channelTime(this.#toAgentAt);
    this.#world.queue.call(this.#toAgentAt, () => {
      if (this.agent === agent) agent.deliver({ kind: 'heart', message });
    });
  }

  #toHeart(message: AgentToHeart): void {
    const { heart, agent } = this;
    if (heart === undefined) return;
    this.#toHeartAt = this.#channelTime(this.#toHeartAt);
    this.#world.queue.call(this.#toHeartAt, () => {
      // What a dead agent wrote before its death is still read.
      if (this.heart === heart && (this.agent === agent || this.agent === undefined)) {
        heart.deliver({ kind: 'agent', message });
      }
    });
  }

  #channelTime(last: number): number {
    return Math.max(last, this.#world.queue.now + between(this.#prng, 0.05, 0.4));
  }

  #carryOut(effect: HostEffect): void {
    for (const observer of this.#world.observers) observer.onHeartEffect(this.index, effect);
    if (effect.kind !== 'renew-addresses' && effect.kind !== 'feed-watchdog') {
      this.#tell('heart >', effect);
    }
    const { world } = this.#world;
    switch (effect.kind) {
      case 'start-agent':
        this.#later(between(this.#prng, 80, 350), () => this.#startAgent());
        break;
      case 'kill-agent':
        this.killAgent();
        break;
      case 'open-gate':
        world.openGate(this.index, effect.incarnation);
        break;
      case 'put-down':
        this.#putDown(effect);
        break;
      case 'set-address': {
        const { request, held } = effect;
        world.setAddress(this.index, held.instance, (error) => this.#addressDone(request, error));
        break;
      }
      case 'remove-address': {
        const { request, held } = effect;
        world.removeAddress(this.index, held.instance, () => this.#addressDone(request, undefined));
        break;
      }
      case 'renew-addresses':
        world.renewAddresses(
          this.index,
          effect.held.map((held) => held.instance),
        );
        break;
      case 'remember':
        this.memory = effect.memory;
        break;
      case 'reset-host':
        this.#later(0, () => this.#reset(effect.reason));
        break;
      case 'feed-watchdog':
      case 'note':
        break;
      default:
        unreachable(effect);
    }
  }

  #putDown(effect: Extract<HostEffect, { kind: 'put-down' }>): void {
    const { world } = this.#world;
    const { incarnation, controlGroups } = effect;
    const addresses = effect.addresses.map((held) => held.instance);
    world.putDown(this.index, incarnation, effect.signal, controlGroups, addresses);
    this.#tellHeart(between(this.#prng, 1, 6), () => ({
      kind: 'put-down-progress',
      incarnation,
      left: this.#left(incarnation, controlGroups, addresses),
    }));
  }

  /** What the real gate can see: its own group, the named groups, and the addresses that it removes. */
  #left(
    incarnation: number,
    controlGroups: readonly string[],
    addresses: readonly InstanceId[],
  ): string[] {
    const kernel = this.#world.world.kernel(this.index);
    const things = kernel.reached(incarnation, controlGroups).map((thing) => thing.instance);
    const held = addresses.filter((address) => kernel.holds(address, this.#world.queue.now));
    return [...things, ...held];
  }

  #addressDone(request: number, error: string | undefined): void {
    this.#tellHeart(0.1, () => ({ kind: 'address-done', request, error }));
  }

  #tellHeart(delayMs: number, input: () => HeartInput): void {
    const { heart } = this;
    this.#later(delayMs, () => {
      if (this.heart === heart) heart?.deliver(input());
    });
  }

  #tellAgentDown(): void {
    this.#tellHeart(between(this.#prng, 0.5, 3), () => ({ kind: 'agent-down' }));
  }

  #reset(reason: string): void {
    this.#trace(() => `resets itself: ${reason}`);
    this.powerOff();
    this.#world.queue.after(between(this.#prng, 3000, 8000), () => this.powerOn());
  }

  #startAgent(): void {
    const { heart } = this;
    if (!this.powered || heart === undefined || this.agent !== undefined || this.left) return;
    this.#agentRuns += 1;
    const run = this.#agentRuns;
    this.#trace(() => `agent starts (run ${run})`);
    for (const observer of this.#world.observers) {
      observer.onAgentStart(this.index, this.disk.image);
    }
    const machine = this.#world.machines.node({
      self: this.id,
      version: '0.1.0',
      addresses: this.#addresses,
      disk: readImage(this.disk.image),
      seeds: this.seeds,
      secrets: { datagramKeys: [] },
      prng: forkPrng(this.#world.seed, `agent ${this.index} ${run}`),
      now: this.clock.now(),
      wallOffsetMs: this.clock.wallOffsetMs,
      firstOperation: this.#firstOperation,
    });
    this.#firstOperation += 100_000;
    const surroundings = { queue: this.#world.queue, clock: this.clock, prng: this.#prng };
    const agent: AgentProcess = new AgentProcess(machine, surroundings, {
      runner: this.#makeRunner(() => agent),
      send: (to, message) => {
        const target = this.#world.indexOf(to);
        if (target !== undefined) this.#world.streams.send(this.index, target, message);
      },
      persist: (ticket, write) => this.disk.write(ticket, write),
      toHeart: (message) => this.#toHeart(message),
      peers: (peers) => this.#setPeers(peers),
      respond: (id, response) => this.#world.respond(this.index, id, response),
      end: (reason) => this.#later(0, () => this.#leave(reason)),
      onInput: (input) => {
        for (const observer of this.#world.observers) observer.onNodeInput(this.index, input);
        this.#tell('agent <', input);
      },
      onEffect: (effect) => {
        for (const observer of this.#world.observers) observer.onNodeEffect(this.index, effect);
        this.#tell('agent >', effect);
      },
    });
    this.agent = agent;
    this.#openPorts(agent);
    if (this.frozen) agent.stall();
    heart.deliver({ kind: 'agent-up' });
    agent.deliver({ kind: 'wake' });
  }

  #openPorts(agent: AgentProcess): void {
    this.disk.open({
      persisted: (ticket) => agent.deliver({ kind: 'persisted', ticket }),
      trouble: (reason) => agent.deliver({ kind: 'disk-trouble', reason }),
    });
    const name = (peer: number): NodeId => this.#nameOf(peer);
    this.#world.streams.open(this.index, {
      streamUp: (peer) => agent.deliver({ kind: 'stream', peer: name(peer), up: true }),
      streamDown: (peer) => agent.deliver({ kind: 'stream', peer: name(peer), up: false }),
      message: (peer, message) => agent.deliver({ kind: 'message', from: name(peer), message }),
    });
  }

  #makeRunner(agent: () => AgentProcess): ResourceRunner {
    return new ResourceRunner({
      host: this.index,
      world: this.#world.world,
      prng: this.#prng,
      now: () => this.#world.queue.now,
      quality: () => this.quality,
      outlets: {
        done: (operation, result) => agent().deliver({ kind: 'operation-done', operation, result }),
        ended: (instance, detail) =>
          agent().deliver({ kind: 'ended', instance, detail, certain: this.#prng.chance(0.7) }),
        toHeart: (message) => this.#toHeart(message),
        reaches: (other) =>
          this.#world.network.reaches(this.index, other) &&
          this.#world.network.reaches(other, this.index),
      },
    });
  }

  #setPeers(peers: readonly PeerAddress[]): void {
    const numbers: number[] = [];
    for (const { node } of peers) {
      const number = this.#world.indexOf(node);
      if (number !== undefined && number !== this.index) numbers.push(number);
    }
    this.#world.streams.setPeers(this.index, numbers);
  }

  #leave(reason: string): void {
    this.#trace(() => `agent ends: ${reason}`);
    this.left = true;
    this.#endAgent('told');
    this.#endHeart();
    this.#world.world.powerOff(this.index);
    this.powered = false;
    this.memory = undefined;
  }

  #endAgent(how: 'told' | 'silent'): void {
    const { agent } = this;
    if (agent === undefined) return;
    this.agent = undefined;
    agent.end();
    agent.runner.end();
    this.disk.crash();
    this.#world.streams.close(this.index, how);
  }

  #endHeart(): void {
    this.heart?.end();
    this.heart = undefined;
  }

  #settleImpairment(): void {
    if (this.frozen) this.#world.world.repair(this.index, 0);
    if (this.#heartDownSinceMs === undefined) return;
    this.#heartDownSinceMs = undefined;
    this.#world.world.repair(this.index, 0);
  }

  #newClock(): HostClock {
    const own = between(this.#prng, 1_000, 1_000_000);
    const drift = this.#world.driftMax * (2 * this.#prng.fraction() - 1);
    const wall = 1_700_000_000_000 + between(this.#prng, -5000, 5000) - own;
    return new HostClock(this.#world.queue, own, 1 + drift, wall + this.#world.queue.now);
  }

  #later(ms: number, action: () => void): void {
    this.#world.world.onHost(this.index, ms, action);
  }

  #nameOf(peer: number): NodeId {
    const name = this.#world.names[peer];
    assert(name !== undefined, `no host ${peer}`);
    return name;
  }

  #tell(prefix: string, item: { readonly kind: string }): void {
    this.#world.trace(this.index, () => traceText(prefix, item));
  }

  #trace(text: () => string): void {
    this.#world.trace(this.index, text);
  }
}

/** Where a host listens: one address on each link. */
export function addressesOf(index: number, links: readonly LinkId[]): MemberAddress[] {
  return links.map((link, number) => ({
    link: linkId(link),
    host: `10.0.${number}.${index + 1}`,
    port: 7000,
  }));
}

export function describeActivation(change: Activation): string {
  return `${change.active ? '+' : '-'} ${change.instance} (${change.why})`;
}
