/**
 * What the observer saw, as a calculation without sockets and clocks. All times are milliseconds of one
 * monotonic clock since the start of the observation.
 */

/** One good answer: the request began at `startedMs`, all of the answer was there at `receivedMs`. */
export interface Answer {
  readonly host: string;
  readonly startedMs: number;
  readonly receivedMs: number;
}

/** An answer to one ARP request or neighbour solicitation; `request` tells requests apart. */
export interface ArpReply {
  readonly host: string;
  readonly request: number;
  readonly sentMs: number;
  readonly receivedMs: number;
}

/** An unasked "the address is here" of a host. */
export interface Announcement {
  readonly host: string;
  readonly atMs: number;
}

/** A time without good answers, from the last one before to the first one after. */
export interface Gap {
  readonly startMs: number;
  readonly durationMs: number;
  /** Who answered before. */
  readonly before: string;
  /** Who answered after; undefined where the observation ended first. */
  readonly after: string | undefined;
}

/**
 * Proof that two hosts had the address at once.
 * - `arp`: both answered the same broadcast request. A host answers what reaches it while it has the address.
 * - `answers`: A answered, then B, then A again, each request begun after the answer before it had come, and
 *   all within `returnWindowMs`: no true move there and back is as fast.
 * - `announcement`: B announced the address, then A answered an ARP request sent after that and within
 *   `returnWindowMs`, without having announced it anew. What a host announces again that has the address already
 *   proves nothing.
 */
export interface Overlap {
  readonly evidence: 'arp' | 'answers' | 'announcement';
  readonly hosts: readonly [string, string];
  readonly startMs: number;
  readonly endMs: number;
  /** How many single proofs were joined to this one. */
  readonly proofs: number;
}

export interface Mark {
  readonly label: string;
  readonly atMs: number;
}

/** The result of an observation: also the JSON of `lab observe --json`. */
export interface ObserverReport {
  readonly address: string;
  readonly port: number;
  /** Wall-clock time of the start, milliseconds since 1970: for display beside other logs. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly polls: number;
  readonly answers: Readonly<Record<string, number>>;
  /** Requests without a good answer, by what went wrong. */
  readonly failures: Readonly<Record<string, number>>;
  /** When the first good answer came; undefined if none did. The time before is no gap. */
  readonly firstAnswerMs: number | undefined;
  /** All gaps of at least `gapFloorMs`. */
  readonly gaps: readonly Gap[];
  /** The longest gap, also below the floor. */
  readonly longestGapMs: number;
  readonly overlaps: readonly Overlap[];
  readonly marks: readonly Mark[];
  /** Who answered ARP requests (or solicitations), and how often. */
  readonly arpReplies: Readonly<Record<string, number>>;
  readonly announcements: readonly Announcement[];
  /** The longest that the observer itself was late with a request: what is shorter it cannot tell. */
  readonly ownStallMaxMs: number;
}

export interface ObservationOptions {
  /** Shorter gaps are not listed. Default: 25. */
  readonly gapFloorMs?: number;
  /** See Overlap. Default: 250. */
  readonly returnWindowMs?: number;
  readonly onGap?: (gap: Gap) => void;
  readonly onOverlap?: (overlap: Overlap) => void;
}

/** Gathers answers as they come and finds gaps and overlaps. Answers are given in the order of `receivedMs`. */
export class Observation {
  readonly #gapFloorMs: number;
  readonly #returnWindowMs: number;
  readonly #options: ObservationOptions;
  #polls = 0;
  #firstAnswerMs: number | undefined;
  #last: Answer | undefined;
  #recent: Answer[] = []; // Received within the return window.
  #requests = new Map<number, Map<string, ArpReply>>(); // The latest replies, by request and host.
  #announced = new Map<string, number>(); // The latest announcement of each host.
  #lastReplier: string | undefined;
  #longestGapMs = 0;
  #ownStallMaxMs = 0;
  readonly #answers = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #arpReplies = new Map<string, number>();
  readonly #announcements: Announcement[] = [];
  readonly #gaps: Gap[] = [];
  readonly #overlaps: Overlap[] = [];
  readonly #marks: Mark[] = [];

  constructor(options: ObservationOptions = {}) {
    this.#gapFloorMs = options.gapFloorMs ?? 25;
    this.#returnWindowMs = options.returnWindowMs ?? 250;
    this.#options = options;
  }

  /** A request has been begun, `lateMs` after its time. */
  poll(lateMs: number): void {
    this.#polls += 1;
    this.#ownStallMaxMs = Math.max(this.#ownStallMaxMs, lateMs);
  }

