import { assert } from '../base/assert.ts';
import type { Instant } from '../base/instant.ts';
import type { Machine } from '../base/machine.ts';
import type { Prng } from '../base/prng.ts';
import { type EventQueue, Scheduled } from './event-queue.ts';
import type { HostClock } from './host-clock.ts';

/** Timers of a real host fire up to so much late. */
const TIMER_GRAIN_MS = 1;
/** What a socket buffer holds for a process that does not read. */
const INBOX_MAX = 4000;
/** So many steps in a row with a deadline in the past and nothing to do are a defect. */
const SPIN_STEPS = 300;

export interface ProcessSurroundings {
  readonly queue: EventQueue;
  readonly clock: HostClock;
  readonly prng: Prng;
}

/** A machine in a process of a simulated host: takes inputs, keeps one timer, may stall or be killed. */
export abstract class SimulatedProcess<Input, Effect> {
  readonly machine: Machine<Input, Effect>;
  readonly #queue: EventQueue;
  readonly #clock: HostClock;
  readonly #prng: Prng;
  #alive = true;
  #stalls = 0;
  #inbox: Input[] = [];
  #timer: ProcessTimer | undefined;
  #stepping = false;
  #lateSteps = 0;

  constructor(machine: Machine<Input, Effect>, surroundings: ProcessSurroundings) {
    this.machine = machine;
    this.#queue = surroundings.queue;
    this.#clock = surroundings.clock;
    this.#prng = surroundings.prng;
  }

  protected abstract wakeInput(): Input;
  protected abstract perform(effect: Effect): void;
  /** Called around each step, for traces and checks. */
  protected abstract beforeStep(input: Input): void;
  protected abstract afterStep(input: Input): void;

  get alive(): boolean {
    return this.#alive;
  }

  get stalled(): boolean {
    return this.#stalls > 0;
  }

  deliver(input: Input): void {
    if (!this.#alive) return;
    if (this.#stalls > 0) {
      if (this.#inbox.length < INBOX_MAX) this.#inbox.push(input);
      return;
    }
    this.#step(input);
  }

  /** The process does not run until as many resumes have come. */
  stall(): void {
    this.#stalls += 1;
  }

  /** What came meanwhile is read first, then the timer is looked at, as a real loop does. */
  resume(): void {
    assert(this.#stalls > 0, 'resume without a stall');
    this.#stalls -= 1;
    if (this.#stalls > 0) return;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const input of inbox) if (this.#alive) this.deliver(input);
    if (this.#alive) this.#step(this.wakeInput());
  }

  /** The process is gone at once; nothing of it happens any more. */
  end(): void {
    this.#alive = false;
    this.#inbox = [];
    this.#timer = undefined;
  }

  /** Looks at the deadline anew, after the clock's rate changed. */
  arm(): void {
    if (!this.#alive) return;
    const deadline = this.machine.deadline();
    if (deadline === undefined) return;
    this.#armAt(deadline);
  }

  onTimer(timer: ProcessTimer): void {
    if (this.#timer !== timer) return;
    this.#timer = undefined;
    if (!this.#alive || this.#stalls > 0) return;
    const deadline = this.machine.deadline();
    if (deadline === undefined) return;
    if (deadline > this.#clock.now()) {
      this.#armAt(deadline);
      return;
    }
    this.#step(this.wakeInput());
    this.#noticeSpin(deadline);
  }

  #step(input: Input): void {
    assert(!this.#stepping, 'a step within a step');
    this.#stepping = true;
    this.beforeStep(input);
    const effects = this.machine.step(input, this.#clock.now());
    for (let i = 0; i < effects.length && this.#alive; i += 1) {
      const effect = effects[i];
      if (effect !== undefined) this.perform(effect);
    }
    this.#stepping = false;
    if (!this.#alive) return;
    this.afterStep(input);
    this.arm();
  }

  /** A deadline that stays in the past keeps a processor busy for nothing. */
  #noticeSpin(before: Instant): void {
    this.#lateSteps = this.machine.deadline() === before ? this.#lateSteps + 1 : 0;
    assert(this.#lateSteps < SPIN_STEPS, 'a machine spins: its deadline stays in the past');
  }

  /** A timer that is set earlier is left alone: it looks again when it fires. */
  #armAt(deadline: Instant): void {
    const at = Math.max(this.#clock.trueTimeOf(deadline), this.#queue.now);
    const timer = this.#timer;
    if (timer !== undefined && timer.at <= at + TIMER_GRAIN_MS) return;
    const next = new ProcessTimer(this);
    this.#timer = next;
    this.#queue.push(next, at + TIMER_GRAIN_MS * this.#prng.fraction());
  }
}

interface TimerOwner {
  onTimer(timer: ProcessTimer): void;
}

class ProcessTimer extends Scheduled {
  readonly #owner: TimerOwner;

  constructor(owner: TimerOwner) {
    super();
    this.#owner = owner;
  }

  override fire(): void {
    this.#owner.onTimer(this);
  }
}
