/** One run of lines: kept, or taken out of `before`, or put in from `after`. */
export interface LineChange {
  readonly kind: 'same' | 'removed' | 'added';
  readonly lines: readonly string[];
}

/** Larger middles are shown as one replacement: the table would cost too much. */
const TABLE_MAX = 4_000_000;

/** The shortest way from one list of lines to the other. */
export function diffLines(
  before: readonly string[],
  after: readonly string[],
): readonly LineChange[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start])
    start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before.at(-1 - end) === after.at(-1 - end)
  ) {
    end += 1;
  }
  const middle = diffMiddle(
    before.slice(start, before.length - end),
    after.slice(start, after.length - end),
  );
  return joined([
    { kind: 'same', lines: before.slice(0, start) },
    ...middle,
    { kind: 'same', lines: before.slice(before.length - end) },
  ]);
}

function diffMiddle(before: readonly string[], after: readonly string[]): readonly LineChange[] {
  if (before.length * after.length > TABLE_MAX) {
    return [
      { kind: 'removed', lines: before },
      { kind: 'added', lines: after },
    ];
  }
  const width = after.length + 1;
  // common[i, j]: length of the longest common subsequence of before[i…] and after[j…].
  const common = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        before[i] === after[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  return walk(before, after, (i, j) => common[i * width + j] ?? 0);
}

function walk(
  before: readonly string[],
  after: readonly string[],
  common: (i: number, j: number) => number,
): readonly LineChange[] {
  const changes: LineChange[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [a, b] = [before[i], after[j]];
    if (a !== undefined && a === b) {
      changes.push({ kind: 'same', lines: [a] });
      i += 1;
      j += 1;
    } else if (a !== undefined && (b === undefined || common(i + 1, j) >= common(i, j + 1))) {
      changes.push({ kind: 'removed', lines: [a] });
      i += 1;
    } else if (b !== undefined) {
      changes.push({ kind: 'added', lines: [b] });
      j += 1;
    }
  }
  return changes;
}

function joined(changes: readonly LineChange[]): readonly LineChange[] {
  const result: LineChange[] = [];
  for (const change of changes) {
    if (change.lines.length === 0) continue;
    const last = result.at(-1);
    if (last?.kind !== change.kind) result.push(change);
    else result[result.length - 1] = { kind: last.kind, lines: [...last.lines, ...change.lines] };
  }
  return result;
}

/** Lines with `-`, `+` or a space in front, and `context` unchanged lines around each change. */
export function unifiedLines(changes: readonly LineChange[], context: number): readonly string[] {
  const lines: string[] = [];
  for (const [i, { kind, lines: run }] of changes.entries()) {
    if (kind !== 'same') {
      lines.push(...run.map((line) => `${kind === 'removed' ? '-' : '+'} ${line}`));
      continue;
    }
    const [first, last] = [i === 0, i === changes.length - 1];
    const head = first ? [] : run.slice(0, context);
    const tail = last ? [] : run.slice(Math.max(first ? 0 : context, run.length - context));
    lines.push(...head.map((line) => `  ${line}`));
    if (head.length + tail.length < run.length && !first && !last) lines.push('  …');
    lines.push(...tail.map((line) => `  ${line}`));
  }
  return lines;
}
