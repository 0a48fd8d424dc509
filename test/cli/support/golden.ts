import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Compares with a file that people review; HOLDFAST_REWRITE=1 writes it anew. */
export function expectGolden(directory: string, name: string, text: string): void {
  const path = join(directory, 'testdata', `${name}.txt`);
  if (process.env.HOLDFAST_REWRITE === '1') writeFileSync(path, `${text}\n`);
  expect(`${text}\n`).toBe(readFileSync(path, 'utf8'));
}
