import type { OrderRule } from '../../model/config.ts';
import type { Reason } from '../../model/reason.ts';
import type { Situation } from './situation.ts';
import type { Instance, Part, Unit } from './units.ts';

/** `then` needs `first` (mandatory), or merely comes after it where both have something to do (optional). */
export interface Link {
  readonly first: Part;
  readonly then: Part;
  readonly strength: 'mandatory' | 'optional';
  /** Whether `then` also stops before `first`. */
  readonly symmetrical: boolean;
  /** Which instances of `first` count: those of the same copy, those on the same node, or all. */
  readonly scope: 'copy' | 'node' | 'all';
  readonly reason: Reason;
}

/** The links by part, in both directions. */
export interface Links {
  readonly all: readonly Link[];
  readonly ofThen: ReadonlyMap<number, readonly Link[]>;
  readonly ofFirst: ReadonlyMap<number, readonly Link[]>;
}

export function readLinks(situation: Situation): Links {
  const rules = situation.rules.filter((rule) => rule.kind === 'order');
  const mandatory = [
    ...situation.units.flatMap(groupLinks),
    ...rules.flatMap((rule) => (rule.strength === 'mandatory' ? ruleLink(situation, rule) : [])),
  ];
  const optional = rules.flatMap((rule) =>
    rule.strength === 'optional' ? ruleLink(situation, rule) : [],
  );
  const all = withoutLoops(mandatory, optional);
  return {
    all,
    ofThen: byPart(all, (link) => link.then),
    ofFirst: byPart(all, (link) => link.first),
  };
}

/** The instances of `first` that `then` follows on that node. */
export function firstsOf(link: Link, then: Instance, node: number): readonly Instance[] {
  switch (link.scope) {
    case 'all':
      return link.first.instances;
    case 'copy':
      return link.first.instances.filter((first) => first.copy === then.copy);
    case 'node':
      return link.first.instances.filter((first) => first.home === node);
  }
}

function groupLinks(unit: Unit): readonly Link[] {
  const group = unit.group;
  if (group === undefined) return [];
  return unit.parts.flatMap((then): readonly Link[] => {
    const first = unit.parts[then.position - 1];
    if (first === undefined) return [];
    const reason: Reason = {
      rule: 'group',
      group,
      member: then.primitive.id,
      waitsFor: first.primitive.id,
    };
    return [{ first, then, strength: 'mandatory', symmetrical: true, scope: 'copy', reason }];
  });
}

/**
 * A group counts as started with its last member, and starts with its first. Within one unit the order of its
 * parts says it all.
 */
function ruleLink(situation: Situation, rule: OrderRule): readonly Link[] {
  const before = situation.spans.get(rule.first);
  const after = situation.spans.get(rule.then);
  const first = before?.unit.parts[before.to];
  const then = after?.unit.parts[after.from];
  if (before === undefined || after === undefined || before.unit === after.unit) return [];
  if (first === undefined || then === undefined) return [];
  const { strength, symmetrical } = rule;
  const reason = orderReason(rule);
  return [{ first, then, strength, symmetrical, scope: scopeOf(before.unit, after.unit), reason }];
}

function orderReason(rule: OrderRule): Reason {
  const { id, first, then } = rule;
  return { rule: 'order', id, first, then };
}

function scopeOf(first: Unit, then: Unit): Link['scope'] {
  if (first.clone === undefined) return 'all';
  return (then.clone ?? first.clone).interleave ? 'node' : 'all';
}

/** Leaves out optional links that would close a loop: they cannot be kept, and need not be. */
function withoutLoops(mandatory: readonly Link[], optional: readonly Link[]): readonly Link[] {
  const kept = [...mandatory];
  for (const link of optional) {
    if (!reaches(kept, link.then, link.first)) kept.push(link);
  }
  return kept;
}

function reaches(links: readonly Link[], from: Part, to: Part): boolean {
  const next = byPart(links, (link) => link.first);
  const seen = new Set<Part>([from]);
  for (const part of seen) {
    if (part === to) return true;
    for (const link of next.get(part.index) ?? []) seen.add(link.then);
  }
  return false;
}

function byPart(
  links: readonly Link[],
  part: (link: Link) => Part,
): ReadonlyMap<number, readonly Link[]> {
  const map = new Map<number, Link[]>();
  for (const link of links) {
    const list = map.get(part(link).index);
    if (list === undefined) map.set(part(link).index, [link]);
    else list.push(link);
  }
  return map;
}
