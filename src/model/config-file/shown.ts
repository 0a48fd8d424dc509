/** Text of strangers in a message: without control characters, and not too long. */
export function shown(text: string, max: number = 60): string {
  const safe = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
  return safe.length > max ? `${safe.slice(0, max)}…` : safe;
}
