import { Prng } from '../../../src/base/prng.ts';
import type { Packet } from '../../../src/core/membership/packet.ts';
import type { LinkId, NodeId } from '../../../src/model/ids.ts';
import { calmTiming, HeartWorld, type Host } from './heart-world.ts';

/** Deliberate bugs, each a trap or a hole of the model. */
export type Mutation =
  | 'none'
  /** Trap 1: a restarted voter has forgotten its promises. */
  | 'promises-forgotten'
  /** Trap 1: a restarted voter makes statements at once. */
  | 'no-silence-after-start'
  /** Trap 3: the lease counts from the receipt of the ack. */
  | 'from-receipt'
  /** Trap 4: acks go on after the promise. */
  | 'ack-after-promise'
  /** Trap 9: the node in question counts among the promises. */
  | 'self-promise'
  /** Trap 10: the voter honours less than it granted. */
  | 'short-silence';

interface Regime {
  readonly loss: number;
  readonly delayMaxMs: number;
}

/**
 * One random schedule under one seed: loss, delay, cuts, stalls, restarts and drift, while a leader asks again and
 * again for promises about one node. Returns what went wrong: a lease that still stood, by its holder's own clock,
 * when a majority of the voters had promised it away.
 */
export function runSchedule(seed: number, mutation: Mutation): string | undefined {
  return new Schedule(seed, mutation).run();
}

class Schedule {
  readonly #prng: Prng;
  readonly #mutation: Mutation;
  readonly #world: HeartWorld;
  readonly #x: Host;
  readonly #cuts = new Map<string, number>();
  #regime: Regime = { loss: 0, delayMaxMs: 2 };
  #round = 0;
  #promised = new Set<NodeId>();
  #gathered: number | undefined;
  /** Of the newest round that the node in question sent. */
  #sequence = 0;
  #problem: string | undefined;

