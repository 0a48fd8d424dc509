import type { DiskWrite, NodeEffect } from './node-io.ts';

/** Writes on their way to the disk, from all parts of a node, under one row of tickets. */
export class DiskQueue {
  readonly #emit: (effect: NodeEffect) => void;
  #nextTicket = 1;
  /** Not yet on disk, oldest first. */
  readonly #writes: { readonly ticket: number; readonly done: () => void }[] = [];

  constructor(emit: (effect: NodeEffect) => void) {
    this.#emit = emit;
  }

  /** `done` is called once the write is durable, in the order of the writes. */
  write(write: DiskWrite, done: () => void): void {
    const ticket = this.#nextTicket;
    this.#nextTicket += 1;
    this.#writes.push({ ticket, done });
    this.#emit({ kind: 'persist', ticket, write });
  }

  /** This write and all before it are on disk. */
  persisted(ticket: number): void {
    for (;;) {
      const first = this.#writes[0];
      if (first === undefined || first.ticket > ticket) return;
      this.#writes.shift();
      first.done();
    }
  }
}
