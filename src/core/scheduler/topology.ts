/**
 * The items, each after those that it needs, else in the order of `preferred`. Where some need each
 * other, the one that is met first comes first. Without recursion, so that long chains are no danger.
 */
export function afterNeeds<T>(
  preferred: readonly T[],
  needs: (item: T) => readonly T[],
): readonly T[] {
  const met = new Set<T>();
  const order: T[] = [];
  const stack: { readonly item: T; readonly needs: readonly T[]; next: number }[] = [];
  for (const root of preferred) {
    if (met.has(root)) continue;
    met.add(root);
    stack.push({ item: root, needs: needs(root), next: 0 });
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const need = top.needs[top.next];
      top.next += 1;
      if (need === undefined) {
        order.push(top.item);
        stack.pop();
      } else if (!met.has(need)) {
        met.add(need);
        stack.push({ item: need, needs: needs(need), next: 0 });
      }
    }
  }
  return order;
}
