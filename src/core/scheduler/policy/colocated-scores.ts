import { colocationsThisWith, colocationsWithThis, hasInfluence } from './colocations-of.ts';
import {
  addScores,
  anyAvailable,
  type Colocation,
  copyTable,
  INFINITE,
  isAvailable,
  type PolicyNode,
  type Resource,
  type Table,
} from './state.ts';

/** Marks a node, for the time of one calculation, as one that may not be chosen. */
const UNUSABLE = INFINITE * -100;

export interface Selection {
  /** Take up wishes of those that depend on the source (or of those that it depends on). */
  readonly thisWith?: boolean;
  readonly onlyPositive?: boolean;
  /** Leave the table as it is where that would leave no node. */
  readonly active?: boolean;
}

interface Scoring {
  readonly source: Resource;
  readonly target: Resource | undefined;
  readonly colocation: Colocation | undefined;
  readonly factor: number;
  readonly selection: Selection;
}

/**
 * The table with the wishes of the source added, and of all that are placed with it in turn, each by the share
 * that its colocation is worth. An undefined table: that of the source itself.
 */
export function withColocatedScores(table: Table | undefined, scoring: Scoring): Table | undefined {
  const { source } = scoring;
  if (source.kind === 'group') return throughGroup(table, scoring);
  if (source.isMerging) return table;
  source.isMerging = true;
  const result = merge(table, scoring);
  source.isMerging = false;
  return result;
}

function throughGroup(table: Table | undefined, scoring: Scoring): Table | undefined {
  const group = scoring.source;
  if (group.isMerging) return table;
  group.isMerging = true;
  const member = table === undefined ? group.children.at(-1) : group.children[0];
  const result =
    member === undefined ? table : withColocatedScores(table, { ...scoring, source: member });
  group.isMerging = false;
  return result;
}

function merge(table: Table | undefined, scoring: Scoring): Table | undefined {
  const { source, colocation, factor, selection } = scoring;
  let work = copyTable(table ?? source.table);
  const target = table === undefined ? source : (scoring.target ?? source);
  if (table !== undefined && colocation !== undefined) {
    addMatching(work, source, colocation, factor, selection.onlyPositive === true);
  }
  if (anyAvailable(work)) {
    work = takeUpOthers(work, { ...scoring, target });
  } else if (selection.active === true) return table;
  if (selection.onlyPositive === true) {
    for (const seat of work.values()) if (seat.score === UNUSABLE) seat.score = 1;
  }
  return work;
}

function takeUpOthers(table: Table, scoring: Scoring): Table {
  const { source, factor, selection } = scoring;
  const others =
    selection.thisWith === true ? colocationsThisWith(source) : colocationsWithThis(source);
  let work = table;
  for (const colocation of others) {
    if (selection.thisWith !== true && !hasInfluence(colocation)) continue;
    const other = selection.thisWith === true ? colocation.primary : colocation.dependent;
    const share = (factor * colocation.score) / INFINITE;
    work =
      withColocatedScores(work, {
        source: other,
        target: scoring.target,
        colocation,
        factor: share,
        selection: { ...selection, active: true },
      }) ?? work;
  }
  return work;
}

function addMatching(
  table: Table,
  source: Resource,
  colocation: Colocation,
  factor: number,
  onlyPositive: boolean,
): void {
  const { attribute } = colocation;
  const best = bestScores(source, attribute);
  for (const seat of table.values()) {
    const score = best.get(colocationValue(seat.node, attribute) ?? '') ?? -INFINITE;
    if (factor < 0 && score < 0 && !mayPull(colocation, score)) continue;
    if (seat.score === UNUSABLE) continue;
    const sum = addScores(shareOf(factor, score), seat.score);
    if (onlyPositive && sum < 0 && seat.score > 0) {
      seat.score = UNUSABLE;
      continue;
    }
    if (onlyPositive && sum < 0 && seat.score === 0) continue;
    seat.score = sum;
  }
}

/** What must be apart does not draw the other to the nodes that it avoids, unless it has but one. */
function mayPull(colocation: Colocation, score: number): boolean {
  if (colocation.primary.settings.stickiness >= -score) return false;
  if (!hasInfluence(colocation)) return false;
  let allowed = 0;
  for (const seat of colocation.dependent.table.values()) if (seat.score >= 0) allowed += 1;
  return allowed === 1;
}

function shareOf(factor: number, score: number): number {
  const share = Math.fround(Math.fround(factor) * score);
  const rounded = Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
  if (rounded !== 0 || score === 0) return rounded;
  if (factor === 0) return 0;
  return factor > 0 ? 1 : -1;
}

function bestScores(source: Resource, attribute: string): ReadonlyMap<string, number> {
  const best = new Map<string, number>();
  for (const seat of source.table.values()) {
    if (!isAvailable(seat.node)) continue;
    const value = colocationValue(seat.node, attribute) ?? '';
    if (seat.score > (best.get(value) ?? -INFINITE)) best.set(value, seat.score);
  }
  return best;
}

export function colocationValue(node: PolicyNode, attribute: string): string | undefined {
  const value = attribute === '#uname' ? node.name : node.attributes.get(attribute);
  return value?.toLowerCase();
}

/** Takes the wishes of a dependent into the primary's table. */
export function addDependentScores(colocation: Colocation, primary: Resource): void {
  if (!hasInfluence(colocation)) return;
  primary.table =
    withColocatedScores(primary.table, {
      source: colocation.dependent,
      target: primary,
      colocation,
      factor: colocation.score / INFINITE,
      selection: { active: true, onlyPositive: primary.kind === 'clone' },
    }) ?? primary.table;
}
