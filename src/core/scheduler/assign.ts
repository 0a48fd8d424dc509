import { readBoard, readPulls } from './board.ts';
import { readTies, type Ties } from './colocation.ts';
import type { Preferences } from './preferences.ts';
import type { Seat } from './seat.ts';
import { seatCopies } from './seat-copies.ts';
import { seatSingle } from './seat-single.ts';
import type { Situation } from './situation.ts';
import { unitAt, unitOrder } from './unit-order.ts';

/** Stage 3: a seat for each instance, by its index. */
export interface Assignments {
  readonly seats: readonly Seat[];
  readonly ties: Ties;
}

export function assign(situation: Situation, preferences: Preferences): Assignments {
  const ties = readTies(situation);
  const order = unitOrder(situation, preferences, ties);
  const pulls = readPulls(situation, preferences, ties, order);
  const seats: Seat[] = [];
  const occupied = new Map<number, ReadonlySet<number>>();
  const load = situation.nodes.map(() => 0);
  for (const index of order) {
    const unit = unitAt(situation, index);
    const board = readBoard(situation, unit, preferences, ties, pulls, occupied);
    const placed =
      unit.clone === undefined
        ? seatSingle(situation, preferences, ties, unit, board, load)
        : seatCopies(situation, unit, unit.clone.max, board, load);
    for (const { instance, seat } of placed) {
      seats[instance.index] = seat;
      if (seat.node === undefined) continue;
      load[seat.node] = (load[seat.node] ?? 0) + 1;
      occupied.set(instance.part, new Set([...(occupied.get(instance.part) ?? []), seat.node]));
    }
  }
  return { seats, ties };
}
