import type * as z from 'zod';
import { nearestWord } from '../../base/nearest-word.ts';
import type { Findings, Path } from './findings.ts';
import type { Shape } from './schema.ts';
import { shown } from './shown.ts';

/** The values of a map that are right; a wrong or missing one is not there, and was reported. */
export type FieldsOf<S extends Shape> = { readonly [K in keyof S]?: z.output<S[K]> };

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The map at a path; nothing written counts as an empty one. Anything else is reported. */
export function readMap(
  value: unknown,
  path: Path,
  findings: Findings,
): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined || value === null) return {};
  if (isRecord(value)) return value;
  findings.add(path, `must be a map of keys and values, not ${describe(value)}`);
  return undefined;
}

/** Checks a map key by key, so that one wrong key hides none of the others. */
export function readFields<S extends Shape>(
  value: unknown,
  path: Path,
  shape: S,
  findings: Findings,
  required: readonly string[] = [],
): FieldsOf<S> | undefined {
  const map = readMap(value, path, findings);
  if (map === undefined) return undefined;
  const fields: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(map)) {
    const type = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (type === undefined) reportUnknownKey([...path, key], Object.keys(shape), findings);
    else if (item === null) findings.add([...path, key], 'has no value');
    else {
      const parsed = readValue(item, [...path, key], type, findings);
      if (parsed !== undefined) fields[key] = parsed;
    }
  }
  for (const key of required) {
    if (!Object.hasOwn(map, key)) findings.addKey(path, `needs the key '${key}'`);
  }
  return fields as FieldsOf<S>;
}

/** Says that a key is not known here, and which one was probably meant. */
export function reportUnknownKey(path: Path, known: readonly string[], findings: Findings): void {
  const key = String(path.at(-1));
  const near = nearestWord(key, known);
  const hint = near === undefined ? `known here: ${known.join(', ')}` : `did you mean '${near}'?`;
  findings.addKey(path.slice(0, -1).concat(key), `unknown key '${shown(key)}'`, hint);
}

function readValue(value: unknown, path: Path, type: z.ZodType, findings: Findings): unknown {
  const result = type.safeParse(value, { error: (issue) => issueText(issue) });
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const at = [
      ...path,
      ...issue.path.map((part) => (typeof part === 'number' ? part : String(part))),
    ];
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(type);
      for (const key of issue.keys) reportUnknownKey([...at, key], known, findings);
    } else {
      findings.add(at, issue.message, hintFor(issue, value));
    }
  }
  return undefined;
}

function knownKeys(type: z.ZodType): readonly string[] {
  const shape: unknown = 'shape' in type ? type.shape : undefined;
  return isRecord(shape) ? Object.keys(shape) : [];
}

function hintFor(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  if (issue.code !== 'invalid_value' || typeof value !== 'string') return undefined;
  const near = nearestWord(value, issue.values.map(String));
  return near === undefined ? undefined : `did you mean '${near}'?`;
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
};

function issueText(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeWords[issue.expected] ?? issue.expected}, not ${describe(issue.input)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}, not ${describe(issue.input)}`;
    case 'too_small':
      return issue.origin === 'array' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    default:
      return 'is not valid here';
  }
}

/** A value in a message: short, and harmless to a terminal. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return `'${shown(String(value))}'`;
}
