import { addMs, type Instant, instant } from '../../../src/base/instant.ts';
import { Prng } from '../../../src/base/prng.ts';
import { Heart } from '../../../src/core/membership/heart.ts';
import type {
  HeartEffect,
  HeartInput,
  HeartMemory,
  HeartNote,
} from '../../../src/core/membership/heart-machine.ts';
import type {
  AgentToHeart,
  HeartTiming,
  HeartToAgent,
  HeldPromise,
} from '../../../src/core/membership/heart-protocol.ts';
import type { Packet } from '../../../src/core/membership/packet.ts';
import { type LinkId, linkId, type NodeId, nodeId } from '../../../src/model/ids.ts';

export const calmTiming: HeartTiming = {
  intervalMs: 100,
  detectMinMs: 500,
  detectMaxMs: 5000,
  selfStopMs: 500,
  marginMs: 15,
  agentGraceMs: 5000,
};

/** What a test may bend: the machine under test, or what passes between machines. */
export interface WorldOptions {
  readonly nodes: readonly string[];
  readonly links?: readonly string[];
  readonly voters?: readonly string[];
  readonly timing?: HeartTiming;
  readonly seed?: number;
  /** Clock rates, by node; 1 where nothing is said. */
  readonly rates?: Readonly<Record<string, number>>;
  /** Undefined: lost. Otherwise the delay in ms of true time. */
  readonly carry?: (from: NodeId, to: NodeId, link: LinkId, packet: Packet) => number | undefined;
  /** Changes a packet at its arrival, for mutations. */
  readonly bend?: (packet: Packet, from: NodeId, to: NodeId) => Packet;
  readonly onLeaseLost?: 'stop' | 'keep';
  /** A bug: each heart believes that it was started this much earlier. */
  readonly startedAgoMs?: number;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** One host: its clock, its heart, and an agent that answers as it should. */
export interface Host {
  readonly id: NodeId;
  readonly rate: number;
  readonly offset: number;
  heart: Heart;
  run: number;
  up: boolean;
  frozenUntil: number;
  memory: HeartMemory | undefined;
  agentUp: boolean;
  agentAnswers: boolean;
  incarnation: number;
  putDownMs: number | undefined;
  /** Inputs that wait while the host is frozen. */
  waiting: HeartInput[];
  timerAt: number;
  readonly notes: { readonly at: number; readonly note: HeartNote }[];
  readonly told: { readonly at: number; readonly message: HeartToAgent }[];
  readonly effects: { readonly at: number; readonly effect: HeartEffect }[];
  readonly promises: Map<NodeId, HeldPromise>;
}

/** Some hearts on one network, in virtual true time (ms). */
export class HeartWorld {
  readonly hosts: Map<NodeId, Host> = new Map();
  readonly options: WorldOptions;
  readonly prng: Prng;
  readonly links: readonly LinkId[];
  readonly timing: HeartTiming;
  voters: readonly NodeId[];
  configuration = 1;
  now = 0;
  steps = 0;
  carry: NonNullable<WorldOptions['carry']>;
  /** Called after each step of any heart. */
  onStep: (host: Host) => void = () => {};
  /** Called with each word of a heart to its agent. */
  onTold: (host: Host, message: HeartToAgent) => void = () => {};
  /** Called when a voter has promised (R4). */
  onPromise: (voter: Host, promise: HeldPromise) => void = () => {};
  #queue: Event[] = [];
  #order = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.prng = new Prng(options.seed ?? 1);
    this.links = (options.links ?? ['net0', 'net1']).map(linkId);
    this.timing = options.timing ?? calmTiming;
    this.voters = (options.voters ?? options.nodes).map(nodeId);
    this.carry = options.carry ?? (() => 0.2);
    options.nodes.forEach((name, index) => {
      this.#addHost(nodeId(name), index);
    });
  }

  host(name: string): Host {
    const host = this.hosts.get(nodeId(name));
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }

  localNow(host: Host): Instant {
    return instant(host.offset + this.now * host.rate);
  }

  /** Whether the lease of a host stands by its own clock, awake or not. */
  leaseStands(host: Host): boolean {
    return host.up && this.localNow(host) < host.heart.leaseUntil;
  }

