import { sortedTexts } from './order.ts';

/** JSON with the keys of every object in order and without spaces: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    const source = item as Record<string, unknown>;
    const ordered: Record<string, unknown> = {};
    for (const key of sortedTexts(Object.keys(source))) ordered[key] = source[key];
    return ordered;
  });
}
