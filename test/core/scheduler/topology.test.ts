import { expect, test } from 'vitest';
import { afterNeeds } from '../../../src/core/scheduler/topology.ts';

const needsOf =
  (table: Readonly<Record<string, readonly string[]>>) =>
  (item: string): readonly string[] =>
    table[item] ?? [];

test('each item comes after what it needs, else in the preferred order', () => {
  expect(afterNeeds(['c', 'b', 'a'], needsOf({ c: ['a'] }))).toEqual(['a', 'c', 'b']);
});

test('needs that run in a circle end', () => {
  const order = afterNeeds(['a', 'b', 'c'], needsOf({ a: ['b'], b: ['a'], c: ['a'] }));
  expect(order).toEqual(['b', 'a', 'c']);
});

test('a chain of a hundred thousand needs no deep stack', () => {
  const count = 100_000;
  const order = afterNeeds([0], (item) => (item + 1 < count ? [item + 1] : []));
  expect(order.length).toBe(count);
  expect(order[0]).toBe(count - 1);
});
