import { compareText } from '../../base/order.ts';
import type { Candidate } from '../../model/plan.ts';
import type { Reason } from '../../model/reason.ts';
import {
  followPrimary,
  type Heard,
  hearDependent,
  type Occupied,
  readTies,
  type Ties,
} from './colocation.ts';
import { combineParts, type UnitRow } from './combine.ts';
import { type Hold, holdOf } from './holds.ts';
import type { Preferences, Row } from './preferences.ts';
import { NEVER } from './scores.ts';
import { nodeAt, type Situation } from './situation.ts';
import { currentPlaces, placesOf } from './stickiness.ts';
import { unitAt, unitOrder } from './unit-order.ts';
import type { Instance, Part, Unit } from './units.ts';
import { unprobedNodes } from './unprobed.ts';
import { whyNowhere, whyRefused, whyThere } from './why-seated.ts';

/** Where an instance shall run as far as scores say, and why. */
export interface Seat {
  readonly node: number | undefined;
  readonly reason: Reason;
  readonly candidates: readonly Candidate[];
  /** Why nothing may be done with it, on any node. */
  readonly frozen: Reason | undefined;
}

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

/** What each unit prefers together with all that depends on it, for its own primaries. */
function readPulls(
  situation: Situation,
  preferences: Preferences,
  ties: Ties,
  order: readonly number[],
): ReadonlyMap<number, Row> {
  const pulls = new Map<number, Row>();
  for (const index of [...order].reverse()) {
    if (!ties.ofDependent.has(index)) continue;
    const unit = unitAt(situation, index);
    const first = unit.parts[0];
    if (first === undefined || first.intended !== undefined) continue;
    const own = combineParts(unit, rowsOf(unit, preferences));
    if (!own.scores.some((score) => score > NEVER)) continue;
    pulls.set(index, hearAll(situation, unit, own, ties, pulls).row);
  }
  return pulls;
}

/** All that is to be weighed for one unit. */
interface Board {
  readonly partRows: readonly Row[];
  readonly row: UnitRow;
  readonly mayTake: readonly boolean[];
}

function readBoard(
  situation: Situation,
  unit: Unit,
  preferences: Preferences,
  ties: Ties,
  pulls: ReadonlyMap<number, Row>,
  occupied: Occupied,
): Board {
  const partRows = [...rowsOf(unit, preferences)];
  for (const tie of ties.ofDependent.get(unit.index) ?? []) {
    const position = tie.dependent.from;
    const row = partRows[position];
    if (row !== undefined) partRows[position] = followPrimary(row, tie, occupied);
  }
  const own = combineParts(unit, partRows);
  const heard = hearAll(situation, unit, own, ties, pulls);
  return { partRows, row: { ...heard.row, depths: own.depths }, mayTake: heard.mayTake };
}

function hearAll(
  situation: Situation,
  unit: Unit,
  own: Row,
  ties: Ties,
  pulls: ReadonlyMap<number, Row>,
): Heard {
  let heard: Heard = { row: own, mayTake: own.scores.map((score) => score >= 0) };
  const current = placesOfUnit(situation, unit);
  for (const tie of ties.ofPrimary.get(unit.index) ?? []) {
    const pull = pulls.get(tie.dependent.unit.index);
    const dependent = tie.dependent.unit.parts[tie.dependent.from];
    if (pull === undefined || dependent?.intended !== undefined) continue;
    heard = hearDependent(heard, tie, pull, current);
  }
  return heard;
}

function placesOfUnit(situation: Situation, unit: Unit): ReadonlySet<number> {
  return new Set(
    unit.parts.flatMap((part) =>
      part.instances.flatMap((instance) => currentPlaces(situation, instance)),
    ),
  );
}

function rowsOf(unit: Unit, preferences: Preferences): readonly Row[] {
  return unit.parts.flatMap((part) => preferences.rows[part.index] ?? []);
}

interface Placed {
  readonly instance: Instance;
  readonly seat: Seat;
}

