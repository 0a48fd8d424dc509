import { assert, defined } from '../../base/assert.ts';
import { ConfigurationHistory, type ConfigurationRecord } from './configuration.ts';
import type { Entry, RaftConfiguration, RaftSnapshot } from './entry.ts';
import { approximateBytes } from './size.ts';

export interface LogStart {
  readonly commit: number;
  readonly snapshot: RaftSnapshot | undefined;
  readonly entries: readonly Entry[];
  readonly configuration: RaftConfiguration;
}

/** A position in the log: an index and the term of the entry there. */
export interface LogPosition {
  readonly index: number;
  readonly term: number;
}

/**
 * The log of one node: a base, and the entries after it.
 *
 * Invariants: base ≤ snapshot ≤ applied ≤ commit ≤ last, and applied ≤ stable ≤ last; only while
 * a received snapshot is on its way to the disk, applied and stable are behind it. Terms never
 * fall along the log. Nothing up to `commit` ever changes.
 */
export class RaftLog {
  /** The entry before the first that is kept: only its position is known. */
  #base: LogPosition;
  #entries: Entry[];
  #configurations: ConfigurationHistory;
  #snapshot: RaftSnapshot | undefined;
  /** All up to here is held by a quorum, as far as this node knows. Only grows. */
  #commit: number;
  /** All up to here was given to the state machine. Only grows. */
  #applied: number;
  /** All up to here is on this node's disk. */
  #stable: number;