  constructor(seed: number, mutation: Mutation) {
    const prng = new Prng(seed);
    this.#prng = prng;
    this.#mutation = mutation;
    const nodes = ['x', 'a', 'b', ...(prng.chance(0.3) ? ['c', 'd'] : [])];
    const learner = nodes.length === 3 && prng.chance(0.3);
    const rate = (): number => 1 + (prng.fraction() - 0.5) * 0.002;
    this.#world = new HeartWorld({
      nodes: learner ? [...nodes, 'c'] : nodes,
      voters: learner ? ['a', 'b', 'c'] : nodes,
      seed: prng.uint32(),
      timing: { ...calmTiming, detectMaxMs: 2000, agentGraceMs: 60_000 },
      rates: Object.fromEntries(['x', 'a', 'b', 'c', 'd'].map((name) => [name, rate()])),
      carry: (from, to, link, packet) => this.#carry(from, to, link, packet),
      bend: (packet, _from, to) => this.#bend(packet, to),
      startedAgoMs: mutation === 'no-silence-after-start' ? 60_000 : 0,
    });
    this.#x = this.#world.host('x');
    this.#world.onPromise = (voter, promise) => {
      if (promise.round === this.#round) this.#count(voter.id);
    };
    this.#world.onStep = (host) => {
      if (host === this.#x) this.#check('the holder gained it again');
    };
  }

  run(): string | undefined {
    const world = this.#world;
    world.runFor(2500);
    while (world.now < 40_000 && this.#problem === undefined) {
      this.#act();
      world.runFor(this.#prng.integer(20, 400));
      this.#check('it still stood');
      this.#rejoin();
    }
    return this.#problem;
  }

  #carry(from: NodeId, to: NodeId, link: LinkId, packet: Packet): number | undefined {
    if (from === this.#x.id && packet.kind === 'heartbeat') this.#sequence = packet.sequence;
    if ((this.#cuts.get(`${from} ${to} ${link}`) ?? 0) > this.#world.now) return undefined;
    if (this.#prng.chance(this.#regime.loss)) return undefined;
    const late = this.#prng.chance(0.02) ? 10 : 1;
    return 0.1 + this.#prng.fraction() * this.#regime.delayMaxMs * late;
  }

  #bend(packet: Packet, to: NodeId): Packet {
    if (packet.kind === 'heartbeat' || to !== this.#x.id) return packet;
    const grantMs = packet.grantMs === 0 ? calmTiming.detectMinMs : packet.grantMs;
    switch (this.#mutation) {
      case 'ack-after-promise':
        return packet.refusal?.kind === 'promised'
          ? { ...packet, grantMs, refusal: undefined }
          : packet;
      case 'short-silence':
        return { ...packet, grantMs: packet.grantMs * 2 };
      case 'from-receipt':
        return { ...packet, sequence: this.#sequence };
      default:
        return packet;
    }
  }

  #act(): void {
    const prng = this.#prng;
    const choice = prng.integer(0, 11);
    if (choice <= 2) this.#ask();
    else if (choice === 3) this.#giveUp();
    else if (choice <= 6) this.#cut();
    else if (choice === 7) {
      const name = prng.pick(this.#names());
      this.#world.freeze(name, prng.integer(50, 1500));
    } else if (choice === 8) this.#restart();
    else if (choice === 9) {
      this.#regime = { loss: prng.fraction() * 0.4, delayMaxMs: prng.pick([2, 20, 200, 600]) };
    } else this.#regime = { loss: 0, delayMaxMs: 2 };
  }

  #names(): readonly NodeId[] {
    return [...this.#world.hosts.keys()];
  }

  #ask(): void {
    if (this.#gathered !== undefined) return;
    this.#round += 1;
    this.#promised = new Set();
    const { incarnation } = this.#x;
    for (const voter of this.#world.voters) {
      const host = this.#world.host(voter);
      // Trap 9: the node in question promises against itself and goes on counting itself.
      if (host === this.#x && this.#mutation === 'self-promise') this.#count(host.id);
      const promise = { node: this.#x.id, incarnation, term: 1, round: this.#round };
      this.#world.say(host, { ...promise, kind: 'promise' });
    }
  }

  /** R5a: only before a majority is gathered. */
  #giveUp(): void {
    if (this.#gathered !== undefined || this.#round === 0) return;
    this.#round += 1;
    this.#promised = new Set();
    const { id: node, incarnation } = this.#x;
    for (const voter of this.#world.voters) {
      const host = this.#world.host(voter);
      if (!host.agentUp || this.#world.now < host.frozenUntil) continue;
      host.promises.delete(node);
      this.#world.say(host, { kind: 'release', node, incarnation });
    }
  }

  #cut(): void {
    const prng = this.#prng;
    const until = this.#world.now + prng.integer(100, 4000);
    const one = prng.chance(0.7) ? this.#x.id : prng.pick(this.#names());
    const both = prng.chance(0.6);
    for (const other of this.#names()) {
      if (prng.chance(0.3)) continue;
      for (const link of this.#world.links) {
        this.#cuts.set(`${one} ${other} ${link}`, until);
        if (both) this.#cuts.set(`${other} ${one} ${link}`, until);
      }
    }
  }

  #restart(): void {
    const prng = this.#prng;
    const name = prng.pick(this.#names());
    const host = this.#world.host(name);
    if (!host.up || this.#world.now < host.frozenUntil) return;
    if (this.#mutation === 'promises-forgotten') host.promises.clear();
    if (prng.chance(0.5)) this.#world.startHeart(name, true);
    else {
      this.#world.powerOff(name);
      this.#world.after(prng.integer(50, 3000), () => this.#world.startHeart(name, false));
    }
  }

  #count(voter: NodeId): void {
    if (this.#gathered !== undefined) return;
    this.#promised.add(voter);
    if (this.#promised.size * 2 <= this.#world.voters.length) return;
    this.#gathered = this.#world.now;
    this.#check('it still stood');
  }

  #check(what: string): void {
    if (this.#gathered === undefined || !this.#x.up) return;
    const leftMs = this.#x.heart.leaseUntil - this.#world.localNow(this.#x);
    // R16: one margin for the drift of the clocks.
    if (leftMs <= this.#world.timing.marginMs) return;
    this.#problem ??=
      `at ${this.#world.now.toFixed(1)} ms a majority had promised ` +
      `(x, ${this.#x.incarnation}) away, and ${what} for ${leftMs.toFixed(1)} ms`;
  }

  /** The loss is committed and applied; then the node, all down, joins anew. */
  #rejoin(): void {
    if (this.#gathered === undefined || this.#world.now < this.#gathered + 1200) return;
    if (!this.#x.agentUp) return;
    this.#gathered = undefined;
    this.#promised = new Set();
    this.#round += 1;
    this.#world.join('x');
    for (const host of this.#world.hosts.values()) host.promises.clear();
  }
}
