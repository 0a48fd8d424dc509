import type { Candidate } from '../../model/plan.ts';
import type { Reason } from '../../model/reason.ts';
import type { Board } from './board.ts';
import type { Ties } from './colocation.ts';
import { type Hold, holdOf } from './holds.ts';
import type { Preferences } from './preferences.ts';
import { NEVER } from './scores.ts';
import type { Placed, Seat } from './seat.ts';
import { nodeAt, type Situation } from './situation.ts';
import { placesOf } from './stickiness.ts';
import type { Instance, Part, Unit } from './units.ts';
import { unprobedNodes } from './unprobed.ts';
import { whyNowhere, whyRefused, whyThere } from './why-seated.ts';

/** Seats for the parts of a unit that may run once: all on the best node, as far as they can run there. */
export function seatSingle(
  situation: Situation,
  preferences: Preferences,
  ties: Ties,
  unit: Unit,
  board: Board,
  load: readonly number[],
): readonly Placed[] {
  const ranking = rankNodes(situation, preferences, unit, board, load);
  const candidates = candidatesOf(situation, board, ranking);
  const holds = unit.parts.map((part) => holdOf(situation, part, part.instances[0]));
  const pinned = holds.find((hold) => hold?.node !== undefined)?.node;
  const best = ranking.find((node) => board.mayTake[node]);
  const waiting = waitingPlace(situation, ties, unit, board, best);
  const chosen = pinned ?? waiting?.node ?? best;
  const reason =
    waiting?.reason ??
    (chosen === undefined
      ? whyNowhere(situation, unit, board.row)
      : whyThere(situation, unit, board.row, chosen));
  return unit.parts.flatMap((part): readonly Placed[] => {
    const instance = part.instances[0];
    if (instance === undefined) return [];
    const hold = holds[part.position];
    const seat = seatPart(part, instance, hold, board, chosen, reason, pinned !== undefined);
    return [{ instance, seat: { ...seat, candidates } }];
  });
}

/** What runs well moves to a better node only when all is known of it and of what is placed with it. */
function waitingPlace(
  situation: Situation,
  ties: Ties,
  unit: Unit,
  board: Board,
  best: number | undefined,
): { readonly node: number; readonly reason: Reason } | undefined {
  const places = new Set(
    unit.parts.flatMap((part) =>
      part.instances.flatMap((instance) => placesOf(situation, instance)),
    ),
  );
  const place = [...places].find((node) => board.mayTake[node]);
  if (place === undefined || best === undefined || places.has(best)) return undefined;
  const nodes = unprobedNodes(situation, ties, unit);
  if (nodes.length === 0) return undefined;
  return { node: place, reason: { rule: 'waits-for-probe', resource: unit.id, nodes } };
}

function seatPart(
  part: Part,
  instance: Instance,
  hold: Hold | undefined,
  board: Board,
  chosen: number | undefined,
  reason: Reason,
  isPinned: boolean,
): Omit<Seat, 'candidates'> {
  if (hold !== undefined) return { node: hold.node, reason: hold.reason, frozen: hold.frozen };
  if (part.intended !== undefined)
    return { node: undefined, reason: part.intended, frozen: undefined };
  const row = board.partRows[part.position];
  if (chosen === undefined || row === undefined)
    return { node: undefined, reason, frozen: undefined };
  const isRefused = (row.scores[chosen] ?? NEVER) <= NEVER;
  // Beside a fellow that cannot leave, what runs stays as it is.
  const stays = isPinned && instance.locals[chosen]?.state === 'started';
  if (!isRefused || stays) return { node: chosen, reason, frozen: undefined };
  return { node: undefined, reason: whyRefused(row, chosen) ?? reason, frozen: undefined };
}

/** The nodes, best first: score, then a wish to move there, then the fewest instances, then the name. */
function rankNodes(
  situation: Situation,
  preferences: Preferences,
  unit: Unit,
  board: Board,
  load: readonly number[],
): readonly number[] {
  const wished = new Set<number>();
  for (const move of preferences.moves) {
    if (move.kind === 'granted' && move.unit === unit) wished.add(move.node);
  }
  const score = (node: number): number => board.row.scores[node] ?? NEVER;
  return situation.nodes
    .map((node) => node.index)
    .sort(
      (a, b) =>
        Number(board.mayTake[b]) - Number(board.mayTake[a]) ||
        score(b) - score(a) ||
        Number(wished.has(b)) - Number(wished.has(a)) ||
        (load[a] ?? 0) - (load[b] ?? 0) ||
        a - b,
    );
}

function candidatesOf(
  situation: Situation,
  board: Board,
  ranking: readonly number[],
): readonly Candidate[] {
  return ranking.map((node) => ({
    node: nodeAt(situation, node).id,
    score: board.row.scores[node] ?? NEVER,
    reasons: board.row.reasons[node] ?? [],
  }));
}
