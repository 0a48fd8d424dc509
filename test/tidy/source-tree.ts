import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { SourceCutter, type SourceText } from './source-text.ts';

export const root: string = resolve(import.meta.dirname, '../..');

/** One import of a module by another. */
export interface Import {
  /** A path from the project's root, or the name of a package, or `node:…`. */
  readonly target: string;
  readonly isType: boolean;
  readonly isDynamic: boolean;
}

export interface SourceFile extends SourceText {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** All files of the project but what its tools make, by their paths from the root, in order. */
export function projectFiles(): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return listed
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .filter((path) => statSync(join(root, path)).isFile())
    .toSorted();
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The TypeScript files among the project's files, read and cut. */
export function sourceFiles(files: readonly string[]): readonly SourceFile[] {
  return files.filter((path) => /\.tsx?$/.test(path)).map((path) => readSource(path));
}

function readSource(path: string): SourceFile {
  const text = read(path);
  const cut = new SourceCutter(text).cut();
  return { path, text, ...cut, imports: [...importsOf(path, cut)] };
}

const statement = /^(?:import|export)\s+(type\s+)?(?:([^;'"]*?)\s+from\s+)?'([^']+)'/gm;
const dynamic = /\bimport\(\s*'([^']+)'/g;

function* importsOf(path: string, { statements, code }: SourceText): Generator<Import> {
  for (const match of statements.matchAll(statement)) {
    const [, type, names = '', target = ''] = match;
    if (!isCode(code, match.index, 'import') && !isCode(code, match.index, 'export')) continue;
    const isType = type !== undefined || (names !== '' && onlyTypes(names));
    yield { target: resolveFrom(path, target), isType, isDynamic: false };
  }
  for (const match of statements.matchAll(dynamic)) {
    if (!isCode(code, match.index, 'import')) continue;
    // `typeof import('…')` and `import('…').Type` leave nothing behind.
    const before = statements.slice(Math.max(0, match.index - 8), match.index);
    const isType =
      before.endsWith('typeof ') || /^[^)]*\)\.[A-Z]/.test(statements.slice(match.index));
    yield { target: resolveFrom(path, match[1] ?? ''), isType, isDynamic: true };
  }
}

function isCode(code: string, at: number, word: string): boolean {
  return code.startsWith(word, at);
}

function onlyTypes(names: string): boolean {
  const listed = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  return (
    listed?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type ')) ??
    false
  );
}

function resolveFrom(path: string, target: string): string {
  if (!target.startsWith('.')) return target;
  return relative(root, resolve(root, dirname(path), target));
}
