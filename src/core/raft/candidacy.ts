import type { NodeId } from '../../model/ids.ts';
import type { RaftCore } from './core.ts';
import { type VoteOutcome, VoteTally } from './quorum.ts';

/** Asks whether an election could be won, before the term is raised for it (9.6). */
export class PreCandidacy {
  readonly kind = 'pre-candidate';
  readonly #core: RaftCore;
  readonly #tally: VoteTally = new VoteTally();

  constructor(core: RaftCore) {
    this.#core = core;
    const { log, outbox, self, term } = core;
    this.#tally.record(self, true);
    outbox.note({ kind: 'pre-vote-started', term: term + 1 });
    const { lastIndex, lastTerm } = log;
    for (const voter of core.otherVoters) {
      outbox.send(voter, { kind: 'pre-vote', term: term + 1, lastIndex, lastTerm });
    }
  }

  record(voter: NodeId, granted: boolean): VoteOutcome {
    this.#tally.record(voter, granted);
    return this.#tally.outcome(this.#core.log.configuration.configuration.voters);
  }
}

/**
 * Asks for votes in a new term (3.4), once the own vote is on disk: a candidate that asked
 * earlier and then lost its memory could collect the votes for another log than it has.
 */
export class Candidacy {
  readonly kind = 'candidate';
  readonly #core: RaftCore;
  readonly #tally: VoteTally = new VoteTally();
  readonly #isTransfer: boolean;
  /** The write that holds the own vote. */
  readonly #ticket: number;
  #isAsking = false;

  constructor(core: RaftCore, isTransfer: boolean) {
    this.#core = core;
    this.#isTransfer = isTransfer;
    core.enterTerm(core.term + 1);
    core.voteFor(core.self);
    this.#ticket = core.outbox.ticket;
    core.outbox.note({ kind: 'election-started', term: core.term, transfer: isTransfer });
  }

  /** Whether the others have been asked. */
  get isAsking(): boolean {
    return this.#isAsking;
  }

  /** Writes up to `ticket` are on disk: if the own vote is among them, the others are asked. */
  persisted(ticket: number): VoteOutcome {
    if (this.#isAsking || ticket < this.#ticket) return 'open';
    this.#isAsking = true;
    const { log, outbox, self, term } = this.#core;
    const { lastIndex, lastTerm } = log;
    const transfer = this.#isTransfer;
    for (const voter of this.#core.otherVoters) {
      outbox.send(voter, { kind: 'vote', term, lastIndex, lastTerm, transfer });
    }
    return this.record(self, true);
  }

  record(voter: NodeId, granted: boolean): VoteOutcome {
    this.#tally.record(voter, granted);
    return this.#tally.outcome(this.#core.log.configuration.configuration.voters);
  }
}
