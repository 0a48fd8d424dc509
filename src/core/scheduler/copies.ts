import { compareText } from '../../base/order.ts';
import type { InstanceId, ResourceId } from '../../model/ids.ts';
import { primitiveOf } from '../../model/ids.ts';
import { type Facts, isActive, type Local } from './facts.ts';
import type { NodeView } from './nodes.ts';

/** Everything known of the copies of clones, by the primitive that they are copies of. */
export type KnownCopies = ReadonlyMap<ResourceId, readonly KnownCopy[]>;

interface KnownCopy {
  readonly number: number;
  readonly locals: readonly Local[];
}

/** A copy of a clone: its number, and the node that this number belongs to. */
export interface Copy {
  readonly number: number;
  readonly home: number;
}

export function knownCopies(facts: Facts): KnownCopies {
  const known = new Map<ResourceId, KnownCopy[]>();
  for (const [instance, locals] of facts) {
    const number = copyNumber(instance);
    if (number === undefined) continue;
    const primitive = primitiveOf(instance);
    const list = known.get(primitive) ?? [];
    list.push({ number, locals });
    known.set(primitive, list);
  }
  for (const list of known.values()) list.sort((a, b) => a.number - b.number);
  return known;
}

/**
 * The copies of an anonymous clone. A copy belongs to a node, not to a place in a queue: number N names what runs
 * on that node for as long as anything is known of it there, so that no copy ever changes its name or its node
 * because of another. A node that is new to the clone gets the lowest free number. Of all copies, as many are
 * started as the clone asks for; numbers may therefore be higher than its `max`.
 */
export function numberCopies(
  primitives: readonly ResourceId[],
  maxPerNode: number,
  nodes: readonly NodeView[],
  known: KnownCopies,
): readonly Copy[] {
  const owner = new Map<number, number>();
  const held = nodes.map(() => 0);
  const claim = (number: number, node: NodeView): void => {
    if (owner.has(number) || (held[node.index] ?? 0) >= maxPerNode) return;
    owner.set(number, node.index);
    held[node.index] = (held[node.index] ?? 0) + 1;
  };
  const lists = primitives.map((primitive) => known.get(primitive) ?? []);
  for (const counts of [countsFirst, isMentioned]) {
    for (const node of nodes) {
      if (node.presence !== 'joined' && node.presence !== 'lost') continue;
      for (const copy of lists.flat()) {
        const local = copy.locals[node.index];
        if (local !== undefined && counts(local)) claim(copy.number, node);
      }
    }
  }
  let next = 0;
  for (const node of nodes) {
    while (node.worker && (held[node.index] ?? 0) < maxPerNode) {
      while (owner.has(next)) next += 1;
      claim(next, node);
    }
  }
  return [...owner]
    .map(([number, home]) => ({ number, home }))
    .filter((copy) => nodes[copy.home]?.presence === 'joined')
    .sort((a, b) => a.number - b.number);
}

/** What runs keeps its name before anything else. */
function countsFirst(local: Local): boolean {
  return isActive(local) || local.state === 'blocked' || local.order?.action === 'start';
}

function isMentioned(local: Local): boolean {
  return local.state !== 'unknown' || local.order !== undefined;
}

function copyNumber(instance: InstanceId): number | undefined {
  const colon = instance.indexOf(':');
  if (colon < 0) return undefined;
  const text = instance.slice(colon + 1);
  const number = Number(text);
  return Number.isSafeInteger(number) && compareText(String(number), text) === 0
    ? number
    : undefined;
}
