/** Compares by UTF-16 code unit, so that every machine in every locale sorts alike. */
export function compareText(a: string, b: string): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

/** A sorted copy, by the text that `key` gives. */
export function sortedBy<T>(items: Iterable<T>, key: (item: T) => string): T[] {
  return [...items].sort((a, b) => compareText(key(a), key(b)));
}

/** The entries of a map in the order of their keys. */
export function sortedEntries<K extends string, V>(map: ReadonlyMap<K, V>): [K, V][] {
  return sortedBy(map.entries(), ([key]) => key);
}

/** The keys of a map or set, or other texts, in order. */
export function sortedTexts<T extends string>(texts: Iterable<T>): T[] {
  return [...texts].sort(compareText);
}
