import type { HeartEffect, HeartNote } from './heart-machine.ts';
import type { HeartToAgent } from './heart-protocol.ts';

/** The effects of one step, in order, as the parts of the heart ask for them. */
export class HeartOutbox {
  #effects: HeartEffect[] = [];
  readonly #agentWorks: () => boolean;

  constructor(agentWorks: () => boolean) {
    this.#agentWorks = agentWorks;
  }

  push(effect: HeartEffect): void {
    this.#effects.push(effect);
  }

  note(note: HeartNote): void {
    this.#effects.push({ kind: 'note', note });
  }

  /** Words to an agent that is not there are lost: the next one is told all when it says hello. */
  tell(message: HeartToAgent): void {
    if (this.#agentWorks()) this.#effects.push({ kind: 'agent', message });
  }

  take(): readonly HeartEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
