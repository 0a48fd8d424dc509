import { compareText } from '../../base/order.ts';
import type { Reason } from '../../model/reason.ts';
import type { Board } from './board.ts';
import { holdOf } from './holds.ts';
import { NEVER } from './scores.ts';
import type { Placed, Seat } from './seat.ts';
import { nodeAt, type Situation } from './situation.ts';
import type { Instance, Part, Unit } from './units.ts';
import { whyNowhere, whyRefused } from './why-seated.ts';

/** One copy of a clone that could be started. */
interface CopyChoice {
  readonly copy: number;
  readonly home: number;
  /** 0 for the first copy of its node, 1 for the second… */
  readonly layer: number;
  readonly held: boolean;
}

/** Seats for the copies of a clone: as many as it may have, each on the node that it belongs to. */
export function seatCopies(
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
