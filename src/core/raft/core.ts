import { assert } from '../../base/assert.ts';
import type { Prng } from '../../base/prng.ts';
import type { NodeId } from '../../model/ids.ts';
import type { RaftStart } from './contract.ts';
import type { Entry } from './entry.ts';
import { RaftLog } from './log.ts';
import { Outbox } from './outbox.ts';
import type { RaftSettings } from './settings.ts';

/** What all roles share: the durable state of one node, and the outbox of the present step. */
export class RaftCore {
  readonly self: NodeId;
  readonly settings: RaftSettings;
  readonly prng: Prng;
  readonly log: RaftLog;
  readonly outbox: Outbox = new Outbox();
  #term: number;
  #votedFor: NodeId | undefined;

  constructor(start: RaftStart) {
    this.self = start.self;
    this.settings = start.settings;
    this.prng = start.prng;
    this.#term = start.term;
    this.#votedFor = start.votedFor;
    this.log = new RaftLog({
      commit: start.commit ?? 0,
      snapshot: start.snapshot,
      entries: start.entries,
      configuration: start.configuration,
    });
    assert(this.log.lastTerm <= this.#term, 'raft: the disk has lost the term of its entries');
  }

  /** Only grows. */
  get term(): number {
    return this.#term;
  }

  /** Who has this node's vote in this term; once set, it stays for the term. */
  get votedFor(): NodeId | undefined {
    return this.#votedFor;
  }

  /** Whether this node votes in the configuration in force. */
  get isVoter(): boolean {
    return this.log.configuration.configuration.voters.includes(this.self);
  }

  /** The voters of the configuration in force but this node. */
  get otherVoters(): readonly NodeId[] {
    return this.log.configuration.configuration.voters.filter((voter) => voter !== this.self);
  }

  /** Whether this node is all that there is to wait for. */
  get isLoneVoter(): boolean {
    const { voters } = this.log.configuration.configuration;
    return voters.length === 1 && voters[0] === this.self;
  }

  /**
   * Whether this node may ask for votes. A removal counts only when it is known to be committed:
   * until then the removed voter may be the only one with enough of the log (4.2.2). It does
   * not count its own vote, though.
   */
  get mayCampaign(): boolean {
    return this.isVoter || this.log.committedConfiguration.configuration.voters.includes(this.self);
  }

  enterTerm(term: number): void {
    assert(term > this.#term, 'raft: a term must grow');
    this.#term = term;
    this.#votedFor = undefined;
    this.outbox.writeHardState();
  }

  voteFor(candidate: NodeId): void {
    if (this.#votedFor === candidate) return;
    assert(this.#votedFor === undefined, 'raft: a second vote in one term');
    this.#votedFor = candidate;
    this.outbox.writeHardState();
  }

  /** Appends to the log and to this step's write. */
  append(entries: readonly Entry[]): void {
    this.log.append(entries);
    this.outbox.writeEntries(entries);
    for (const entry of entries) {
      if (entry.kind !== 'configuration') continue;
      this.outbox.note({ kind: 'configuration-in-force', index: entry.index });
    }
  }

  /** Removes entries that a newer leader does not have, from the log and with this step's write. */
  truncateFrom(index: number): void {
    const { log, outbox } = this;
    const before = log.configuration.index;
    outbox.note({
      kind: 'entries-replaced',
      fromIndex: index,
      count: log.lastIndex - index + 1,
    });
    log.truncateFrom(index);
    outbox.writeTruncation(index);
    if (log.configuration.index === before) return;
    outbox.note({ kind: 'configuration-undone', index: before });
  }

  /** Hands what is committed and on disk to the state machine. */
  apply(): void {
    const snapshot = this.log.takeRestorable();
    if (snapshot !== undefined) this.outbox.emit({ kind: 'restore', snapshot });
    const entries = this.log.takeApplicable();
    if (entries.length > 0) this.outbox.emit({ kind: 'apply', entries });
  }
}
