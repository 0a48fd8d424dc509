import { Prng } from '../../../src/base/prng.ts';
import type { HeartToAgent, HeldPromise } from '../../../src/core/membership/heart-protocol.ts';
import { LossRounds } from '../../../src/core/membership/loss.ts';
import type { MembershipMessage } from '../../../src/core/membership/membership-message.ts';
import { PromiseBook, type PromiseEffect } from '../../../src/core/membership/promise-book.ts';
import { Takeover } from '../../../src/core/membership/takeover.ts';
import { type NodeId, nodeId } from '../../../src/model/ids.ts';
import { calmTiming, HeartWorld, type Host } from './heart-world.ts';

/** Deliberate bugs of leaders and of the voters' books. */
export type LossMutation =
  | 'none'
  /** R5b: a promise ends with the newer term, before an entry of it is applied. */
  | 'release-at-new-term'
  /** R7: takes over as soon as the loss is committed. */
  | 'no-stop-wait'
  /** R4: the promise is said before it is on disk. */
  | 'say-before-disk'
  /** R5c: the promise leaves the disk as soon as the loss is applied. */
  | 'forget-when-applied'
  /** R6: a leader counts promises made to the term before. */
  | 'older-term-counts'
  /** R5a: a round is released though lost was appended. */
  | 'release-after-append';

interface Entry {
  readonly index: number;
  readonly term: number;
  readonly kind: 'no-op' | 'lost' | 'down' | 'join';
  readonly node: NodeId;
  readonly incarnation: number;
}

/** One agent: a Raft log seen from outside, and the machines under test. */
interface Agent {
  readonly host: Host;
  book: PromiseBook;
  rounds: LossRounds;
  takeover: Takeover;
  applied: number;
  disk: readonly HeldPromise[];
  diskAt: number;
  leads: number | undefined;
  tail: Entry[];
  life: number;
}

/**
 * A cluster under one seed whose hearts, books, rounds and take-overs are real and whose log is played by hand: leaders
 * come and go, are paused and do not know of their successors, entries that were appended may be committed later or
 * never. Returns what went wrong: a lost incarnation that may still run something when its loss was taken for complete.
 */
export function runLossSchedule(seed: number, mutation: LossMutation): LossOutcome {
  return new LossSchedule(seed, mutation).run();
}

export interface LossOutcome {
  readonly problem: string | undefined;
  /** Completed take-overs, so that a test can tell that it saw some. */
  readonly takeovers: number;
  readonly releases: number;
}

class LossSchedule {
  readonly #prng: Prng;
  readonly #mutation: LossMutation;
  readonly #world: HeartWorld;
  readonly #agents = new Map<NodeId, Agent>();
  readonly #committed: Entry[] = [];
  readonly #cuts = new Map<string, number>();
  readonly #x: Host;
  #loss = 0;
  #term = 0;
  #leader: Agent | undefined;
  #downUpTo = 0;
  #takeovers = 0;
  #releases = 0;
  #problem: string | undefined;

