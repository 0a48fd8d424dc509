import { setImmediate as nextTurn } from 'node:timers/promises';

/** Resolves with the first value that is neither false nor undefined; looks once per turn of the event loop. */
export async function until<T>(look: () => T | undefined | false, limitMs = 4000): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${look}`);
    await nextTurn();
  }
}
