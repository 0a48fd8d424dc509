import type { SourceFile } from './source-tree.ts';

/** Something that can be too long. */
export interface Sized {
  readonly name: string;
  readonly lines: number;
}

export function fileSizes(files: readonly SourceFile[]): readonly Sized[] {
  return files
    .map(({ path, text }) => ({ name: path, lines: text.trimEnd().split('\n').length }))
    .toSorted((a, b) => b.lines - a.lines);
}

/** Functions with a name, and methods; as the formatter sets them, the latter stand two columns in. */
const opening =
  /^( *)(?:export )?(?:default )?(?:async )?function\*? (\w+)|^( {2})(?:static |async |override |get |set |\*)*(#?\w+)(?:<[^(]*>)?\(/;
const notMethods = /^(?:if|for|while|switch|catch|return|super)$/;

/** The functions of formatted files: each ends at the first closing brace as far left as it began. */
export function functionSizes(files: readonly SourceFile[]): readonly Sized[] {
  return files.flatMap((file) => functionsOf(file)).toSorted((a, b) => b.lines - a.lines);
}

function functionsOf({ path, code }: SourceFile): readonly Sized[] {
  const lines = code.split('\n').map((line) => line.trimEnd());
  return lines.flatMap((line, at) => {
    const match = opening.exec(line);
    const name = match?.[2] ?? match?.[4];
    if (match === null || name === undefined || notMethods.test(name)) return [];
    const indent = match[1] ?? match[3] ?? '';
    const asFarLeft = lines
      .slice(at + 1)
      .filter((later) => later.startsWith(indent) && later[indent.length] !== ' ');
    const bodyBegins = line.endsWith('(')
      ? /^ *\).*\{$/.test(asFarLeft[0] ?? '')
      : /\)(?:: [^=]*)? \{$/.test(line);
    const length = lines.slice(at + 1).indexOf(`${indent}}`) + 2;
    return bodyBegins && length > 1 ? [{ name: `${name} in ${path}`, lines: length }] : [];
  });
}
