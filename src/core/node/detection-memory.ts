import { addMs, type Instant } from '../../base/instant.ts';
import type { NodeContext } from './context.ts';

/**
 * R8: the greatest Dmax by which this voter may have granted of late. It is on disk before the heart may grant by it,
 * and a lower one takes its place only when one old Dmax has passed, so that a voter that starts is silent long enough.
 */
export class DetectionMemory {
  /** In ms; 0 where nothing was ever granted. */
  #onDiskMs: number;
  /** What is being written. */
  #writingMs: number | undefined;
  /** When the lower value may be written; set exactly while the heart grants by a lower one. */
  #lowerAt: Instant | undefined;
  #toldMs: number | undefined;

  constructor(onDiskMs: number) {
    this.#onDiskMs = onDiskMs;
  }

  /** What a heart that starts must be told first. */
  get greatestMs(): number {
    return this.#onDiskMs;
  }

  deadline(): Instant | undefined {
    return this.#lowerAt;
  }

  /** Whether the heart may be told this Dmax now; if not, it may once it is on disk. */
  allows(wantedMs: number, context: NodeContext): boolean {
    if (wantedMs <= this.#onDiskMs) return true;
    this.#write(wantedMs, context);
    return false;
  }

  /** The heart was told to grant by this Dmax. */
  told(toldMs: number, now: Instant): void {
    if (toldMs === this.#toldMs) return;
    this.#toldMs = toldMs;
    this.#lowerAt = toldMs < this.#onDiskMs ? addMs(now, this.#onDiskMs) : undefined;
  }

  wake(context: NodeContext): void {
    if (this.#lowerAt === undefined || context.now < this.#lowerAt) return;
    this.#lowerAt = undefined;
    if (this.#toldMs !== undefined) this.#write(this.#toldMs, context);
  }

  #write(detectMaxMs: number, context: NodeContext): void {
    if (this.#writingMs === detectMaxMs) return;
    this.#writingMs = detectMaxMs;
    context.persist({ detectMaxMs }, () => {
      this.#onDiskMs = detectMaxMs;
      if (this.#writingMs === detectMaxMs) this.#writingMs = undefined;
      context.changed();
    });
  }
}
