import type { Test } from './input.ts';
import { INFINITE, type PolicyNode, type Resource, scoreOf } from './state.ts';

/** Whether a condition holds for a node, on behalf of a resource. */
export function holds(test: Test, node: PolicyNode, resource: Resource): boolean {
  switch (test.kind) {
    case 'constant':
      return test.value;
    case 'all':
      return test.tests.every((item) => holds(item, node, resource));
    case 'any':
      return test.tests.some((item) => holds(item, node, resource));
    case 'attribute':
      return attributeHolds(test, node, resource);
  }
}

function attributeHolds(
  test: Extract<Test, { kind: 'attribute' }>,
  node: PolicyNode,
  resource: Resource,
): boolean {
  const actual = node.attributes.get(test.attribute);
  let wanted = test.value;
  if (wanted !== undefined && test.source === 'param') wanted = resource.config.parameters[wanted];
  else if (wanted !== undefined && test.source === 'meta') wanted = resource.meta.get(wanted);
  switch (test.operation) {
    case 'defined':
      return actual !== undefined;
    case 'not_defined':
      return actual === undefined;
    default:
  }
  const order = compareValues(
    actual,
    wanted,
    test.type ?? guessType(test.operation, actual, wanted),
  );
  switch (test.operation) {
    case 'eq':
      return order === 0;
    case 'ne':
      return order !== 0;
    default:
  }
  if (actual === undefined || wanted === undefined) return false;
  switch (test.operation) {
    case 'lt':
      return order < 0;
    case 'lte':
      return order <= 0;
    case 'gt':
      return order > 0;
    case 'gte':
      return order >= 0;
    default:
      return false;
  }
}

function guessType(operation: string, a: string | undefined, b: string | undefined): string {
  if (!['lt', 'lte', 'gt', 'gte'].includes(operation)) return 'string';
  return (a ?? '').includes('.') || (b ?? '').includes('.') ? 'number' : 'integer';
}

function compareValues(a: string | undefined, b: string | undefined, type: string): number {
  if (a === undefined && b === undefined) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  switch (type) {
    case 'integer':
      return compareNumbers(a, b, (text) => integerOf(text));
    case 'number':
      return compareNumbers(a, b, (text) => numberFrom(text));
    case 'version':
      return compareVersions(a, b);
    default:
      return compareWords(a.toLowerCase(), b.toLowerCase());
  }
}

function integerOf(text: string): number | undefined {
  const match = /^\s*([+-]?\d+)/.exec(text);
  return match === null ? undefined : Number(match[1]);
}

function numberFrom(text: string): number | undefined {
  const match = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)/i.exec(text);
  return match === null ? undefined : Number(match[1]);
}

/** As numbers where both are; as words otherwise. */
function compareNumbers(a: string, b: string, parse: (text: string) => number | undefined): number {
  const left = parse(a);
  const right = parse(b);
  if (left === undefined || right === undefined) {
    return compareWords(a.toLowerCase(), b.toLowerCase());
  }
  return left - right;
}

function compareWords(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function compareVersions(a: string, b: string): number {
  const left = a.split(/[.-]/).map(Number);
  const right = b.split(/[.-]/).map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The score that a rule gives: its own, or that of an attribute of the node. */
export function ruleScore(
  score: number | { readonly attribute: string },
  node: PolicyNode,
): number {
  if (typeof score === 'number') return score;
  const value = node.attributes.get(score.attribute);
  return value === undefined ? -INFINITE : scoreOf(value);
}
