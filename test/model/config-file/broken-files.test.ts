import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { problemText } from '../../../src/model/config-file/config-problem.ts';
import { readConfig } from '../../../src/model/config-file/read-config.ts';

const directory = join(import.meta.dirname, 'testdata');
const separator = '----\n';

/** Each file: a broken configuration, `----`, and everything that is said about it. */
describe('a broken configuration file', () => {
  for (const file of readdirSync(directory)) {
    test(`is told all its problems at once, each at its place: ${file}`, () => {
      const path = join(directory, file);
      const whole = readFileSync(path, 'utf8');
      const text = whole.slice(0, whole.lastIndexOf(separator));
      const read = readConfig(text);
      expect(read.kind).toBe('invalid');
      const problems = read.kind === 'invalid' ? read.problems : [];
      const told = problems.map((problem) => `${problemText(problem)}\n`).join('');
      if (process.env.HOLDFAST_REWRITE === '1') writeFileSync(path, text + separator + told);
      expect(text + separator + told).toBe(readFileSync(path, 'utf8'));
    });
  }
});
