/** Text of strangers on one line: control characters and direction marks are never printed raw. */
export function safeText(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}

/** At most `width` columns; what is cut off shows as `…`. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Breaks a sentence into lines of at most `width` columns, at spaces where there are any. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].flatMap((long) => pieces(long, width));
}

function pieces(text: string, width: number): readonly string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length || at === 0; at += width)
    parts.push(text.slice(at, at + width));
  return parts;
}
