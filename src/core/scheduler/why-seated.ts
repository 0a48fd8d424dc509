import { INFINITY_SCORE } from '../../model/config.ts';
import type { Reason } from '../../model/reason.ts';
import { mayRun } from './facts.ts';
import type { Row } from './preferences.ts';
import { NEVER } from './scores.ts';
import { nodeAt, type Situation } from './situation.ts';
import { currentPlaces } from './stickiness.ts';
import type { Unit } from './units.ts';

/** Why a unit shall run on that node: what drove it off its former one, what it prefers, or mere balance. */
export function whyThere(situation: Situation, unit: Unit, row: Row, chosen: number): Reason {
  const reasons = row.reasons[chosen] ?? [];
  const wish = reasons.find((reason) => reason.rule === 'moved-by-hand');
  const places = new Set(
    unit.parts.flatMap((part) =>
      part.instances.flatMap((instance) => currentPlaces(situation, instance)),
    ),
  );
  if (wish !== undefined && !places.has(chosen)) return wish;
  const preferred = strongest(reasons.filter((reason) => !isPull(unit, reason)));
  const to = nodeAt(situation, chosen).id;
  if (!places.has(chosen)) {
    const from = [...places][0] ?? formerNode(situation, unit);
    if (from !== undefined && from !== chosen) {
      const cause = whyRefused(row, from);
      if (cause !== undefined) return cause;
      const because = preferred ?? strongest(reasons);
      return { rule: 'better-node', from: nodeAt(situation, from).id, to, because };
    }
  }
  return (
    missedNode(row, chosen) ??
    preferred ??
    reasons.find((reason) => reason.rule === 'stickiness') ??
    strongest(reasons) ?? { rule: 'balance', node: to }
  );
}

/** Why a node is out of the question. */
export function whyRefused(row: Row, node: number): Reason | undefined {
  if ((row.scores[node] ?? NEVER) >= 0) return undefined;
  const reasons = row.reasons[node] ?? [];
  return reasons.find(isRefusal) ?? reasons.find((reason) => scoreOf(reason) < 0);
}

/** Why no node is left: one cause if it is the same everywhere, else each node's own. */
export function whyNowhere(situation: Situation, unit: Unit, row: Row): Reason {
  const refusals = situation.nodes.flatMap((node) => {
    const because = whyRefused(row, node.index);
    return because === undefined || because.rule === 'witness' ? [] : [{ node: node.id, because }];
  });
  const [first, ...others] = refusals;
  const isSame =
    first?.because.rule === 'colocation' &&
    others.every((other) => other.because === first.because || other.because.rule === 'node-lost');
  if (first !== undefined && isSame) return first.because;
  return { rule: 'no-node', resource: unit.id, refusals };
}

/** Where it ran before that node was lost. */
function formerNode(situation: Situation, unit: Unit): number | undefined {
  return situation.nodes.find(
    (node) =>
      (node.presence === 'lost' || node.presence === 'down') &&
      unit.parts.some((part) =>
        part.instances.some((instance) => {
          const local = instance.locals[node.index];
          return local !== undefined && mayRun(local);
        }),
      ),
  )?.index;
}

/** A node that rules prefer to the chosen one and that is out of the question: why it is. */
function missedNode(row: Row, chosen: number): Reason | undefined {
  let missed: number | undefined;
  let most = locationScore(row, chosen);
  for (const [node, score] of row.scores.entries()) {
    const wanted = locationScore(row, node);
    if (score > NEVER || wanted <= most) continue;
    most = wanted;
    missed = node;
  }
  return missed === undefined ? undefined : whyRefused(row, missed);
}

function locationScore(row: Row, node: number): number {
  let sum = 0;
  for (const reason of row.reasons[node] ?? []) {
    if (reason.rule === 'location') sum += reason.score;
  }
  return sum;
}

/** What merely passes on the wish of a dependent. */
function isPull(unit: Unit, reason: Reason): boolean {
  if (reason.rule !== 'colocation') return false;
  const own = [unit.id, unit.group, ...unit.parts.map((part) => part.primitive.id)];
  return !own.includes(reason.dependent);
}

/** The rule that speaks most for a node. */
function strongest(reasons: readonly Reason[]): Reason | undefined {
  let best: Reason | undefined;
  for (const reason of reasons) {
    if (reason.rule !== 'location' && reason.rule !== 'colocation') continue;
    if (scoreOf(reason) > (best === undefined ? 0 : scoreOf(best))) best = reason;
  }
  return best;
}

function scoreOf(reason: Reason): number {
  switch (reason.rule) {
    case 'location':
    case 'colocation':
    case 'stickiness':
      return reason.score;
    default:
      return 0;
  }
}

function isRefusal(reason: Reason): boolean {
  switch (reason.rule) {
    case 'location':
      return reason.score <= NEVER;
    case 'colocation':
      return Math.abs(reason.score) >= INFINITY_SCORE;
    case 'stickiness':
    case 'moved-by-hand':
      return false;
    default:
      return true;
  }
}
