/** About how many bytes a JSON value takes as text: enough to keep messages bounded. */
export function approximateBytes(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const item of value) bytes += approximateBytes(item) + 1;
    return bytes;
  }
  for (const [key, item] of Object.entries(value)) {
    bytes += key.length + 4 + approximateBytes(item);
  }
  return bytes;
}

/** The next piece of a text from `offset` on: about `size` long, never cut inside a character. */
export function pieceOf(text: string, offset: number, size: number): string {
  const end = offset + size;
  if (end >= text.length) return text.slice(offset);
  const lastUnit = text.charCodeAt(end - 1);
  const isHighSurrogate = lastUnit >= 0xd800 && lastUnit <= 0xdbff;
  return text.slice(offset, isHighSurrogate ? end - 1 : end);
}
