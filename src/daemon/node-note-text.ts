import { unreachable } from '../base/assert.ts';
import type { LossNote } from '../core/membership/loss.ts';
import type { NodeNote } from '../core/node/node-io.ts';
import type { RaftNote } from '../core/raft/notes.ts';
import type { Urgency } from '../runtime/journal.ts';

interface Line {
  readonly urgency: Urgency;
  readonly text: string;
}

/** A line of the journal for what this node notes; undefined for what would only fill it. */
export function nodeNoteText(note: NodeNote): Line | undefined {
  switch (note.kind) {
    case 'raft':
      return raftNoteText(note.note);
    case 'loss':
      return lossNoteText(note.note);
    case 'join-asked':
      return { urgency: 'notice', text: 'asks to join the cluster' };
    case 'member':
      return {
        urgency: 'notice',
        text: `is a member of the cluster (incarnation ${note.incarnation})`,
      };
    case 'decided':
      return undefined; // The orders are events of the cluster.
    case 'disk-trouble':
      return note.reason === undefined
        ? { urgency: 'notice', text: 'the disk takes writes again' }
        : { urgency: 'error', text: `votes no more: ${note.reason}` };
    case 'refused':
      return { urgency: 'info', text: `refused: ${note.text}` };
    default:
      return unreachable(note);
  }
}

function lossNoteText(note: LossNote): Line {
  switch (note.kind) {
    case 'round-begun':
      return { urgency: 'notice', text: `asks the voters whether ${note.node} is lost` };
    case 'round-gathered':
      return { urgency: 'warning', text: `a majority of the voters has lost ${note.node}` };
    case 'round-given-up':
      return { urgency: 'notice', text: `${note.node} is not lost: ${givenUp[note.why]}` };
  }
}

const givenUp = {
  heard: 'other voters hear it',
  stale: 'it has joined anew or left',
  late: 'too few voters answered; asks again',
} as const;

function raftNoteText(note: RaftNote): Line | undefined {
  switch (note.kind) {
    case 'election-won':
      return { urgency: 'notice', text: `leads the cluster (term ${note.term})` };
    case 'stepped-down':
      return { urgency: 'notice', text: `leads no more (term ${note.term}: ${note.reason})` };
    case 'stalled':
      return {
        urgency: 'warning',
        text: `this agent stood still for ${Math.round(note.lateMs)} ms`,
      };
    case 'disk-slow':
      return {
        urgency: 'warning',
        text: `the disk took ${Math.round(note.waitedMs)} ms for a write`,
      };
    case 'snapshot-installed':
      return { urgency: 'notice', text: `took over the state up to index ${note.index}` };
    default:
      return undefined;
  }
}
