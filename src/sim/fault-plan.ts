import type { Prng } from '../base/prng.ts';
import { ambushKinds } from './ambush-kinds.ts';
import { calmKinds, type FaultKind, lossKinds, stormKinds } from './fault-kinds.ts';
import { Faults, type Undo } from './faults.ts';
import { between, exponential, forkPrng } from './random-streams.ts';
import type { Simulation } from './simulation.ts';

/**
 * What a seed is about. storm: anything may happen, nothing may run twice, all comes back once it is over. calm: only
 * what must not touch a service. loss: one node after the other goes; its services are back in the stated time.
 */
export type Profile = 'storm' | 'calm' | 'loss';

export interface FaultPlan {
  readonly profile: Profile;
  readonly kinds: readonly FaultKind[];
  /** Mean time between two faults, in ms. */
  readonly everyMs: number;
  /** Whether a fault waits until the one before is over. */
  readonly oneAtATime: boolean;
  /** Quiet time after each fault of a one-at-a-time plan, in ms. */
  readonly calmMs: number;
  readonly driftMax: number;
}

/** What is fixed for all seeds of a series. */
export interface PlanWishes {
  readonly profile: Profile | undefined;
  /** Names of the kinds of faults that happen, in a storm; undefined: the seed draws. */
  readonly kinds: readonly string[] | undefined;
}

/** Every kind of fault that a storm may have. */
export const allKinds: readonly FaultKind[] = [...stormKinds, ...ambushKinds];

/** Draws what goes wrong under a seed: which kinds of faults, and how often (a swarm, not the average of all). */
export function drawPlan(seed: number, wishes: PlanWishes): FaultPlan {
  const prng = forkPrng(seed, 'plan');
  const draw = prng.fraction();
  const { kinds: wanted } = wishes;
  const profile = wishes.profile ?? (draw < 0.7 ? 'storm' : draw < 0.85 ? 'calm' : 'loss');
  const driftMax = prng.pick([0, 0.0001, 0.001]);
  if (profile === 'calm') {
    const kinds = someOf(prng, calmKinds);
    return { profile, kinds, everyMs: 2000, oneAtATime: true, calmMs: 5000, driftMax };
  }
  if (profile === 'loss') {
    return { profile, kinds: lossKinds, everyMs: 1000, oneAtATime: true, calmMs: 45_000, driftMax };
  }
  const kinds =
    wanted === undefined
      ? [...someOf(prng, stormKinds), ...someAmbushes(prng)]
      : allKinds.filter((kind) => wanted.includes(kind.name));
  const everyMs = between(prng, 800, 8000);
  return { profile, kinds, everyMs, oneAtATime: prng.chance(0.1), calmMs: 2000, driftMax };
}

/** Between one kind and all of them, so that some seeds go deep where others go wide. */
function someOf(prng: Prng, kinds: readonly FaultKind[]): readonly FaultKind[] {
  return prng.shuffle(kinds).slice(0, prng.integer(1, prng.chance(0.5) ? 5 : kinds.length));
}

/** Strikes as the plan says, until it is healed. */
export class Storm {
  readonly #simulation: Simulation;
  readonly #plan: FaultPlan;
  readonly #prng: Prng;
  readonly #faults: Faults;
  readonly #undos = new Set<Undo>();
  #isOver = false;
  /** What is wrong at present, if one fault waits for the other. */
  current: string | undefined;

  constructor(simulation: Simulation, plan: FaultPlan) {
    this.#simulation = simulation;
    this.#plan = plan;
    this.#prng = forkPrng(simulation.seed, 'faults');
    this.#faults = new Faults(simulation);
  }

  begin(): void {
    this.#next(exponential(this.#prng, this.#plan.everyMs));
  }

  /** Takes back everything that was done and is not over. */
  heal(): void {
    this.#isOver = true;
    this.#simulation.ambushes.clear();
    for (const undo of this.#undos) undo();
    this.#undos.clear();
    for (const host of this.#simulation.hosts) {
      host.thaw();
      host.disk.repair();
      host.healAgents();
      host.powerOn();
    }
    this.#simulation.note('everything is healed');
  }

  #next(afterMs: number): void {
    this.#simulation.queue.after(afterMs, () => this.#strike());
  }

  #strike(): void {
    if (this.#isOver) return;
    const kind = this.#prng.pick(this.#plan.kinds);
    const host = this.#prng.pick(this.#simulation.hosts);
    // Drawn before the strike, so that what a fault draws does not shift the rest.
    const forMs = drawLength(this.#prng, kind);
    const pauseMs = exponential(this.#prng, this.#plan.everyMs);
    const prng = this.#prng;
    this.#simulation.note(`${kind.name} (${host.id}, ${Math.round(forMs)} ms)`);
    this.current = kind.name;
    const simulation = this.#simulation;
    const remember = (ms: number, name: string, undo: Undo): void => {
      if (this.#isOver) undo();
      else this.#endAfter(ms, name, undo);
    };
    const undo = kind.strike({ simulation, faults: this.#faults, prng, host, remember });
    if (undo !== undefined) this.#endAfter(forMs, kind.name, undo);
    this.#next(this.#plan.oneAtATime ? forMs + this.#plan.calmMs + pauseMs : pauseMs);
  }

  #endAfter(ms: number, name: string, undo: Undo): void {
    this.#undos.add(undo);
    this.#simulation.queue.after(ms, () => {
      if (!this.#undos.delete(undo)) return;
      this.#simulation.note(`${name} is over`);
      undo();
    });
  }
}

/** None in half of the seeds. */
function someAmbushes(prng: Prng): readonly FaultKind[] {
  return prng.shuffle(ambushKinds).slice(0, prng.chance(0.5) ? 0 : prng.integer(1, 12));
}

/** Short faults are as likely as long ones: each tenfold length has its share. */
function drawLength(prng: Prng, { minMs, maxMs }: FaultKind): number {
  if (maxMs === 0) return 0;
  return Math.exp(between(prng, Math.log(Math.max(minMs, 1)), Math.log(maxMs)));
}
