import { describe, expect, test } from 'vitest';
import { approximateBytes, pieceOf } from '../../../src/core/raft/size.ts';

describe('the size of a message', () => {
  test('is judged near enough to the text that it becomes', () => {
    const value = { name: 'web', tags: ['a', 'b'], nested: { deep: [1, 2, { on: true }] } };
    const real = JSON.stringify(value).length;
    expect(approximateBytes(value)).toBeGreaterThan(real * 0.7);
    expect(approximateBytes(value)).toBeLessThan(real * 2);
  });
});

describe('a piece of a snapshot', () => {
  test('together with the others makes the whole text, without cutting a character', () => {
    const text = 'a😀b😀😀c';
    for (const size of [2, 3, 4, 100]) {
      const pieces: string[] = [];
      for (let offset = 0; offset < text.length; offset += pieces.at(-1)?.length ?? 0) {
        pieces.push(pieceOf(text, offset, size));
      }
      expect(pieces.join('')).toBe(text);
      for (const piece of pieces) expect(piece.isWellFormed()).toBe(true);
      for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(size);
    }
  });
});
