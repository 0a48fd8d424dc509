const words = 32;
const bits = words * 32;

/**
 * Which counters of one sender on one link were seen: the highest, and a bitmap of the 1024 below it.
 * A sender counts over all its peers and links, so the counters that arrive here have gaps. After RFC 6479.
 */
export class ReplayWindow {
  #highest = -1;
  readonly #seen = new Uint32Array(words);

  /** Whether a datagram with this counter may be opened: not seen before and not too old. */
  admits(counter: number): boolean {
    if (counter > this.#highest) return true;
    if (counter <= this.#highest - bits) return false;
    return ((this.#seen[wordOf(counter)] ?? 0) & bitOf(counter)) === 0;
  }

  /** Notes a counter whose datagram proved genuine. Only counters that are admitted may be marked. */
  mark(counter: number): void {
    if (counter > this.#highest) this.#advance(counter);
    const word = wordOf(counter);
    this.#seen[word] = (this.#seen[word] ?? 0) | bitOf(counter);
  }

  /** Forgets all: for a new run of the sender, whose counters begin again. */
  reset(): void {
    this.#highest = -1;
    this.#seen.fill(0);
  }

  #advance(counter: number): void {
    if (counter - this.#highest >= bits) this.#seen.fill(0);
    else for (let c = this.#highest + 1; c <= counter; c += 1) this.#clear(c);
    this.#highest = counter;
  }

  #clear(counter: number): void {
    const word = wordOf(counter);
    this.#seen[word] = (this.#seen[word] ?? 0) & ~bitOf(counter);
  }
}

function wordOf(counter: number): number {
  return Math.floor(counter / 32) % words;
}

function bitOf(counter: number): number {
  return 1 << (counter % 32);
}