  failure(what: string): void {
    count(this.#failures, what);
  }

  mark(label: string, atMs: number): void {
    this.#marks.push({ label, atMs });
  }

  answer(answer: Answer): void {
    count(this.#answers, answer.host);
    this.#firstAnswerMs ??= answer.receivedMs;
    if (this.#last !== undefined) this.#closeGap(this.#last, answer);
    this.#last = answer;
    this.#findReturn(answer);
    const oldest = answer.receivedMs - this.#returnWindowMs;
    this.#recent = this.#recent.filter((other) => other.receivedMs >= oldest);
    this.#recent.push(answer);
  }

  arpReply(reply: ArpReply): void {
    count(this.#arpReplies, reply.host);
    this.#lastReplier = reply.host;
    const replies = this.#requests.get(reply.request) ?? new Map<string, ArpReply>();
    this.#requests.set(reply.request, replies.set(reply.host, reply));
    for (const other of replies.values()) {
      if (other.host === reply.host) continue;
      this.#overlap('arp', other.host, reply.host, reply.sentMs, reply.receivedMs);
    }
    for (const [host, atMs] of this.#announced) {
      const own = this.#announced.get(reply.host) ?? Number.NEGATIVE_INFINITY;
      const isAfter = atMs < reply.sentMs && reply.sentMs - atMs <= this.#returnWindowMs;
      if (host === reply.host || !isAfter || own > atMs) continue;
      this.#overlap('announcement', host, reply.host, atMs, reply.receivedMs);
    }
    const oldest = [...this.#requests.keys()].slice(0, -64);
    for (const request of oldest) this.#requests.delete(request);
  }

  announcement(announcement: Announcement): void {
    this.#announcements.push(announcement);
    // Who had the address already only says so again; its next holder may answer before it announces.
    if (announcement.host === this.#lastReplier) return;
    this.#announced.set(announcement.host, announcement.atMs);
  }

  report(
    about: Pick<ObserverReport, 'address' | 'port' | 'startedAt'>,
    endMs: number,
  ): ObserverReport {
    const open = this.#last === undefined ? undefined : gapBetween(this.#last, undefined, endMs);
    const isOpen = open !== undefined && open.durationMs >= this.#gapFloorMs;
    return {
      ...about,
      durationMs: endMs,
      polls: this.#polls,
      answers: Object.fromEntries(this.#answers),
      failures: Object.fromEntries(this.#failures),
      firstAnswerMs: this.#firstAnswerMs,
      gaps: isOpen ? [...this.#gaps, open] : this.#gaps,
      longestGapMs: Math.max(this.#longestGapMs, open?.durationMs ?? 0),
      overlaps: this.#overlaps,
      marks: this.#marks,
      arpReplies: Object.fromEntries(this.#arpReplies),
      announcements: this.#announcements,
      ownStallMaxMs: this.#ownStallMaxMs,
    };
  }

  #closeGap(before: Answer, after: Answer): void {
    const gap = gapBetween(before, after.host, after.receivedMs);
    this.#longestGapMs = Math.max(this.#longestGapMs, gap.durationMs);
    if (gap.durationMs < this.#gapFloorMs) return;
    this.#gaps.push(gap);
    this.#options.onGap?.(gap);
  }

  #findReturn(answer: Answer): void {
    const between = this.#recent.findLast(
      (other) => other.host !== answer.host && other.receivedMs < answer.startedMs,
    );
    if (between === undefined) return;
    const first = this.#recent.findLast(
      (other) => other.host === answer.host && other.receivedMs < between.startedMs,
    );
    if (first === undefined) return;
    if (answer.startedMs - first.receivedMs > this.#returnWindowMs) return;
    this.#overlap('answers', between.host, answer.host, first.receivedMs, answer.receivedMs);
  }

  #overlap(
    evidence: Overlap['evidence'],
    a: string,
    b: string,
    startMs: number,
    endMs: number,
  ): void {
    const hosts = a < b ? ([a, b] as const) : ([b, a] as const);
    const index = this.#overlaps.findLastIndex(
      (other) =>
        other.evidence === evidence &&
        other.hosts[0] === hosts[0] &&
        other.hosts[1] === hosts[1] &&
        startMs - other.endMs <= this.#returnWindowMs,
    );
    const known = this.#overlaps[index];
    if (known !== undefined) {
      this.#overlaps[index] = { ...known, endMs, proofs: known.proofs + 1 };
      return;
    }
    const overlap: Overlap = { evidence, hosts, startMs, endMs, proofs: 1 };
    this.#overlaps.push(overlap);
    this.#options.onOverlap?.(overlap);
  }
}

/** The longest gap that ended after a mark (or is open), or undefined if there is none of at least the floor. */
export function gapAfter(report: ObserverReport, label: string): Gap | undefined {
  const mark = report.marks.findLast((other) => other.label === label);
  if (mark === undefined) return undefined;
  return report.gaps
    .filter((gap) => gap.startMs + gap.durationMs >= mark.atMs)
    .reduce<Gap | undefined>(
      (longest, gap) => (longest && longest.durationMs >= gap.durationMs ? longest : gap),
      undefined,
    );
}

function gapBetween(before: Answer, after: string | undefined, endMs: number): Gap {
  const startMs = before.receivedMs;
  const durationMs = Math.round((endMs - startMs) * 1000) / 1000;
  return { startMs, durationMs, before: before.host, after };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
