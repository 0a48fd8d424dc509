/** One source file with parts blanked out; lines and columns stay where they are. */
export interface SourceText {
  /** Without comments. */
  readonly statements: string;
  /** Without comments, and without what stands in strings, templates and regular expressions. */
  readonly code: string;
}

type Mode = 'code' | 'line-comment' | 'block-comment' | 'single' | 'double' | 'template' | 'regexp';

const ends: Readonly<Record<Exclude<Mode, 'code'>, string>> = {
  'line-comment': '\n',
  'block-comment': '*/',
  single: "'",
  double: '"',
  template: '`',
  regexp: '/',
};

/** Where a slash begins a regular expression: behind what cannot end an operand. */
const beforeRegexp = /(?:^|[([{,;:=!&|?+\-*%<>~^]|\breturn|\bcase|\btypeof)\s*$/;

/** Cuts TypeScript, as the formatter leaves it, into code, comments and texts. */
export class SourceCutter {
  readonly #source: string;
  #at = 0;
  #statements = '';
  #code = '';
  /** Open braces of each `${` that we are in. */
  readonly #braces: number[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  cut(): SourceText {
    let mode: Mode = 'code';
    while (this.#at < this.#source.length) {
      mode = mode === 'code' ? this.#inCode() : this.#inside(mode);
    }
    return { statements: this.#statements, code: this.#code };
  }

  #inCode(): Mode {
    const next = this.#modeFrom(this.#source.slice(this.#at, this.#at + 2));
    if (next !== 'code') {
      const isComment = next === 'line-comment' || next === 'block-comment';
      this.#take(isComment ? 2 : 1, !isComment, !isComment);
      return next;
    }
    const char = this.#source[this.#at];
    const open = this.#braces.at(-1);
    if (open !== undefined && (char === '{' || char === '}')) {
      if (char === '}' && open === 0) {
        this.#braces.pop();
        this.#take(1, true, true);
        return 'template';
      }
      this.#braces[this.#braces.length - 1] = open + (char === '{' ? 1 : -1);
    }
    this.#take(1, true, true);
    return 'code';
  }

  #modeFrom(two: string): Mode {
    if (two === '//') return 'line-comment';
    if (two === '/*') return 'block-comment';
    if (two.startsWith("'")) return 'single';
    if (two.startsWith('"')) return 'double';
    if (two.startsWith('`')) return 'template';
    const line = this.#code.slice(this.#code.lastIndexOf('\n', this.#code.length - 2) + 1);
    return two.startsWith('/') && beforeRegexp.test(line) ? 'regexp' : 'code';
  }

  #inside(mode: Exclude<Mode, 'code'>): Mode {
    const isComment = mode === 'line-comment' || mode === 'block-comment';
    const rest = this.#source.slice(this.#at, this.#at + 2);
    if (rest.startsWith(ends[mode])) {
      this.#take(ends[mode].length, !isComment, !isComment);
      return 'code';
    }
    if (mode === 'template' && rest === '${') {
      this.#braces.push(0);
      this.#take(2, true, true);
      return 'code';
    }
    if (mode === 'regexp' && rest.startsWith('[')) this.#skipClass();
    else this.#take(!isComment && rest.startsWith('\\') ? 2 : 1, !isComment, false);
    return mode;
  }

  /** In a class of characters a slash ends nothing. */
  #skipClass(): void {
    while (this.#at < this.#source.length && this.#source[this.#at] !== ']') {
      this.#take(this.#source[this.#at] === '\\' ? 2 : 1, true, false);
    }
  }

  #take(length: number, inStatements: boolean, inCode: boolean): void {
    const text = this.#source.slice(this.#at, this.#at + length);
    const blank = text.replaceAll(/[^\n]/g, ' ');
    this.#statements += inStatements ? text : blank;
    this.#code += inCode ? text : blank;
    this.#at += length;
  }
}
