import { addMs, type Instant, instant, latest } from '../../base/instant.ts';
import type { NodeId } from '../../model/ids.ts';
import type { ConfigurationIndex, Incarnation } from './packet.ts';

const unset: Instant = instant(Number.NEGATIVE_INFINITY);

/**
 * R2, the holder's side: the lease of this node's present incarnation ends at the majority-th largest, over the voters
 * of the newest set that it knows, of (own clock when the heartbeat was sent + D). Once gained it stands to its end.
 */
export class Lease {
  readonly #self: NodeId;
  #incarnation: Incarnation = 0;
  /** Acks of earlier rounds belong to an earlier incarnation (R1). */
  #firstSequence = 1;
  #configuration: ConfigurationIndex = 0;
  #voters: readonly NodeId[] = [];
  /** End of what each node has granted to this incarnation; kept for nodes that are voters only in the next set. */
  readonly #grants = new Map<NodeId, Instant>();
  /** The same, for the voters in their order. */
  #ends: Instant[] = [];
  #until: Instant = unset;

  constructor(self: NodeId) {
    this.#self = self;
  }

  get incarnation(): Incarnation {
    return this.#incarnation;
  }

  get configuration(): ConfigurationIndex {
    return this.#configuration;
  }

  get voters(): readonly NodeId[] {
    return this.#voters;
  }

  /** End of the lease; long ago if there was none. Never goes back within an incarnation. */
  get until(): Instant {
    return this.#until;
  }

  standing(now: Instant): boolean {
    return now < this.#until;
  }

  /** Begins an incarnation: no ack sent before `firstSequence` counts for it (R1). */
  begin(incarnation: Incarnation, firstSequence: number): void {
    this.#incarnation = incarnation;
    this.#firstSequence = firstSequence;
    this.#grants.clear();
    this.#ends.fill(unset);
    this.#until = unset;
  }

  /** Takes over a lease that the run before gained on this boot, to its end (R2). */
  resume(until: Instant): void {
    this.#until = until;
  }

  /** R14: a newer set counts at once, whoever tells it. Tells whether it is newer. */
  adopt(configuration: ConfigurationIndex, voters: readonly NodeId[]): boolean {
    if (configuration <= this.#configuration) return false;
    this.#configuration = configuration;
    this.#voters = voters;
    this.#ends = voters.map((voter) => this.#grants.get(voter) ?? unset);
    this.#renew();
    return true;
  }

  /** A round was sent at `now`: a voter counts its own send time. */
  sent(now: Instant, ownMs: number): void {
    if (this.#incarnation > 0) this.#grant(this.#self, addMs(now, ownMs));
  }

  /** R1: an ack counts only for a heartbeat that this run sent as this incarnation. */
  acked(
    from: NodeId,
    incarnation: Incarnation,
    sequence: number,
    sentAt: Instant,
    grantMs: number,
  ): void {
    if (incarnation !== this.#incarnation || incarnation === 0) return;
    if (sequence < this.#firstSequence || from === this.#self) return;
    this.#grant(from, addMs(sentAt, grantMs));
  }

  #grant(node: NodeId, end: Instant): void {
    const before = this.#grants.get(node);
    if (before !== undefined && before >= end) return;
    this.#grants.set(node, end);
    const at = this.#voters.indexOf(node);
    if (at < 0) return; // R2: learners do not count.
    this.#ends[at] = end;
    if (end > this.#until) this.#renew();
  }

  #renew(): void {
    this.#until = latest(this.#until, majorityEnd(this.#ends));
  }
}

/** The majority-th largest. */
export function majorityEnd(ends: readonly Instant[]): Instant {
  const majority = Math.floor(ends.length / 2) + 1;
  let best = unset;
  for (const end of ends) {
    if (end <= best) continue;
    let reached = 0;
    for (const other of ends) if (other >= end) reached += 1;
    if (reached >= majority) best = end;
  }
  return best;
}
