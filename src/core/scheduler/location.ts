import type { Preference } from './preferences.ts';
import { NEVER } from './scores.ts';
import type { Situation } from './situation.ts';

/** Location rules: a finite score counts once for a group, for its first member in the rule's span. */
export function locationPreferences(situation: Situation): readonly Preference[] {
  return situation.rules.flatMap((rule): readonly Preference[] => {
    if (rule.kind !== 'location') return [];
    const span = situation.spans.get(rule.resource);
    const node = situation.nodeIndex.get(rule.node);
    const part = span?.unit.parts[span.from];
    if (part === undefined || node === undefined) return [];
    const reason = { rule: 'location', id: rule.id, node: rule.node, score: rule.score } as const;
    return [{ part: part.index, node, score: rule.score, reason }];
  });
}

/** In an opt-in cluster a unit may only run where a rule speaks of it. */
export function optInRefusals(situation: Situation): readonly Preference[] {
  if (situation.options.symmetric) return [];
  const named = new Set<string>();
  for (const rule of situation.rules) {
    if (rule.kind !== 'location') continue;
    const unit = situation.spans.get(rule.resource)?.unit;
    if (unit !== undefined) named.add(`${unit.index} ${rule.node}`);
  }
  return situation.units.flatMap((unit) =>
    situation.nodes
      .filter((node) => !named.has(`${unit.index} ${node.id}`))
      .flatMap((node): readonly Preference[] => {
        const first = unit.parts[0];
        if (first === undefined) return [];
        const reason = { rule: 'not-allowed', resource: unit.id, node: node.id } as const;
        return [{ part: first.index, node: node.index, score: NEVER, reason }];
      }),
  );
}
