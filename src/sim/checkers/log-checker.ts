import { canonicalJson } from '../../base/canonical-json.ts';
import type { DiskWrite, NodeEffect } from '../../core/node/node-io.ts';
import type { Entry } from '../../core/raft/entry.ts';
import type { DiskImage } from '../disk-image.ts';
import { Observer, Violation } from '../observer.ts';
import type { Acknowledged } from '../workload.ts';

/**
 * Raft seen from outside: one leader for a term; every index holds one entry, whoever says that it is committed; what
 * was acknowledged to a client is in the log and stays there (P2).
 */
export class LogChecker extends Observer {
  readonly #names: readonly string[];
  readonly #leaders = new Map<number, number>();
  /** By index: the entry that some disk holds as committed. */
  readonly #committed: (Entry | undefined)[] = [];
  /** By host: all up to here was compared. */
  readonly #compared: number[] = [];
  readonly #snapshots = new Map<number, string>();
  readonly #onCommit: (entry: Entry) => void;
  last = 0;

  constructor(names: readonly string[], onCommit: (entry: Entry) => void) {
    super();
    this.#names = names;
    this.#onCommit = onCommit;
  }

  override onNodeEffect(host: number, effect: NodeEffect): void {
    if (effect.kind !== 'note' || effect.note.kind !== 'raft') return;
    const { note } = effect.note;
    if (note.kind !== 'election-won') return;
    const other = this.#leaders.get(note.term);
    if (other !== undefined && other !== host) {
      const text = `${this.#names[other]} and ${this.#names[host]} both lead term ${note.term}`;
      throw new Violation('safety', 'one-leader', text);
    }
    this.#leaders.set(note.term, host);
  }

  override onAgentStart(host: number, image: DiskImage): void {
    this.#compare(host, image, image.commit);
  }

  override onDurable(host: number, write: DiskWrite, image: DiskImage): void {
    if (write.raft !== undefined) this.#compare(host, image, image.commit);
  }

  /** P2: everything that a client was told is in the log, where it was said to be. */
  checkAcknowledged(acknowledged: readonly Acknowledged[]): void {
    for (const { by, index } of acknowledged) {
      const entry = this.#committed[index];
      if (entry?.kind === 'command' && asksFor(entry.command, by)) continue;
      const text = `the write of ${by} was acknowledged at index ${index}, which holds ${entry === undefined ? 'nothing' : canonicalJson(entry)}`;
      throw new Violation('safety', 'acknowledged-lost', text);
    }
  }

  /** The node says that all up to `commit` is committed, and its disk holds that. */
  settle(host: number, image: DiskImage, commit: number): void {
    this.#compare(host, image, commit);
  }

  #compare(host: number, image: DiskImage, commit: number): void {
    let compared = this.#compared[host] ?? 0;
    const { snapshot, entries } = image;
    if (snapshot !== undefined && snapshot.index > compared) {
      this.#compareSnapshot(host, snapshot.index, snapshot.data);
      compared = snapshot.index;
    }
    const first = entries[0]?.index ?? 0;
    for (let index = Math.max(compared + 1, first); index <= commit; index += 1) {
      const entry = entries[index - first];
      if (entry === undefined) break;
      this.#compareEntry(host, entry);
      compared = index;
    }
    this.#compared[host] = compared;
  }

  #compareEntry(host: number, entry: Entry): void {
    const known = this.#committed[entry.index];
    if (known === entry) return;
    if (known === undefined) {
      this.#committed[entry.index] = entry;
      if (entry.index > this.last) this.last = entry.index;
      this.#onCommit(entry);
    } else if (canonicalJson(known) !== canonicalJson(entry)) {
      const text = `${this.#names[host]} holds ${canonicalJson(entry)} as committed, another node ${canonicalJson(known)}`;
      throw new Violation('safety', 'logs-agree', text);
    }
  }

  #compareSnapshot(host: number, index: number, data: string): void {
    const known = this.#snapshots.get(index);
    if (known === undefined) this.#snapshots.set(index, data);
    else if (known !== data) {
      const text = `${this.#names[host]} has another state at index ${index} than another node`;
      throw new Violation('safety', 'states-agree', text);
    }
  }
}

function asksFor(command: unknown, by: string): boolean {
  return typeof command === 'object' && command !== null && 'by' in command && command.by === by;
}
