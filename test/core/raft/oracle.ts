import type { Entry, RaftSnapshot } from '../../../src/core/raft/entry.ts';
import type { RaftMessage } from '../../../src/core/raft/messages.ts';
import type { NodeId } from '../../../src/model/ids.ts';
import type { TestDisk } from './test-disk.ts';
import { TestMachine } from './test-machine.ts';

/** A property of Raft that does not hold (figure 3.2 of the dissertation). */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export function must(condition: boolean, message: string): void {
  if (!condition) throw new Violation(message);
}

/** What was so when a read was asked. */
interface Read {
  readonly commit: number;
  readonly elected: number;
}

/** Sees everything in a cluster and knows what must never happen. */
export class Oracle {
  readonly #leaders = new Map<number, NodeId>();
  #latestElected = 0;
  /** `voter/term` to the one candidate that has its vote, the own vote too. */
  readonly #votes = new Map<string, NodeId>();
  readonly #reads = new Map<number, Read>();
  /** What was committed, by index; entry 1 is at 0. */
  readonly #committed: Entry[] = [];
  /** The term in which each index was seen to be committed. */
  readonly #commitTerms: number[] = [];
  readonly #commands = new Map<unknown, number>();
  /** The state after each committed index. */
  readonly #states: string[] = [];
  readonly #machine = new TestMachine();

  get commit(): number {
    return this.#committed.length;
  }

  get commands(): number {
    return this.#commands.size;
  }

  /**
   * Election safety, and leader completeness: at its election its whole log is on its disk, and
   * holds what was committed in earlier terms. (Late votes may elect a leader of a term that is
   * over; it need not know what came after.)
   */
  elected(node: NodeId, term: number, voters: readonly NodeId[], disk: TestDisk): void {
    const other = this.#leaders.get(term) ?? node;
    must(other === node, `one leader per term: ${other} and ${node} in ${term}`);
    this.#leaders.set(term, node);
    this.#latestElected = Math.max(this.#latestElected, term);
    const granted = voters.filter((voter) => this.#votes.get(`${voter}/${term}`) === node);
    must(2 * granted.length > voters.length, `${node} leads in ${term} without a majority`);
    const held = new Map(disk.entries.map((entry) => [entry.index, entry.term]));
    for (let index = (disk.snapshot?.index ?? 0) + 1; index <= this.commit; index += 1) {
      const expected = this.#committed[index - 1]?.term;
      if ((this.#commitTerms[index - 1] ?? 0) >= term) break;
      must(held.get(index) === expected, `leader completeness: ${node} lacks ${index}`);
    }
  }

  /** One vote a term, restarts or not (3.6). */
  sent(node: NodeId, to: NodeId, message: RaftMessage): void {
    let candidate: NodeId | undefined;
    if (message.kind === 'vote') candidate = node;
    if (message.kind === 'vote-reply' && message.granted) candidate = to;
    if (candidate !== undefined) this.voted(node, message.term, candidate);
  }

  voted(node: NodeId, term: number, candidate: NodeId): void {
    const key = `${node}/${term}`;
    const other = this.#votes.get(key) ?? candidate;
    must(
      other === candidate,
      `one vote per term: ${node} for ${other} and ${candidate} in ${term}`,
    );
    this.#votes.set(key, candidate);
  }

  asked(id: number): void {
    this.#reads.set(id, { commit: this.commit, elected: this.#latestElected });
  }

  /** A read sees all that was committed when it was asked, and no deposed leader answers (6.4). */
  confirmed(id: number, index: number, term: number, machine: TestMachine): void {
    const read = this.#reads.get(id);
    must(read !== undefined && index >= read.commit, `read ${id} is stale`);
    must(read !== undefined && term >= read.elected, `read ${id} is answered by a deposed leader`);
    must(machine.index >= index, `read ${id} is answered before it was applied`);
  }

  /** State machine safety: whoever applies an index applies the same entry, in order, once. */
  applied(node: NodeId, term: number, machine: TestMachine, entry: Entry): void {
    must(entry.index === machine.index + 1, `${node} applies ${entry.index} out of order`);
    const known = this.#committed[entry.index - 1];
    if (known === undefined) this.#add(entry, term);
    else must(sameEntry(known, entry), `state machine safety: ${node} at ${entry.index}`);
  }

  restored(node: NodeId, machine: TestMachine, snapshot: RaftSnapshot): void {
    must(snapshot.index > machine.index, `${node} is set back to ${snapshot.index}`);
    const expected = this.#states[snapshot.index - 1];
    must(snapshot.data === expected, `${node} is given a wrong state at ${snapshot.index}`);
  }

  /** Log matching: equal index and term mean equal logs up to there (3.5). */
  compareLogs(a: TestDisk, b: TestDisk): void {
    const mine = new Map(a.entries.map((entry) => [entry.index, entry]));
    let mustAgree = false;
    for (const theirs of b.entries.toReversed()) {
      const own = mine.get(theirs.index);
      if (own === undefined) continue;
      if (own.term === theirs.term) mustAgree = true;
      must(!mustAgree || sameEntry(own, theirs), `log matching at ${theirs.index}`);
    }
  }

  #add(entry: Entry, term: number): void {
    must(entry.index === this.#committed.length + 1, `a commit with a gap at ${entry.index}`);
    if (entry.kind === 'command') {
      must(!this.#commands.has(entry.command), `command ${entry.command} is committed twice`);
      this.#commands.set(entry.command, entry.index);
    }
    this.#committed.push(entry);
    this.#commitTerms.push(term);
    this.#machine.apply(entry);
    this.#states.push(this.#machine.data);
  }
}

function sameEntry(a: Entry, b: Entry): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
