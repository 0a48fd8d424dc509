/**
 * Items 0 to `count` - 1, each after those that it needs, else in the order of `preferred`. Where some need each
 * other, the one that is met first comes first. Without recursion, so that long chains are no danger.
 */
export function afterNeeds(
  preferred: readonly number[],
  needs: (item: number) => readonly number[],
): readonly number[] {
  const state = new Map<number, 'open' | 'done'>();
  const order: number[] = [];
  const stack: { readonly item: number; readonly needs: readonly number[]; next: number }[] = [];
  for (const root of preferred) {
    if (state.has(root)) continue;
    state.set(root, 'open');
    stack.push({ item: root, needs: needs(root), next: 0 });
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const need = top.needs[top.next];
      top.next += 1;
      if (need === undefined) {
        state.set(top.item, 'done');
        order.push(top.item);
        stack.pop();
      } else if (!state.has(need)) {
        state.set(need, 'open');
        stack.push({ item: need, needs: needs(need), next: 0 });
      }
    }
  }
  return order;
}