function seatSingle(
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

/** One copy of a clone that could be started. */
interface CopyChoice {
  readonly copy: number;
  readonly home: number;
  /** 0 for the first copy of its node, 1 for the second… */
  readonly layer: number;
  readonly held: boolean;
}

function seatCopies(
  situation: Situation,
  unit: Unit,
  max: number | undefined,
  board: Board,
  load: readonly number[],
): readonly Placed[] {
  const limit = max ?? situation.nodes.filter((node) => node.worker).length;
  const choices = rankCopies(situation, unit, board, load);
  let left = limit - choices.filter((choice) => choice.held).length;
  return choices.flatMap((choice) => {
    const possible = board.mayTake[choice.home] === true;
    const taken = !choice.held && possible && left > 0;
    if (taken) left -= 1;
    return unit.parts.flatMap((part): readonly Placed[] => {
      const instance = part.instances[choice.copy];
      if (instance === undefined) return [];
      const seat = seatCopyPart(situation, unit, part, instance, board, { taken, possible, limit });
      return [{ instance, seat }];
    });
  });
}

function seatCopyPart(
  situation: Situation,
  unit: Unit,
  part: Part,
  instance: Instance,
  board: Board,
  choice: { readonly taken: boolean; readonly possible: boolean; readonly limit: number },
): Seat {
  const home = instance.home ?? 0;
  const score = board.row.scores[home] ?? NEVER;
  const reasons = board.row.reasons[home] ?? [];
  const candidates = [{ node: nodeAt(situation, home).id, score, reasons }];
  const seat = (node: number | undefined, reason: Reason): Seat => {
    return { node, reason, candidates, frozen: undefined };
  };
  const hold = holdOf(situation, part, instance);
  if (hold !== undefined) return { ...hold, candidates };
  if (part.intended !== undefined) return seat(undefined, part.intended);
  if (!choice.possible) {
    return seat(undefined, whyRefused(board.row, home) ?? noNode(situation, unit, board));
  }
  if (!choice.taken) {
    return seat(undefined, { rule: 'clone-limit', resource: unit.id, max: choice.limit });
  }
  const row = board.partRows[part.position];
  if (row !== undefined && (row.scores[home] ?? NEVER) <= NEVER) {
    return seat(undefined, whyRefused(row, home) ?? noNode(situation, unit, board));
  }
  return seat(home, { rule: 'should-run', resource: unit.id });
}

function noNode(situation: Situation, unit: Unit, board: Board): Reason {
  return whyNowhere(situation, unit, board.row);
}

/** Held copies first, then one on each node before a second on any, whole ones before partial ones. */
function rankCopies(
  situation: Situation,
  unit: Unit,
  board: Board,
  load: readonly number[],
): readonly CopyChoice[] {
  const onNode = new Map<number, number>();
  const runs = (copy: number): boolean =>
    unit.parts.some((part) => {
      const instance = part.instances[copy];
      return instance?.locals[instance.home ?? 0]?.state === 'started';
    });
  const choices = unit.copies
    .map((copy, index) => ({ copy: index, home: copy?.home ?? 0, runs: runs(index) }))
    .sort((a, b) => Number(b.runs) - Number(a.runs) || a.copy - b.copy)
    .map(({ copy, home }): CopyChoice => {
      const layer = onNode.get(home) ?? 0;
      onNode.set(home, layer + 1);
      const held = unit.parts.some(
        (part) => holdOf(situation, part, part.instances[copy])?.node !== undefined,
      );
      return { copy, home, layer, held };
    });
  const at = (list: readonly number[], node: number): number => list[node] ?? NEVER;
  return choices.sort(
    (a, b) =>
      Number(b.held) - Number(a.held) ||
      a.layer - b.layer ||
      at(board.row.depths, b.home) - at(board.row.depths, a.home) ||
      at(board.row.scores, b.home) - at(board.row.scores, a.home) ||
      (load[a.home] ?? 0) - (load[b.home] ?? 0) ||
      compareText(nodeAt(situation, a.home).id, nodeAt(situation, b.home).id) ||
      a.copy - b.copy,
  );
}
