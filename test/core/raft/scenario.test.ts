import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runScenario } from './scenario.ts';

const folder = join(import.meta.dirname, 'testdata');

// HOLDFAST_REWRITE=1 writes what happens now. Commit that only if you understand what caused it.
describe('raft goes as in the scenario', () => {
  for (const name of readdirSync(folder)) {
    test(name, () => {
      const path = join(folder, name);
      const text = readFileSync(path, 'utf8');
      const result = runScenario(text);
      if (process.env.HOLDFAST_REWRITE === '1') writeFileSync(path, result);
      else expect(result).toBe(text);
    });
  }
});
