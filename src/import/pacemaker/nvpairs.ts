import { type Circumstances, holdsAnywhere, readRuleTest, renameAttribute } from './conditions.ts';
import { childNamed, childrenNamed, type Element } from './element.ts';

export interface Source {
  readonly index: ReadonlyMap<string, Element>;
  readonly circumstances: Circumstances;
  /** Of the node that it is read for; none where rules may not speak of nodes. */
  readonly attributes?: ReadonlyMap<string, string>;
}

/** Names and values of all sets of that kind whose rules hold; the first that gives a name wins. */
export function readPairs(
  element: Element | undefined,
  kind: string,
  source: Source,
  first?: string,
): Record<string, string> {
  const sets = childrenNamed(element, kind).map((set) => dereference(set, source.index));
  const ordered = sets.toSorted((a, b) => rank(b, first) - rank(a, first));
  const pairs: Record<string, string> = {};
  for (const set of ordered) {
    const rule = childNamed(set, 'rule');
    if (rule !== undefined) {
      const test = readRuleTest(rule, source.circumstances, source.index);
      if (!holdsAnywhere(test, source.attributes ?? new Map())) continue;
    }
    readSet(set, source, pairs);
  }
  return pairs;
}

function rank(set: Element, first: string | undefined): number {
  if (first !== undefined && set.attributes.id === first) return Number.POSITIVE_INFINITY;
  const { score } = set.attributes;
  if (score === undefined) return 0;
  if (/^\+?infinity$/i.test(score)) return 1_000_000;
  if (/^-infinity$/i.test(score)) return -1_000_000;
  return Number.parseInt(score, 10) || 0;
}

export function dereference(element: Element, index: ReadonlyMap<string, Element>): Element {
  const reference = element.attributes['id-ref'];
  return (reference === undefined ? undefined : index.get(reference)) ?? element;
}

function readSet(set: Element, source: Source, pairs: Record<string, string>): void {
  const container = childNamed(set, 'attributes') ?? set;
  for (const item of childrenNamed(container, 'nvpair')) {
    const pair = dereference(item, source.index);
    const name = item.attributes.name ?? pair.attributes.name;
    const value = pair.attributes.value;
    if (name === undefined || value === undefined) continue;
    const known = renameAttribute(name);
    if (value === '#default') {
      continue;
    }
    pairs[known] ??= value;
  }
}
