import type { ResourceConfig, Rule } from '../config.ts';
import type { Findings, Path } from './findings.ts';

/** A rule and where it is written. */
export interface ReadRule {
  readonly rule: Rule;
  readonly path: Path;
}

/** What comes directly after each moment; a moment is `begin NAME` or `end NAME`. */
type Sequence = Map<string, string[]>;

/**
 * Refuses mandatory orders that wait for each other in a circle, also through the order within a
 * group: nothing in it could ever start.
 */
export function checkOrders(
  rules: readonly ReadRule[],
  resources: readonly ResourceConfig[],
  findings: Findings,
): void {
  const sequence: Sequence = new Map();
  for (const resource of resources) addParts(resource, sequence);
  for (const { rule, path } of rules) {
    if (rule.kind !== 'order' || rule.strength !== 'mandatory' || rule.first === rule.then)
      continue;
    const way = wayFrom(`begin ${rule.then}`, `end ${rule.first}`, sequence);
    if (way === undefined) follow(sequence, `end ${rule.first}`, `begin ${rule.then}`);
    else findings.add(path, `this order closes a circle: ${circleText(rule.first, way)}`);
  }
}

function follow(sequence: Sequence, before: string, after: string): void {
  sequence.set(before, [...(sequence.get(before) ?? []), after]);
}

function addParts(resource: ResourceConfig, sequence: Sequence): void {
  const { id } = resource;
  const parts =
    resource.kind === 'primitive'
      ? []
      : resource.kind === 'group'
        ? resource.members
        : [resource.of];
  let last = `begin ${id}`;
  for (const part of parts) {
    follow(sequence, last, `begin ${part.id}`);
    addParts(part, sequence);
    last = `end ${part.id}`;
  }
  follow(sequence, last, `end ${id}`);
}

/** The moments on the way from one to another, both included; undefined where none leads there. */
function wayFrom(from: string, to: string, sequence: Sequence): readonly string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[from, undefined]]);
  const queue = [from];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (at === to) return unwind(at, cameFrom);
    for (const step of sequence.get(at) ?? []) {
      if (cameFrom.has(step)) continue;
      cameFrom.set(step, at);
      queue.push(step);
    }
  }
  return undefined;
}

function unwind(end: string, cameFrom: ReadonlyMap<string, string | undefined>): readonly string[] {
  const way = [end];
  for (let at = cameFrom.get(end); at !== undefined; at = cameFrom.get(at)) way.unshift(at);
  return way;
}

function circleText(first: string, way: readonly string[]): string {
  const names = [first, ...way.map((moment) => moment.split(' ')[1] ?? moment)];
  return names.filter((name, i) => name !== names[i - 1]).join(' → ');
}
