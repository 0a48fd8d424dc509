import type { Happening } from '../../model/event.ts';
import type { State } from './state.ts';

/** So many events are kept on every node; older ones are in the journal. */
export const EVENTS_KEPT = 1000;

/** Adds one line to the history. */
export function record(state: State, atMs: number, what: Happening): void {
  state.events.push({ number: state.nextEvent, index: state.index, atMs, what });
  state.nextEvent += 1;
  // In pieces, so that a long history is not shifted with every event.
  if (state.events.length > EVENTS_KEPT * 1.25) {
    state.events.splice(0, state.events.length - EVENTS_KEPT);
  }
}
