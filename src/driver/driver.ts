import type { Instant } from '../base/instant.ts';
import type { Machine } from '../base/machine.ts';
import type { Clock, Perform } from './ports.ts';

/**
 * The one loop around a machine: feeds it inputs one at a time, carries out its effects in order and wakes it at its
 * deadline. Effects may feed new inputs; those are taken after the present step, so a machine is never re-entered.
 */
export class Driver<Input extends { readonly kind: string }, Effect> {
  readonly #machine: Machine<Input, Effect>;
  readonly #wake: Input;
  readonly #perform: Perform<Effect>;
  readonly #clock: Clock;
  readonly #queue: Input[] = [];
  #isRunning = false;
  #isStopped = false;
  #alarm: Instant | undefined;

  /** `wake`: the machine's own input that says that its deadline has passed. */
  constructor(
    machine: Machine<Input, Effect>,
    wake: Input,
    perform: Perform<Effect>,
    clock: Clock,
  ) {
    this.#machine = machine;
    this.#wake = wake;
    this.#perform = perform;
    this.#clock = clock;
  }

  /** Gives the machine an input, and does all that follows from it. */
  feed(input: Input): void {
    if (this.#isStopped) return;
    this.#queue.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const effect of this.#machine.step(next, this.#clock.now())) this.#perform(effect);
      }
    } finally {
      this.#isRunning = false;
    }
    this.#arm();
  }

  /** Nothing is fed or woken any more. */
  stop(): void {
    this.#isStopped = true;
    this.#clock.setAlarm(undefined, () => {});
  }

  #arm(): void {
    const at = this.#machine.deadline();
    if (at === this.#alarm) return;
    this.#alarm = at;
    this.#clock.setAlarm(at, () => {
      this.#alarm = undefined;
      this.feed(this.#wake);
    });
  }
}