  constructor(start: LogStart) {
    const { snapshot, entries } = start;
    const [first] = entries;
    const keepsTail =
      snapshot !== undefined && first !== undefined && first.index <= snapshot.index;
    this.#snapshot = snapshot;
    this.#base = keepsTail ? first : (snapshot ?? { index: 0, term: 0 });
    this.#entries = [];
    this.#configurations = new ConfigurationHistory({
      index: 0,
      configuration: start.configuration,
    });
    if (snapshot !== undefined) this.#configurations = new ConfigurationHistory(recordOf(snapshot));
    this.#commit = Math.max(start.commit, snapshot?.index ?? 0);
    this.#applied = snapshot?.index ?? 0;
    this.append(keepsTail ? entries.slice(1) : entries);
    this.#stable = this.lastIndex;
    assert(this.#commit <= this.lastIndex, 'raft: the disk has lost committed entries');
  }

  get baseIndex(): number {
    return this.#base.index;
  }

  get lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.#base.term;
  }

  get commit(): number {
    return this.#commit;
  }

  get applied(): number {
    return this.#applied;
  }

  get stable(): number {
    return this.#stable;
  }

  get snapshot(): RaftSnapshot | undefined {
    return this.#snapshot;
  }

  /** The configuration in force: the latest one in the log, committed or not (4.1). */
  get configuration(): ConfigurationRecord {
    return this.#configurations.latest;
  }

  /** The latest configuration that is known to be committed. */
  get committedConfiguration(): ConfigurationRecord {
    return this.#configurations.at(this.#commit);
  }

  /** The term of the entry at an index, or undefined where this log cannot tell. */
  termAt(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term;
    return this.#entries[index - this.#base.index - 1]?.term;
  }

  /** The entries from one index to another, both included, which must be there. */
  between(from: number, to: number): readonly Entry[] {
    assert(from > this.baseIndex && to <= this.lastIndex, 'raft: entries outside the log');
    return this.#entries.slice(from - this.baseIndex - 1, to - this.baseIndex);
  }

  /** The entries from an index on that fit into one message: at least one if there is one. */
  messageFrom(from: number, maxEntries: number, maxBytes: number): readonly Entry[] {
    const start = from - this.baseIndex - 1;
    assert(start >= 0, 'raft: entries before the log');
    const wanted = this.#entries.slice(start, start + maxEntries);
    let bytes = 0;
    for (const [i, entry] of wanted.entries()) {
      // The last one needs no weighing if it is the only one: the common case.
      if (wanted.length > 1) bytes += 32 + approximateBytes(entry);
      if (bytes > maxBytes && i > 0) return wanted.slice(0, i);
    }
    return wanted;
  }

  /** Whether a candidate's log with this end is at least as complete as this one (3.6.1). */
  isUpToDate(candidate: LogPosition): boolean {
    if (candidate.term !== this.lastTerm) return candidate.term > this.lastTerm;
    return candidate.index >= this.lastIndex;
  }

  /**
   * The last position at or before `index` whose term is `term` at most: where another log
   * with such an entry may still agree with this one. Undefined if that is before the base.
   */
  lastNotAfter(index: number, term: number): LogPosition | undefined {
    if (index < this.baseIndex || term < this.#base.term) return undefined;
    let low = 0;
    let high = Math.max(0, Math.min(index, this.lastIndex) - this.baseIndex);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (defined(this.#entries[middle - 1], 'raft entry').term <= term) low = middle;
      else high = middle - 1;
    }
    return low === 0 ? this.#base : defined(this.#entries[low - 1], 'raft entry');
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.lastIndex + 1, 'raft: a gap in the log');
      assert(entry.term >= this.lastTerm, 'raft: a term that falls along the log');
      this.#entries.push(entry);
      // A tail from the disk may hold configurations older than the snapshot's.
      if (entry.kind === 'configuration' && entry.index > this.configuration.index) {
        this.#configurations.add({ index: entry.index, configuration: entry.configuration });
      }
    }
  }

  /** Removes the entries from `index` on, which a newer leader does not have (3.5). */
  truncateFrom(index: number): void {
    assert(index > this.#commit, 'raft: a committed entry must not be removed');
    this.#entries.length = index - this.baseIndex - 1;
    this.#configurations.truncateFrom(index);
    this.#stable = Math.min(this.#stable, index - 1);
  }

  /** Entries up to `index` have reached this node's disk. */
  stableTo(index: number): void {
    assert(index <= this.lastIndex, 'raft: more on disk than in the log');
    this.#stable = Math.max(this.#stable, index);
  }

  commitTo(index: number): void {
    assert(index <= this.lastIndex, 'raft: a commit beyond the log');
    this.#commit = Math.max(this.#commit, index);
  }

  /** The entries that may be given to the state machine now; they count as given from here on. */
  takeApplicable(): readonly Entry[] {
    const limit = Math.min(this.#commit, this.#stable);
    if (limit <= this.#applied) return [];
    const entries = this.between(this.#applied + 1, limit);
    this.#applied = limit;
    return entries;
  }

  /** The received snapshot that the state machine must be set to now; it counts as done. */
  takeRestorable(): RaftSnapshot | undefined {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || snapshot.index <= this.#applied) return undefined;
    if (snapshot.index > this.#stable) return undefined;
    this.#applied = snapshot.index;
    return snapshot;
  }

  /** A snapshot of this node's own state: keeps `tailEntries` before it, and what follows. */
  compact(index: number, data: string, tailEntries: number): RaftSnapshot {
    assert(index <= this.#applied, 'raft: a snapshot of what was not applied');
    const { index: configurationIndex, configuration } = this.#configurations.at(index);
    const term = defined(this.termAt(index), 'term at the snapshot');
    this.#snapshot = { index, term, configuration, configurationIndex, data };
    this.#configurations.compactTo(index);
    const baseIndex = Math.max(this.baseIndex, index - tailEntries);
    const base = { index: baseIndex, term: defined(this.termAt(baseIndex), 'term of the base') };
    this.#entries.splice(0, baseIndex - this.baseIndex);
    this.#base = base;
    return this.#snapshot;
  }

  /** A leader's snapshot in place of the whole log. */
  reset(snapshot: RaftSnapshot): void {
    assert(snapshot.index > this.#commit, 'raft: a snapshot older than the commit');
    this.#snapshot = snapshot;
    this.#base = { index: snapshot.index, term: snapshot.term };
    this.#entries = [];
    this.#configurations = new ConfigurationHistory(recordOf(snapshot));
    this.#commit = snapshot.index;
    this.#stable = this.#applied;
  }

  /** Looks at the whole log: for tests. */
  assertInvariants(): void {
    const snapshotIndex = this.#snapshot?.index ?? 0;
    assert(this.baseIndex <= snapshotIndex, 'raft: entries are missing after the snapshot');
    assert(this.#applied <= this.#commit, 'raft: applied before it was committed');
    assert(this.#applied <= this.#stable, 'raft: applied before it was on disk');
    assert(this.#commit <= this.lastIndex, 'raft: a commit beyond the log');
    assert(this.#stable <= this.lastIndex, 'raft: more on disk than in the log');
    assert(this.configuration.index <= this.lastIndex, 'raft: a configuration beyond the log');
    let previous = this.#base;
    for (const entry of this.#entries) {
      assert(entry.index === previous.index + 1, 'raft: a gap in the log');
      assert(entry.term >= previous.term, 'raft: a term that falls along the log');
      previous = entry;
    }
  }
}

function recordOf(snapshot: RaftSnapshot): ConfigurationRecord {
  return { index: snapshot.configurationIndex, configuration: snapshot.configuration };
}
