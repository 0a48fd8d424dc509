import { diffLines } from './line-diff.ts';

/** Lines of the base from `start` to `end` (not included) that became `lines`. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly lines: readonly string[];
  readonly side: 'ours' | 'theirs';
}

/**
 * Three-way merge of lines: takes the changes of both sides over; where they touch the same lines,
 * `theirs` is taken.
 */
export function mergeLines(base: string, ours: string, theirs: string): string {
  const baseLines = base.split('\n');
  const edits = [
    ...editsOf(baseLines, ours.split('\n'), 'ours'),
    ...editsOf(baseLines, theirs.split('\n'), 'theirs'),
  ].sort((a, b) => a.start - b.start || a.end - b.end);
  const result: string[] = [];
  let at = 0;
  for (const group of overlapping(edits)) {
    const start = group[0]?.start ?? at;
    const end = Math.max(...group.map((edit) => edit.end));
    result.push(...baseLines.slice(at, start), ...resolved(group, baseLines, start, end));
    at = end;
  }
  return [...result, ...baseLines.slice(at)].join('\n');
}

function editsOf(
  base: readonly string[],
  changed: readonly string[],
  side: Edit['side'],
): readonly Edit[] {
  const edits: Edit[] = [];
  let at = 0;
  let open: { start: number; end: number; lines: readonly string[] } | undefined;
  for (const { kind, lines } of diffLines(base, changed)) {
    if (kind === 'same') {
      if (open !== undefined) edits.push({ ...open, side });
      open = undefined;
      at += lines.length;
      continue;
    }
    open ??= { start: at, end: at, lines: [] };
    if (kind === 'added') open = { ...open, lines: [...open.lines, ...lines] };
    else {
      at += lines.length;
      open = { ...open, end: at };
    }
  }
  if (open !== undefined) edits.push({ ...open, side });
  return edits;
}

/** Edits in order, those that touch the same lines together. */
function overlapping(edits: readonly Edit[]): readonly (readonly Edit[])[] {
  const groups: Edit[][] = [];
  let end = -1;
  for (const edit of edits) {
    const last = groups.at(-1);
    const samePoint = last?.[0]?.start === edit.start && edit.start === edit.end;
    if (last !== undefined && (edit.start < end || samePoint)) last.push(edit);
    else groups.push([edit]);
    end = Math.max(end, edit.end);
  }
  return groups;
}

function resolved(
  group: readonly Edit[],
  base: readonly string[],
  start: number,
  end: number,
): readonly string[] {
  const theirs = group.filter(({ side }) => side === 'theirs');
  const winners = theirs.length > 0 ? theirs : group;
  const lines: string[] = [];
  let at = start;
  for (const edit of winners) {
    lines.push(...base.slice(at, edit.start), ...edit.lines);
    at = edit.end;
  }
  return [...lines, ...base.slice(at, end)];
}
