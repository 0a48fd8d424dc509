import { isName } from '../ids.ts';
import { describe, readMap } from './fields.ts';
import type { Findings, Path } from './findings.ts';
import { shown } from './shown.ts';

/** What a name may be. */
export const nameWords: string =
  'letters, digits, `-`, `_` and `.`, at most 64, a letter or digit first';

/** Reports a name that could break a terminal, a shell or a path. */
export function checkName(name: string, path: Path, what: string, findings: Findings): void {
  if (!isName(name)) findings.addKey(path, `'${shown(name)}' cannot name a ${what}`, nameWords);
}

const textKeyPattern = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/** Values that are handed on as text: a number keeps the digits that were written. */
export function readTexts(
  value: unknown,
  path: Path,
  findings: Findings,
): Readonly<Record<string, string>> {
  const texts: [string, string][] = [];
  for (const [key, item] of Object.entries(readMap(value, path, findings) ?? {})) {
    const at = [...path, key];
    if (!textKeyPattern.test(key)) {
      findings.addKey(at, `'${shown(key)}' cannot name a parameter or attribute`);
    }
    if (item === null) findings.add(at, 'has no value');
    else if (typeof item === 'object') {
      findings.add(at, `must be a text, number, true or false, not ${describe(item)}`);
    }
    const text = findings.sourceOf(at) ?? String(item);
    if (text.includes('\0')) findings.add(at, 'must not contain a NUL character');
    texts.push([key, text]);
  }
  return Object.fromEntries(texts);
}
