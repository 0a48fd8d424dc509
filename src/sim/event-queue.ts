/** Something that happens at a point of true time. Hot kinds are pooled by their owner and used again. */
export abstract class Scheduled {
  /** True time in ms since the start of the simulation. Set by the queue. */
  at = 0;
  /** Order among events of the same time: as they were pushed. Set by the queue. */
  sequence = 0;
  abstract fire(): void;
}

class Call extends Scheduled {
  readonly #action: () => void;

  constructor(action: () => void) {
    super();
    this.#action = action;
  }

  override fire(): void {
    this.#action();
  }
}

/**
 * The one clock of a simulation and everything that is still to come (a binary heap). Events of
 * the same time fire in the order in which they were pushed, so equal runs are equal to the last bit.
 */
export class EventQueue {
  readonly #heap: Scheduled[] = [];
  #sequence = 0;
  #now = 0;
  #fired = 0;
  #hash = 0x811c9dc5;

  /** True time in ms. */
  get now(): number {
    return this.#now;
  }

  get fired(): number {
    return this.#fired;
  }

  /** Grows out of the times and numbers of all that fired: equal only for equal runs. */
  get hash(): number {
    return this.#hash >>> 0;
  }

  /** Mixes a fact of the run into its hash. */
  mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
  }

  push(event: Scheduled, at: number): void {
    event.at = at < this.#now ? this.#now : at;
    this.#sequence += 1;
    event.sequence = this.#sequence;
    this.#rise(event);
  }

  /** Calls the action at that time (at once, but after what is due already, if it has passed). */
  call(at: number, action: () => void): void {
    this.push(new Call(action), at);
  }

  /** Calls the action after so many ms of true time. */
  after(ms: number, action: () => void): void {
    this.push(new Call(action), this.#now + ms);
  }

  /** Fires all that is due until then, or until `stop` says so, and sets the clock to it. */
  runUntil(end: number, stop: () => boolean): void {
    const heap = this.#heap;
    while (!stop()) {
      const first = heap[0];
      if (first === undefined || first.at > end) {
        this.#now = end;
        return;
      }
      this.#dropFirst();
      this.#now = first.at;
      this.#fired += 1;
      this.mix((first.at * 1000) | 0);
      this.mix(first.sequence);
      first.fire();
    }
  }

  #rise(event: Scheduled): void {
    const heap = this.#heap;
    let hole = heap.length;
    heap.push(event);
    while (hole > 0) {
      const parentAt = (hole - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !isBefore(event, parent)) break;
      heap[hole] = parent;
      hole = parentAt;
    }
    heap[hole] = event;
  }

  #dropFirst(): void {
    const heap = this.#heap;
    const moved = heap.pop();
    const size = heap.length;
    if (moved === undefined || size === 0) return;
    let hole = 0;
    for (;;) {
      let childAt = 2 * hole + 1;
      let child = heap[childAt];
      if (child === undefined) break;
      const right = heap[childAt + 1];
      if (right !== undefined && isBefore(right, child)) {
        childAt += 1;
        child = right;
      }
      if (!isBefore(child, moved)) break;
      heap[hole] = child;
      hole = childAt;
    }
    heap[hole] = moved;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}
