import type { Prng } from '../base/prng.ts';
import type { EventQueue } from './event-queue.ts';
import { between } from './random-streams.ts';

/** How a disk behaves at present. */
export interface DiskQuality {
  /** A sync takes between these, in ms. */
  readonly syncMinMs: number;
  readonly syncMaxMs: number;
}

export const calmDisk: DiskQuality = { syncMinMs: 0.3, syncMaxMs: 4 };

interface Waiting<Write> {
  readonly ticket: number;
  readonly write: Write;
}

export interface DiskReader {
  persisted(ticket: number): void;
  /** Writes wait because of this; undefined: not any more. */
  trouble(reason: string | undefined): void;
}

/**
 * The disk of a host: writes are queued, one sync makes all that waited durable (group commit),
 * and only then they are in the image. A crash loses what was not synced, from some point on.
 */
export class SimulatedDisk<Image, Write> {
  image: Image;
  quality: DiskQuality = calmDisk;
  #full = false;
  #isTroubled = false;
  readonly #queue: EventQueue;
  readonly #prng: Prng;
  readonly #apply: (image: Image, write: Write) => Image;
  #waiting: Waiting<Write>[] = [];
  #syncing: Waiting<Write>[] = [];
  #epoch = 0;
  #reader: DiskReader | undefined;
  writes = 0;

  constructor(
    queue: EventQueue,
    prng: Prng,
    image: Image,
    apply: (image: Image, write: Write) => Image,
  ) {
    this.#queue = queue;
    this.#prng = prng;
    this.image = image;
    this.#apply = apply;
  }

  /** A process opens the disk: completions go to it. */
  open(reader: DiskReader): void {
    this.#reader = reader;
  }

  /** As good as new, and with room: what waited is written now. */
  repair(): void {
    this.quality = calmDisk;
    this.#full = false;
    if (this.#isTroubled) {
      this.#isTroubled = false;
      this.#reader?.trouble(undefined);
    }
    if (this.#syncing.length === 0 && this.#waiting.length > 0) this.#sync();
  }

  /** No room: writes wait until the repair. */
  fill(): void {
    this.#full = true;
  }

  write(ticket: number, write: Write): void {
    this.writes += 1;
    this.#waiting.push({ ticket, write });
    if (this.#syncing.length === 0) this.#sync();
  }

  /** The process is gone (or the whole host): some of its unsynced writes got to the disk, in order. */
  crash(): void {
    const unsynced = [...this.#syncing, ...this.#waiting];
    const kept = this.#prng.chance(0.5) ? this.#prng.integer(0, unsynced.length) : 0;
    for (const { write } of unsynced.slice(0, kept)) this.image = this.#apply(this.image, write);
    this.#waiting = [];
    this.#syncing = [];
    this.#epoch += 1;
    this.#isTroubled = false;
    this.#reader = undefined;
  }

  #sync(): void {
    if (this.#full) {
      this.#complain();
      return;
    }
    this.#syncing = this.#waiting;
    this.#waiting = [];
    const epoch = this.#epoch;
    this.#queue.after(between(this.#prng, this.quality.syncMinMs, this.quality.syncMaxMs), () => {
      if (this.#epoch === epoch) this.#synced();
    });
  }

  #complain(): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    const reader = this.#reader;
    this.#queue.after(1, () => {
      if (this.#isTroubled && this.#reader === reader) reader?.trouble('no space left on device');
    });
  }

  #synced(): void {
    const done = this.#syncing;
    this.#syncing = [];
    for (const { write } of done) this.image = this.#apply(this.image, write);
    if (this.#waiting.length > 0) this.#sync();
    for (const { ticket } of done) this.#reader?.persisted(ticket);
  }
}
