import type { NodeId } from '../../model/ids.ts';
import type { RaftCore } from './core.ts';
import type { Entry } from './entry.ts';
import type { AppendMessage } from './messages.ts';

/**
 * A follower takes entries of its leader (3.5). It says "accepted" when they are on its disk.
 * The leader's log holds all that is committed here, so entries up to there need no look.
 */
export function acceptAppend(core: RaftCore, leader: NodeId, message: AppendMessage): void {
  const { log, outbox, term } = core;
  const { previousIndex, entries } = message;
  if (previousIndex >= log.commit && log.termAt(previousIndex) !== message.previousTerm) {
    const hint = log.lastNotAfter(Math.min(previousIndex, log.lastIndex), message.previousTerm);
    outbox.send(leader, {
      kind: 'append-rejected',
      term,
      previousIndex,
      hintIndex: hint?.index ?? 0,
      hintTerm: hint?.term ?? 0,
    });
    return;
  }
  takeNew(core, entries);
  const match = Math.max(previousIndex + entries.length, log.commit);
  log.commitTo(Math.max(log.commit, Math.min(message.commit, match)));
  outbox.sendDurable(leader, { kind: 'append-accepted', term, match });
}

/** Appends what is not there yet, after removing what contradicts it. */
function takeNew(core: RaftCore, entries: readonly Entry[]): void {
  const { log } = core;
  const firstNew = entries.findIndex(
    (entry) => entry.index > log.commit && log.termAt(entry.index) !== entry.term,
  );
  const first = entries[firstNew];
  if (first === undefined) return;
  if (first.index <= log.lastIndex) core.truncateFrom(first.index);
  core.append(entries.slice(firstNew));
}