  after(ms: number, run: () => void): void {
    this.#order += 1;
    const event = { at: this.now + ms, order: this.#order, run };
    const queue = this.#queue;
    let low = 0;
    let high = queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = queue[middle];
      if (other !== undefined && other.at > event.at) low = middle + 1;
      else high = middle;
    }
    queue.splice(low, 0, event);
  }

  runFor(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.#queue.at(-1);
      if (next === undefined || next.at > end) break;
      this.#queue.pop();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }

  runUntil(done: () => boolean, limitMs: number): boolean {
    const end = this.now + limitMs;
    while (!done()) {
      const next = this.#queue.at(-1);
      if (next === undefined || next.at > end) return false;
      this.#queue.pop();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    return true;
  }

  input(host: Host, input: HeartInput): void {
    if (!host.up) return;
    if (this.now < host.frozenUntil) {
      host.waiting.push(input);
      return;
    }
    const now = this.localNow(host);
    const effects = host.heart.step(input, now);
    const deadline = host.heart.deadline() ?? Number.POSITIVE_INFINITY;
    if (input.kind === 'wake' && deadline <= now) throw new Error(`${host.id} never sleeps`);
    this.steps += 1;
    host.heart.assertInvariants(now);
    for (const effect of effects) this.#perform(host, effect);
    this.onStep(host);
    this.#arm(host);
  }

  say(host: Host, message: AgentToHeart): void {
    if (host.agentUp) this.input(host, { kind: 'agent', message });
  }

  powerOff(name: string): void {
    const host = this.host(name);
    host.up = false;
    host.agentUp = false;
    host.waiting = [];
  }

  /** A new run of the heart; with its memory on the same boot, without after a power cycle. */
  startHeart(name: string, sameBoot: boolean): void {
    const host = this.host(name);
    host.up = true;
    host.agentUp = false;
    host.run += 1;
    host.heart = this.#newHeart(host, sameBoot ? host.memory : undefined);
    this.input(host, { kind: 'wake' });
  }

  /** Nothing of the host runs for a while, then everything that waited is read. */
  freeze(name: string, ms: number): void {
    const host = this.host(name);
    host.frozenUntil = this.now + ms;
    this.after(ms, () => {
      const { waiting } = host;
      host.waiting = [];
      for (const input of waiting) if (input.kind !== 'wake') this.input(host, input);
      this.input(host, { kind: 'wake' });
    });
  }

  stopAgent(name: string, answers = true): void {
    const host = this.host(name);
    host.agentUp = false;
    host.agentAnswers = answers;
    this.input(host, { kind: 'agent-down' });
  }

  /** The log has a new incarnation for a node; every host applies it at once. */
  join(name: string): number {
    const host = this.host(name);
    host.incarnation = Math.max(...[...this.hosts.values()].map((other) => other.incarnation)) + 1;
    this.#tellFacts(host, false);
    return host.incarnation;
  }

  /** The log says that the present incarnation of a node is lost; every host applies it at once. */
  declareLost(name: string): void {
    this.#tellFacts(this.host(name), true);
  }

  #tellFacts(about: Host, lost: boolean): void {
    const members = [{ node: about.id, incarnation: about.incarnation, lost }];
    for (const host of this.hosts.values()) {
      this.say(host, { kind: 'applied', index: about.incarnation, members });
    }
  }

  #addHost(id: NodeId, index: number): void {
    const host: Host = {
      id,
      rate: this.options.rates?.[id] ?? 1,
      offset: 1000 * (index + 1),
      heart: new Heart({ self: id, run: 1, memory: undefined, now: instant(0), prng: this.prng }),
      run: 1,
      up: true,
      frozenUntil: -1,
      memory: undefined,
      agentUp: false,
      agentAnswers: true,
      incarnation: index + 1,
      putDownMs: 20,
      waiting: [],
      timerAt: Number.POSITIVE_INFINITY,
      notes: [],
      told: [],
      effects: [],
      promises: new Map(),
    };
    host.heart = this.#newHeart(host, undefined);
    this.hosts.set(id, host);
    this.after(0, () => this.input(host, { kind: 'wake' }));
  }

