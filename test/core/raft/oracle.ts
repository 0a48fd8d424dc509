import type { Entry, RaftSnapshot } from '../../../src/core/raft/entry.ts';
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

/** Sees everything in a cluster and knows what must never happen. */
export class Oracle {
  readonly #leaders = new Map<number, NodeId>();
  /** What was committed, by index; entry 1 is at 0. */
  readonly #committed: Entry[] = [];
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

  /** Election safety, and leader completeness: at its election its whole log is on its disk. */
  elected(node: NodeId, term: number, disk: TestDisk): void {
    const other = this.#leaders.get(term) ?? node;
    must(other === node, `one leader per term: ${other} and ${node} in ${term}`);
    this.#leaders.set(term, node);
    const held = new Map(disk.entries.map((entry) => [entry.index, entry.term]));
    for (let index = (disk.snapshot?.index ?? 0) + 1; index <= this.commit; index += 1) {
      const expected = this.#committed[index - 1]?.term;
      must(held.get(index) === expected, `leader completeness: ${node} lacks ${index}`);
    }
  }

  /** State machine safety: whoever applies an index applies the same entry, in order, once. */
  applied(node: NodeId, machine: TestMachine, entry: Entry): void {
    must(entry.index === machine.index + 1, `${node} applies ${entry.index} out of order`);
    const known = this.#committed[entry.index - 1];
    if (known === undefined) this.#add(entry);
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

  #add(entry: Entry): void {
    must(entry.index === this.#committed.length + 1, `a commit with a gap at ${entry.index}`);
    if (entry.kind === 'command') {
      must(!this.#commands.has(entry.command), `command ${entry.command} is committed twice`);
      this.#commands.set(entry.command, entry.index);
    }
    this.#committed.push(entry);
    this.#machine.apply(entry);
    this.#states.push(this.#machine.data);
  }
}

function sameEntry(a: Entry, b: Entry): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
