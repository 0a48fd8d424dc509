import type { Entry, RaftSnapshot } from '../../../src/core/raft/entry.ts';

/** A state machine whose state is all the commands that it was given, so that nothing can hide. */
export class TestMachine {
  #commands: unknown[] = [];
  #index = 0;

  get index(): number {
    return this.#index;
  }

  get data(): string {
    return JSON.stringify(this.#commands);
  }

  apply(entry: Entry): void {
    this.#index = entry.index;
    if (entry.kind === 'command') this.#commands.push(entry.command);
  }

  restore(snapshot: RaftSnapshot): void {
    this.#commands = JSON.parse(snapshot.data) as unknown[];
    this.#index = snapshot.index;
  }
}