  #newHeart(host: Host, memory: HeartMemory | undefined): Heart {
    host.timerAt = Number.POSITIVE_INFINITY;
    const now = addMs(this.localNow(host), -(this.options.startedAgoMs ?? 0));
    return new Heart({ self: host.id, run: host.run, memory, now, prng: new Prng(host.run) });
  }

  #arm(host: Host): void {
    const deadline = host.heart.deadline();
    if (deadline === undefined) return;
    // Rounding must not wake it a breath before its deadline, again and again.
    const exact = Math.max(this.now, (deadline - host.offset) / host.rate);
    const at = host.offset + exact * host.rate < deadline ? exact + 1e-6 : exact;
    if (at >= host.timerAt && host.timerAt > this.now) return;
    host.timerAt = at;
    const { run } = host;
    this.after(at - this.now, () => {
      if (host.run !== run || host.timerAt !== at) return;
      host.timerAt = Number.POSITIVE_INFINITY;
      this.input(host, { kind: 'wake' });
    });
  }

  #perform(host: Host, effect: HeartEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(host, effect.to, effect.link, effect.packet);
        return;
      case 'note':
        host.notes.push({ at: this.now, note: effect.note });
        return;
      case 'agent':
        this.#tellAgent(host, effect.message);
        return;
      case 'start-agent':
        if (host.agentAnswers) this.after(0, () => this.#startAgent(host));
        return;
      case 'remember':
        host.memory = effect.memory;
        return;
      case 'put-down':
        host.effects.push({ at: this.now, effect });
        this.#putDown(host, effect.incarnation);
        return;
      case 'set-address':
      case 'remove-address':
        host.effects.push({ at: this.now, effect });
        this.after(1, () =>
          this.input(host, { kind: 'address-done', request: effect.request, error: undefined }),
        );
        return;
      default:
        host.effects.push({ at: this.now, effect });
    }
  }

  #putDown(host: Host, incarnation: number): void {
    if (host.putDownMs === undefined) return;
    this.after(host.putDownMs, () =>
      this.input(host, { kind: 'put-down-progress', incarnation, left: [] }),
    );
  }

  #send(from: Host, to: NodeId, link: LinkId, packet: Packet): void {
    const delayMs = this.carry(from.id, to, link, packet);
    const target = this.hosts.get(to);
    if (delayMs === undefined || target === undefined) return;
    this.after(delayMs, () => {
      const bent = this.options.bend?.(packet, from.id, to) ?? packet;
      this.input(target, { kind: 'packet', from: from.id, link, packet: bent });
    });
  }

  #startAgent(host: Host): void {
    if (!host.up) return;
    this.input(host, { kind: 'agent-up' });
    host.agentUp = true;
    const { timing } = this;
    const peers = [...this.hosts.keys()].map((node) => ({
      node,
      addresses: this.links.map((link) => ({ link, host: '127.0.0.1', port: 1 })),
    }));
    const members = [...this.hosts.values()].map((other) => ({
      node: other.id,
      incarnation: other.incarnation,
      lost: false,
    }));
    this.say(host, { kind: 'hello', promises: [...host.promises.values()], floor: 0 });
    const onLeaseLost = this.options.onLeaseLost ?? 'stop';
    this.say(host, { kind: 'configure', peers, timing, onLeaseLost });
    this.say(host, { kind: 'voters', configuration: this.configuration, voters: this.voters });
    this.say(host, { kind: 'applied', index: 10, members });
    this.say(host, { kind: 'guard', version: 1, entries: [] });
  }

  #tellAgent(host: Host, message: HeartToAgent): void {
    if (!host.agentUp || !host.up) return;
    host.told.push({ at: this.now, message });
    this.onTold(host, message);
    if (message.kind === 'ping' && host.agentAnswers) {
      this.after(0.1, () => this.say(host, { kind: 'pong', ping: message.ping }));
    }
    if (message.kind === 'promised') {
      host.promises.set(message.node, message);
      this.onPromise(host, message);
    }
  }
}

/** Local time of an instant in a world, for messages in tests. */
export function later(at: Instant, ms: number): Instant {
  return addMs(at, ms);
}
