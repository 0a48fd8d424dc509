import { INFINITY_SCORE, type ResourceConfig, type Rule } from '../config.ts';
import { isName, nodeId, resourceId } from '../ids.ts';
import { parseUtc } from '../utc-time.ts';
import { checkOrders, type ReadRule } from './check-orders.ts';
import { describe, isRecord, readFields, reportUnknownKey } from './fields.ts';
import type { Findings, Path } from './findings.ts';
import { type ResourceNames, reportUnknownName } from './read-resources.ts';
import { type RuleVerb, requiredKeys, ruleShapes } from './schema.ts';
import { shown } from './shown.ts';
import { checkName } from './texts.ts';

/** Score of `prefer` and `avoid` where none is written. */
export const PREFER_SCORE = 100;

const verbs = Object.keys(ruleShapes) as readonly RuleVerb[];

/** Reads `rules:`: a list of maps with one verb each. */
export function readRules(
  value: unknown,
  names: ResourceNames,
  resources: readonly ResourceConfig[],
  findings: Findings,
): readonly Rule[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    findings.add(['rules'], `must be a list of rules, not ${describe(value)}`);
    return [];
  }
  const read: ReadRule[] = [];
  for (const [i, item] of value.entries()) {
    const path = ['rules', i];
    const rule = readRule(item, path, names, findings);
    if (rule !== undefined) read.push({ rule, path });
  }
  checkDuplicates(read, findings);
  checkOrders(read, resources, findings);
  return read.map(({ rule }) => rule);
}

function readRule(
  value: unknown,
  path: Path,
  names: ResourceNames,
  findings: Findings,
): Rule | undefined {
  if (!isRecord(value)) {
    findings.add(path, `must be a rule such as 'prefer: {…}', not ${describe(value)}`);
    return undefined;
  }
  const known = verbs.filter((verb) => Object.hasOwn(value, verb));
  for (const key of Object.keys(value)) {
    if (!(verbs as readonly string[]).includes(key)) {
      reportUnknownKey([...path, key], verbs, findings);
    }
  }
  const [verb, second] = known;
  if (verb === undefined) return undefined;
  if (second !== undefined) {
    findings.addKey([...path, second], `a rule has one verb; this one has '${verb}' already`);
    return undefined;
  }
  const body = value[verb];
  const at = [...path, verb];
  if (verb === 'order') return readOrder(body, at, names, findings);
  if (verb === 'together' || verb === 'apart') {
    return readColocation(verb, body, at, names, findings);
  }
  return readLocation(verb, body, at, names, findings);
}

function readLocation(
  verb: 'prefer' | 'avoid' | 'never',
  body: unknown,
  path: Path,
  names: ResourceNames,
  findings: Findings,
): Rule | undefined {
  const shape: (typeof ruleShapes)['prefer'] | (typeof ruleShapes)['never'] = ruleShapes[verb];
  const fields = readFields(body, path, shape, findings, requiredKeys[verb]);
  if (fields?.resource === undefined || fields.node === undefined) return undefined;
  checkResource(fields.resource, [...path, 'resource'], names, findings);
  if (!isName(fields.node)) checkNodeName(fields.node, [...path, 'node'], findings);
  const untilMs = readUntil(fields.until, [...path, 'until'], findings);
  const given = 'score' in fields ? fields.score : undefined;
  const wish = given === 'infinity' ? INFINITY_SCORE : (given ?? PREFER_SCORE);
  const score = { prefer: wish, avoid: -wish, never: -INFINITY_SCORE }[verb];
  return {
    kind: 'location',
    id: readId(fields.id, `${verb}-${fields.resource}-${fields.node}`, path, findings),
    resource: resourceId(fields.resource),
    node: nodeId(fields.node),
    score,
    ...(untilMs === undefined ? {} : { untilMs }),
  };
}

function checkNodeName(name: string, path: Path, findings: Findings): void {
  findings.add(path, `'${shown(name)}' cannot name a node`);
}

function readUntil(text: string | undefined, path: Path, findings: Findings): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseUtc(text);
  if (ms === undefined) {
    findings.add(path, `'${shown(text)}' is not a time`, 'such as 2026-11-20T14:00:00Z');
  }
  return ms;
}

function readColocation(
  verb: 'together' | 'apart',
  body: unknown,
  path: Path,
  names: ResourceNames,
  findings: Findings,
): Rule | undefined {
  const fields = readFields(body, path, ruleShapes[verb], findings, requiredKeys[verb]);
  if (fields?.dependent === undefined || fields.with === undefined) return undefined;
  checkResource(fields.dependent, [...path, 'dependent'], names, findings);
  checkResource(fields.with, [...path, 'with'], names, findings);
  checkDifferent(fields.dependent, fields.with, [...path, 'with'], findings);
  const score = fields.score ?? INFINITY_SCORE;
  return {
    kind: 'colocation',
    id: readId(fields.id, `${verb}-${fields.dependent}-${fields.with}`, path, findings),
    dependent: resourceId(fields.dependent),
    primary: resourceId(fields.with),
    score: verb === 'together' ? score : -score,
  };
}

function readOrder(
  body: unknown,
  path: Path,
  names: ResourceNames,
  findings: Findings,
): Rule | undefined {
  const fields = readFields(body, path, ruleShapes.order, findings, requiredKeys.order);
  if (fields?.first === undefined || fields.then === undefined) return undefined;
  checkResource(fields.first, [...path, 'first'], names, findings);
  checkResource(fields.then, [...path, 'then'], names, findings);
  checkDifferent(fields.first, fields.then, [...path, 'then'], findings);
  return {
    kind: 'order',
    id: readId(fields.id, `order-${fields.first}-${fields.then}`, path, findings),
    first: resourceId(fields.first),
    then: resourceId(fields.then),
    strength: fields.optional === true ? 'optional' : 'mandatory',
    symmetrical: fields.symmetrical ?? true,
  };
}

function readId(given: string | undefined, made: string, path: Path, findings: Findings): string {
  if (given === undefined) return made;
  if (!isName(given)) checkName(given, [...path, 'id'], 'rule', findings);
  return given;
}

function checkResource(name: string, path: Path, names: ResourceNames, findings: Findings): void {
  if (!names.has(name)) reportUnknownName(name, path, names.keys(), findings);
}

function checkDifferent(a: string, b: string, path: Path, findings: Findings): void {
  if (a === b) findings.add(path, `'${shown(a)}' cannot stand on both sides of a rule`);
}

function checkDuplicates(rules: readonly ReadRule[], findings: Findings): void {
  const seen = new Map<string, Path>();
  for (const { rule, path } of rules) {
    const first = seen.get(rule.id);
    if (first === undefined) seen.set(rule.id, path);
    else findings.add(path, `rule '${rule.id}' is there twice (first as ${first.join('.')})`);
  }
}
