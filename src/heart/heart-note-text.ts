import { unreachable } from '../base/assert.ts';
import type { HeartNote } from '../core/membership/heart-machine.ts';
import type { Urgency } from '../runtime/journal.ts';

/**
 * A line of the journal for what the heart notes; undefined for what would only fill it. `gateOpen`: something may run
 * on this node that needs the lease.
 */
export function heartNoteText(
  note: HeartNote,
  gateOpen: boolean,
): { readonly urgency: Urgency; readonly text: string } | undefined {
  switch (note.kind) {
    case 'link-up':
      return { urgency: 'notice', text: `link ${note.link} to ${note.peer} is up` };
    case 'link-down':
      return { urgency: 'warning', text: `link ${note.link} to ${note.peer} is down` };
    case 'peer-heard':
      return { urgency: 'notice', text: `hears ${note.peer}` };
    case 'peer-silent':
      return { urgency: 'warning', text: `hears nothing of ${note.peer} on any link` };
    case 'lease-gained':
      return {
        urgency: 'notice',
        text: 'holds the lease: a majority of the voters hears this node',
      };
    case 'lease-ended':
      return gateOpen
        ? { urgency: 'error', text: 'lost the lease: puts down what may run on one node only' }
        : { urgency: 'notice', text: 'holds no lease any more' };
    case 'promised':
      return {
        urgency: 'notice',
        text: `promised to hear ${note.peer} no more until it joins anew`,
      };
    case 'promise-released':
      return { urgency: 'info', text: `is free of its promise about ${note.peer}` };
    case 'put-down':
      return { urgency: 'notice', text: `put everything down in ${Math.round(note.tookMs)} ms` };
    case 'stalled':
      return { urgency: 'warning', text: `this host stood still for ${Math.round(note.forMs)} ms` };
    case 'agent-down':
      return { urgency: 'warning', text: 'the agent has ended; starts it again' };
    case 'agent-hung':
      return { urgency: 'error', text: 'the agent does not answer; ends it and starts it again' };
    case 'agent-given-up':
      return { urgency: 'error', text: 'no working agent for too long: gives up the lease' };
    case 'agent-started':
    case 'voters-adopted':
      return undefined;
    default:
      return unreachable(note);
  }
}
