import type { NodeId } from '../../model/ids.ts';
import type { RaftCore } from './core.ts';
import type { SnapshotMessage } from './messages.ts';

/** The pieces of one snapshot of one leader, in order and without a gap. */
interface Partial {
  readonly leader: NodeId;
  readonly term: number;
  readonly index: number;
  readonly texts: string[];
  /** Characters so far. */
  length: number;
}

/** A follower's receiving side of snapshots (5.1): gathers the pieces, then replaces log and state. */
export class SnapshotReceiver {
  readonly #core: RaftCore;
  #partial: Partial | undefined;

  constructor(core: RaftCore) {
    this.#core = core;
  }

  receive(leader: NodeId, piece: SnapshotMessage): void {
    const { log, outbox, term } = this.#core;
    if (piece.index <= log.commit) {
      // The leader holds all that is committed here: no need for its snapshot.
      this.#partial = undefined;
      outbox.sendDurable(leader, { kind: 'append-accepted', term, match: log.commit });
      return;
    }
    const partial = this.#partialFor(leader, piece);
    if (piece.offset === partial.length) {
      partial.texts.push(piece.text);
      partial.length += piece.text.length;
      if (piece.last) {
        this.#partial = undefined;
        this.#install(leader, piece, partial.texts.join(''));
        return;
      }
    }
    const { index, offset } = piece;
    outbox.send(leader, { kind: 'snapshot-reply', term, index, offset, next: partial.length });
  }

  /** What an ended leadership had begun to send is of no use. */
  forget(): void {
    this.#partial = undefined;
  }

  #partialFor(leader: NodeId, piece: SnapshotMessage): Partial {
    const { term } = this.#core;
    const { index, offset } = piece;
    const current = this.#partial;
    const isSame =
      current?.leader === leader && current.term === term && current.index === index && offset > 0;
    if (current !== undefined && isSame) return current;
    const fresh: Partial = { leader, term, index, texts: [], length: 0 };
    this.#partial = fresh;
    return fresh;
  }

  #install(leader: NodeId, piece: SnapshotMessage, data: string): void {
    const { log, outbox, term } = this.#core;
    const { index, snapshotTerm, configuration, configurationIndex } = piece;
    if (log.termAt(index) === snapshotTerm) {
      // All entries up to there are here already: it only tells that they are committed.
      log.commitTo(index);
    } else {
      const snapshot = { index, term: snapshotTerm, configuration, configurationIndex, data };
      log.reset(snapshot);
      outbox.writeTruncation(1);
      outbox.writeSnapshot(snapshot, index + 1);
      outbox.note({ kind: 'snapshot-installed', index });
    }
    outbox.sendDurable(leader, { kind: 'append-accepted', term, match: index });
  }
}