  constructor(seed: number, mutation: LossMutation) {
    const prng = new Prng(seed);
    this.#prng = prng;
    this.#mutation = mutation;
    const learner = prng.chance(0.5);
    this.#world = new HeartWorld({
      nodes: learner ? ['x', 'a', 'b', 'c'] : ['x', 'a', 'b'],
      voters: learner ? ['a', 'b', 'c'] : ['x', 'a', 'b'],
      seed: prng.uint32(),
      timing: { ...calmTiming, detectMaxMs: 1000 },
      carry: (from, to, link) => {
        if ((this.#cuts.get(`${from} ${to} ${link}`) ?? 0) > this.#world.now) return undefined;
        return prng.chance(this.#loss) ? undefined : 0.1 + prng.fraction() * 10;
      },
    });
    this.#x = this.#world.host('x');
    for (const host of this.#world.hosts.values()) this.#agents.set(host.id, this.#agent(host));
    this.#world.onTold = (host, message) => this.#told(host, message);
    this.#world.onStep = () => this.#check();
  }

  run(): LossOutcome {
    this.#world.runFor(1500);
    while (this.#world.now < 40_000 && this.#problem === undefined) {
      this.#act();
      this.#world.runFor(this.#prng.integer(20, 300));
      for (const agent of this.#agents.values()) if (this.#prng.chance(0.7)) this.#apply(agent);
      if (this.#prng.chance(0.7)) this.#commit();
      this.#tick();
      this.#rejoin();
    }
    return { problem: this.#problem, takeovers: this.#takeovers, releases: this.#releases };
  }

  #agent(host: Host): Agent {
    return {
      host,
      book: new PromiseBook([], this.#world.localNow(host)),
      rounds: new LossRounds(host.id, 4000),
      takeover: new Takeover(),
      applied: 0,
      disk: [],
      diskAt: 0,
      leads: undefined,
      tail: [],
      life: 0,
    };
  }

  #act(): void {
    const prng = this.#prng;
    const choice = prng.integer(0, 12);
    if (choice <= 1 || this.#leader === undefined) this.#elect();
    else if (choice <= 4) this.#cut();
    else if (choice === 5) {
      this.#world.freeze(prng.pick([...this.#agents.keys()]), prng.integer(50, 1500));
    } else if (choice <= 9) this.#reboot(prng.pick([...this.#agents.values()]));
    else this.#loss = prng.chance(0.5) ? 0 : 0.3;
  }

  #cut(): void {
    const until = this.#world.now + this.#prng.integer(300, 3000);
    const one = this.#prng.chance(0.7) ? this.#x.id : this.#prng.pick([...this.#agents.keys()]);
    for (const other of this.#agents.keys()) {
      if (this.#prng.chance(0.2)) continue;
      for (const link of this.#world.links) {
        this.#cuts.set(`${one} ${other} ${link}`, until);
        this.#cuts.set(`${other} ${one} ${link}`, until);
      }
    }
  }

  /** The old leader may not know of it; what it appended may live on in the log of the new one. */
  #elect(): void {
    const able = this.#world.voters
      .map((voter) => this.#get(voter))
      .filter((agent) => agent.host.up && agent.host.agentUp);
    if (able.length === 0) return;
    const old = this.#leader;
    const next = this.#prng.pick(able);
    this.#term += 1;
    const inherited = old !== undefined && this.#prng.chance(0.6) ? [...old.tail] : [];
    if (old !== undefined && (old === next || this.#prng.chance(0.6))) this.#depose(old);
    this.#leader = next;
    next.leads = this.#term;
    const noop = { term: this.#term, kind: 'no-op', node: next.host.id, incarnation: 0 } as const;
    next.tail = [...inherited, { ...noop, index: 0 }];
    for (const agent of this.#agents.values()) {
      this.#book(agent, (book, now) => book.step({ kind: 'leader', leader: next.host.id }, now));
      if (this.#mutation === 'release-at-new-term') this.#applyTerm(agent, this.#term);
    }
    const voters = this.#world.voters;
    this.#rounds(next, { kind: 'voters', voters });
    this.#takeover(next, { kind: 'margin', marginMs: calmTiming.marginMs });
    this.#members(next);
    this.#takeover(next, { kind: 'lead' });
    this.#rounds(next, { kind: 'lead', term: this.#term });
  }

  #depose(agent: Agent): void {
    agent.leads = undefined;
    agent.tail = [];
    this.#rounds(agent, { kind: 'follow' });
    this.#takeover(agent, { kind: 'follow' });
  }

  /** Only the newest leader commits, and an entry of an earlier term only together with its own no-op. */
  #commit(): void {
    const leader = this.#leader;
    if (leader === undefined || !leader.host.up || this.#world.now < leader.host.frozenUntil)
      return;
    for (const entry of leader.tail) {
      this.#committed.push({ ...entry, index: this.#committed.length + 1 });
      if (entry.kind === 'down') this.#down(entry);
      if (entry.kind === 'join') this.#x.incarnation = this.#committed.length + 10;
    }
    leader.tail = [];
    this.#apply(leader);
  }

  #down(entry: Entry): void {
    if (entry.incarnation <= this.#downUpTo) return;
    this.#downUpTo = entry.incarnation;
    this.#takeovers += 1;
    this.#check();
  }

  /** Nothing of an incarnation runs once that is committed: its lease ended S ago, and it gains none again. */
  #check(): void {
    const { heart, up } = this.#x;
    const { incarnation } = heart;
    if (!up || incarnation > this.#downUpTo) return;
    const overForMs = this.#world.localNow(this.#x) - heart.leaseUntil;
    if (overForMs + calmTiming.marginMs >= calmTiming.selfStopMs) return;
    this.#problem ??= `at ${this.#world.now.toFixed(1)} ms: the loss of (x, ${incarnation}) was complete, its lease over for ${overForMs.toFixed(1)} ms`;
  }

  #apply(agent: Agent): void {
    if (!agent.host.up || !agent.host.agentUp || this.#world.now < agent.host.frozenUntil) return;
    while (agent.applied < this.#committed.length) {
      const entry = this.#committed[agent.applied];
      if (entry === undefined) break;
      agent.applied += 1;
      this.#applyEntry(agent, entry);
    }
  }

  #applyEntry(agent: Agent, entry: Entry): void {
    const { node, index, term } = entry;
    const incarnation = entry.kind === 'join' ? index + 10 : entry.incarnation;
    const ended = entry.kind === 'lost' ? [{ node, incarnation }] : [];
    if (entry.kind === 'join') ended.push({ node, incarnation: incarnation - 1 });
    if (entry.kind === 'lost' || entry.kind === 'join') {
      const members = [{ node, incarnation, lost: entry.kind === 'lost' }];
      this.#world.say(agent.host, { kind: 'applied', index: index + 10, members });
    }
    this.#book(agent, (book, now) => book.step({ kind: 'applied', index, term, ended }, now));
    if (this.#mutation === 'forget-when-applied') {
      this.#book(agent, (book, now) => book.step({ kind: 'reloads', index }, now));
    }
    const { selfStopMs } = calmTiming;
    if (entry.kind === 'lost')
      this.#takeover(agent, { kind: 'lost', node, incarnation, selfStopMs });
    if (entry.kind === 'join') {
      this.#takeover(agent, { kind: 'settled', node, incarnation: incarnation - 1 });
    }
    if (entry.kind === 'down') this.#takeover(agent, { kind: 'settled', node, incarnation });
    this.#members(agent);
  }

  #applyTerm(agent: Agent, term: number): void {
    this.#book(agent, (book, now) =>
      book.step({ kind: 'applied', index: 0, term, ended: [] }, now),
    );
  }

  #members(agent: Agent): void {
    const log = this.#committed.slice(0, agent.applied);
    const last = log.findLast((entry) => entry.kind === 'lost' || entry.kind === 'join');
    const own = last === undefined || last.kind === 'join';
    const incarnation = last === undefined ? 1 : last.index + 10;
    const members = own ? [{ node: this.#x.id, incarnation }] : [];
    this.#rounds(agent, { kind: 'members', members });
  }

  /** Power-cycled: the heart and the agent come back with what is on disk. */
  #reboot(agent: Agent): void {
    const { host } = agent;
    if (!host.up || this.#world.now < host.frozenUntil) return;
    if (this.#leader === agent) this.#leader = undefined;
    this.#depose(agent);
    agent.life += 1;
    this.#world.powerOff(host.id);
    this.#world.after(this.#prng.chance(0.6) ? 30 : 2000, () => {
      const now = this.#world.localNow(host);
      agent.book = new PromiseBook(agent.disk, now);
      agent.rounds = new LossRounds(host.id, 4000);
      agent.takeover = new Takeover();
      agent.applied = 0; // Known to be committed only when a leader says so.
      host.promises.clear();
      for (const promise of agent.disk) host.promises.set(promise.node, promise);
      this.#world.startHeart(host.id, false);
    });
  }

  /** R12: x knows of its loss, is all down, and asks the leader to join. */
  #rejoin(): void {
    const leader = this.#leader;
    const agent = this.#get(this.#x.id);
    if (leader === undefined || this.#x.incarnation > this.#downUpTo || !this.#x.agentUp) return;
    if (agent.applied < this.#committed.length || this.#prng.chance(0.9)) return;
    if (leader.tail.some((entry) => entry.kind === 'join')) return;
    if (this.#world.leaseStands(this.#x)) return;
    leader.tail.push({
      index: 0,
      term: this.#term,
      kind: 'join',
      node: this.#x.id,
      incarnation: 0,
    });
  }

  #told(host: Host, message: HeartToAgent): void {
    const agent = this.#get(host.id);
    switch (message.kind) {
      case 'view':
        this.#rounds(agent, { kind: 'view', view: message.view });
        break;
      case 'promised':
        this.#book(agent, (book, now) =>
          book.step({ kind: 'promised', promise: named(message) }, now),
        );
        break;
      case 'heard':
        this.#book(agent, (book, now) =>
          book.step({ kind: 'heard', promise: named(message) }, now),
        );
        break;
      case 'hello': {
        const { promises } = message;
        this.#book(agent, (book, now) => book.step({ kind: 'heart-hello', promises }, now));
        break;
      }
    }
  }

  #tick(): void {
    for (const agent of this.#agents.values()) {
      if (!agent.host.agentUp || this.#world.now < agent.host.frozenUntil) continue;
      this.#rounds(agent, { kind: 'wake' });
      this.#takeover(agent, { kind: 'wake' });
      this.#book(agent, (book, now) => book.step({ kind: 'wake' }, now));
    }
  }

  #book(
    agent: Agent,
    run: (book: PromiseBook, now: ReturnType<HeartWorld['localNow']>) => readonly PromiseEffect[],
  ): void {
    const { life } = agent;
    for (const effect of run(agent.book, this.#world.localNow(agent.host))) {
      if (effect.kind === 'send') this.#send(agent, effect.to, effect.message);
      else if (effect.kind === 'heart') {
        this.#world.after(0.05, () => {
          if (agent.life === life) this.#world.say(agent.host, effect.message);
        });
      } else {
        const early = this.#mutation === 'say-before-disk';
        const done = (): void => {
          if (agent.life !== life) return;
          this.#book(agent, (book, now) =>
            book.step({ kind: 'persisted', ticket: effect.ticket }, now),
          );
        };
        if (early) this.#world.after(0, done);
        const doneAt = this.#world.now + this.#prng.integer(1, early ? 600 : 60);
        agent.diskAt = Math.max(agent.diskAt, doneAt); // In the order of the tickets.
        this.#world.after(agent.diskAt - this.#world.now, () => {
          if (agent.life !== life) return;
          agent.disk = effect.promises;
          if (!early) done();
        });
      }
    }
  }

  #rounds(agent: Agent, input: Parameters<LossRounds['step']>[0]): void {
    for (const effect of agent.rounds.step(input, this.#world.localNow(agent.host))) {
      if (effect.kind === 'send') this.#send(agent, effect.to, effect.message);
      else if (effect.kind === 'append-lost') {
        const { node, incarnation } = effect;
        if (agent.leads === undefined) continue;
        agent.tail.push({ index: 0, term: agent.leads, kind: 'lost', node, incarnation });
        this.#takeover(agent, { kind: 'gathered', node, incarnation });
        if (this.#mutation === 'release-after-append') this.#releaseAll(agent, node, incarnation);
      } else if (effect.note.kind === 'round-given-up') this.#releases += 1;
    }
  }

  #releaseAll(agent: Agent, node: NodeId, incarnation: number): void {
    const named = { node, incarnation, term: agent.leads ?? 0, round: 1000 };
    for (const to of this.#world.voters)
      this.#send(agent, to, { ...named, kind: 'promise-release' });
  }

  #takeover(agent: Agent, input: Parameters<Takeover['step']>[0]): void {
    const early = this.#mutation === 'no-stop-wait' && input.kind === 'lost';
    const given = early ? { ...input, selfStopMs: -100 } : input;
    for (const effect of agent.takeover.step(given, this.#world.localNow(agent.host))) {
      if (agent.leads === undefined) continue;
      const { node, incarnation } = effect;
      agent.tail.push({ index: 0, term: agent.leads, kind: 'down', node, incarnation });
    }
  }

  #send(from: Agent, to: NodeId, message: MembershipMessage): void {
    if (to !== from.host.id && this.#prng.chance(this.#loss)) return;
    this.#world.after(this.#prng.fraction() * (this.#prng.chance(0.1) ? 2000 : 20), () => {
      const target = this.#get(to);
      if (!target.host.agentUp || this.#world.now < target.host.frozenUntil) return;
      this.#receive(target, from.host.id, message);
    });
  }

  #receive(agent: Agent, from: NodeId, message: MembershipMessage): void {
    switch (message.kind) {
      case 'promise-request':
        this.#book(agent, (book, now) =>
          book.step({ kind: 'request', from, request: message }, now),
        );
        break;
      case 'promise-release':
        this.#book(agent, (book, now) => book.step({ kind: 'release', release: message }, now));
        break;
      case 'promise-response': {
        const older = this.#mutation === 'older-term-counts' && agent.leads !== undefined;
        const response = older ? { ...message, term: agent.leads ?? 0, round: 1 } : message;
        this.#rounds(agent, { kind: 'response', from, response });
        break;
      }
    }
  }

  #get(node: NodeId): Agent {
    const agent = this.#agents.get(node);
    if (agent === undefined) throw new Error(`no agent on ${nodeId(node)}`);
    return agent;
  }
}

function named({ node, incarnation, term, round }: HeldPromise): HeldPromise {
  return { node, incarnation, term, round };
}
