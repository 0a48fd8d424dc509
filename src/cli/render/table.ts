import type { Mood, Paint } from './paint.ts';
import { cut, safeText } from './safe-text.ts';

/** One cell; its text is made harmless here, so callers need not. */
export interface Cell {
  readonly text: string;
  readonly mood?: Mood | undefined;
}

export type Row = readonly (Cell | string)[];

/** Lines of a table: columns as wide as their widest cell, the last one cut at `width`. */
export function tableLines(
  head: readonly string[],
  rows: readonly Row[],
  width: number,
  paint: Paint,
): readonly string[] {
  const body = rows.map((row) => row.map(toCell));
  const all = [head.map((text): Cell => ({ text, mood: 'dim' })), ...body];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.text.length ?? 0)));
  return all.map((row) => lineOf(row, widths, width, paint));
}

function toCell(cell: Cell | string): Cell {
  const { text, mood } = typeof cell === 'string' ? { text: cell, mood: undefined } : cell;
  return { text: safeText(text), mood };
}

function lineOf(
  row: readonly Cell[],
  widths: readonly number[],
  width: number,
  paint: Paint,
): string {
  let line = '';
  let used = 0;
  for (const [i, { text, mood }] of row.entries()) {
    const room = width - used;
    if (room <= 0) break;
    const shown = cut(text, room);
    const column = i === row.length - 1 ? shown.length : Math.min(room, (widths[i] ?? 0) + 2);
    line +=
      (mood === undefined ? shown : paint(mood, shown)) +
      ' '.repeat(column - shown.length > 0 ? column - shown.length : 0);
    used += column;
  }
  return line.trimEnd();
}
