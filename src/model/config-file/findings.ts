import { type Document, isMap, isNode, isScalar, type LineCounter } from 'yaml';
import type { ConfigProblem } from './config-problem.ts';
import { shown } from './shown.ts';

/** Keys and list positions from the top of the file. */
export type Path = readonly (string | number)[];

/** Collects what is wrong with one text and finds the places of it. */
export class Findings {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #file: string | undefined;
  readonly #problems: ConfigProblem[] = [];

  constructor(document: Document, lines: LineCounter, file: string | undefined) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
  }

  get empty(): boolean {
    return this.#problems.length === 0;
  }

  /** A problem with the value at the path; where nothing is written there, with what holds it. */
  add(path: Path, message: string, hint?: string): void {
    this.addAt(this.#offsetOfValue(path), path, message, hint);
  }

  /** A problem with the last key of the path itself. */
  addKey(path: Path, message: string, hint?: string): void {
    this.addAt(this.#offsetOfKey(path) ?? this.#offsetOfValue(path), path, message, hint);
  }

  addAt(offset: number, path: Path, message: string, hint?: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.#problems.push({
      file: this.#file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      path: path.map((part) => shown(String(part))).join('.'),
      message,
      hint,
    });
  }

  /** All of them, in the order of the text. */
  list(): readonly ConfigProblem[] {
    return [...this.#problems].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  /** The text of a scalar as it is written, or undefined where there is none. */
  sourceOf(path: Path): string | undefined {
    const node = this.#document.getIn(path, true);
    return isScalar(node) && typeof node.value !== 'string' ? node.source : undefined;
  }

  #offsetOfValue(path: Path): number {
    if (path.length === 0) return startOf(this.#document.contents) ?? 0;
    const node = this.#document.getIn(path, true);
    const empty = isScalar(node) && node.value === null;
    const start = empty ? undefined : startOf(node);
    return start ?? this.#offsetOfKey(path) ?? this.#offsetOfValue(path.slice(0, -1));
  }

  #offsetOfKey(path: Path): number | undefined {
    const holder = path.length === 1 ? this.#document.contents : this.#holder(path);
    if (!isMap(holder)) return undefined;
    const last = String(path.at(-1));
    const pair = holder.items.find(({ key }) => isScalar(key) && String(key.value) === last);
    return startOf(pair?.key);
  }

  #holder(path: Path): unknown {
    return this.#document.getIn(path.slice(0, -1), true);
  }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
