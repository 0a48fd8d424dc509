import type { Mood, Paint } from '../../src/cli/render/paint.ts';
import { paintFor } from '../../src/cli/render/paint.ts';
import { wrap } from '../../src/cli/render/safe-text.ts';

const tickMs = 50;
const momentWidth = 10;

/** Where the demo is played: lines that stay and, on a terminal, one last line that is alive. */
export class Stage {
  readonly #out: NodeJS.WriteStream;
  readonly #paint: Paint;
  #ticker: NodeJS.Timeout | undefined;
  #alive: (() => string) | undefined;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.#paint = paintFor(out.isTTY, process.env);
  }

  get width(): number {
    return Math.min(this.#out.columns ?? 80, 100);
  }

  paint(mood: Mood, text: string): string {
    return this.#paint(mood, text);
  }

  /** A line that stays, above the line that is alive. */
  line(text = ''): void {
    this.#erase();
    this.#out.write(`${text}\n`);
    this.#draw();
  }

  /** Words for the reader, broken to the width of the screen. */
  say(text: string, mood?: Mood): void {
    for (const line of wrap(text, this.width)) {
      this.line(mood === undefined ? line : this.paint(mood, line));
    }
  }

  scene(title: string): void {
    this.line();
    this.line(this.paint('strong', `── ${title} ${'─'.repeat(this.width - title.length - 4)}`));
  }

  /** A command as one would type it. */
  command(host: string, words: string): void {
    this.line(`${this.paint('dim', `root@${host}#`)} ${this.paint('strong', words)}`);
  }

  /** What happened so long after the fault. */
  moment(ms: number, text: string, mood?: Mood): void {
    const [first = '', ...rest] = wrap(text, this.width - momentWidth - 2);
    const paint = (line: string): string => (mood === undefined ? line : this.paint(mood, line));
    this.line(`${this.paint('dim', timeText(ms))}  ${paint(first)}`);
    for (const line of rest) this.line(' '.repeat(momentWidth + 2) + paint(line));
  }

  /** Shows a line that follows its text until the work is done; nothing of it stays. */
  async during<T>(text: () => string, work: Promise<T>): Promise<T> {
    if (!this.#out.isTTY) return await work;
    this.#alive = text;
    this.#ticker = setInterval(() => {
      this.#erase();
      this.#draw();
    }, tickMs);
    this.#draw();
    try {
      return await work;
    } finally {
      this.quiet();
    }
  }

  /** The same, with the time that has passed since `sinceMs` of the clock of `performance`. */
  async counting<T>(sinceMs: number, text: string, work: Promise<T>): Promise<T> {
    const alive = (): string =>
      `${this.paint('dim', timeText(performance.now() - sinceMs))}  ${this.paint('warn', text)}`;
    return await this.during(alive, work);
  }

  /** Ends the line that is alive. */
  quiet(): void {
    clearInterval(this.#ticker);
    this.#erase();
    this.#alive = undefined;
  }

  #erase(): void {
    if (this.#alive !== undefined) this.#out.write('\r\u{1b}[K');
  }

  #draw(): void {
    if (this.#alive !== undefined) this.#out.write(this.#alive());
  }
}

function timeText(ms: number): string {
  return `${(Math.max(ms, 0) / 1000).toFixed(2)} s`.padStart(momentWidth);
}
