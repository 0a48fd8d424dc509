import {
  compareNames,
  INFINITE,
  isAvailable,
  type PolicyNode,
  type Seatable,
  type World,
} from './state.ts';

/** Candidates, best first: score, free capacity, fewest resources, where it runs, name. */
export function sortNodes(
  world: World | undefined,
  seats: readonly Seatable[],
  active: PolicyNode | undefined,
): Seatable[] {
  const placement = world?.options.placement ?? 'default';
  const score = (seat: Seatable): number => (isAvailable(seat.node) ? seat.score : -INFINITE);
  return [...seats].sort((a, b) => {
    const byScore = score(b) - score(a);
    if (byScore !== 0) return byScore;
    if (placement !== 'minimal') {
      if (placement === 'balanced') {
        const byCapacity = compareCapacities(a.node, b.node);
        if (byCapacity !== 0) return byCapacity;
      }
      const byLoad = a.node.assignedCount - b.node.assignedCount;
      if (byLoad !== 0) return byLoad;
      if (a.node === active) return -1;
      if (b.node === active) return 1;
    }
    return compareNames(a.node.name, b.node.name);
  });
}

/** Negative where the first has more to spare in more respects. */
export function compareCapacities(a: PolicyNode, b: PolicyNode): number {
  let result = 0;
  for (const name of new Set([...a.capacity.keys(), ...b.capacity.keys()])) {
    const difference = (a.capacity.get(name) ?? 0) - (b.capacity.get(name) ?? 0);
    if (difference > 0) result -= 1;
    else if (difference < 0) result += 1;
  }
  return result;
}
