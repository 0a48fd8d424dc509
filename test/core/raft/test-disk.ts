import type { RaftStart, RaftWrite } from '../../../src/core/raft/contract.ts';
import type { Entry, RaftSnapshot } from '../../../src/core/raft/entry.ts';
import type { NodeId } from '../../../src/model/ids.ts';

export type DiskContents = Pick<RaftStart, 'term' | 'votedFor' | 'commit' | 'snapshot' | 'entries'>;

/** A disk that does what `RaftWrite` says, write by write. What was not written, a crash loses. */
export class TestDisk {
  term = 0;
  votedFor: NodeId | undefined;
  commit = 0;
  snapshot: RaftSnapshot | undefined;
  entries: Entry[] = [];

  write(write: RaftWrite): void {
    this.term = write.term;
    this.votedFor = write.votedFor;
    this.commit = write.commit;
    if (write.snapshot !== undefined) this.snapshot = write.snapshot;
    const { discardBefore, truncateFrom } = write;
    if (discardBefore !== undefined) {
      this.entries = this.entries.filter((entry) => entry.index >= discardBefore);
    }
    if (truncateFrom !== undefined) {
      this.entries = this.entries.filter((entry) => entry.index < truncateFrom);
    }
    if (write.append !== undefined) this.entries.push(...write.append);
  }

  read(): DiskContents {
    return {
      term: this.term,
      ...(this.votedFor === undefined ? {} : { votedFor: this.votedFor }),
      commit: this.commit,
      ...(this.snapshot === undefined ? {} : { snapshot: this.snapshot }),
      entries: [...this.entries],
    };
  }
}
