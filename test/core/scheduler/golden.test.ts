import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Script } from './script.ts';

const folder = new URL('testdata/', import.meta.url);

interface Block {
  /** Comments and commands, as they stand in the file. */
  readonly input: string;
  readonly output: string;
}

/** Blocks are parted by an empty line; in each, `----` parts commands from what they print. */
function readBlocks(text: string): readonly Block[] {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((block) => {
      const [input = '', output = ''] = block.split(/^----$/m);
      return { input: input.trimEnd(), output: output.trim() };
    });
}

// HOLDFAST_REWRITE=1 writes what the scheduler says now: read the difference before it is committed.
const rewrites = process.env.HOLDFAST_REWRITE === '1';

describe('the scheduler decides as the case files say', () => {
  for (const name of readdirSync(folder).sort()) {
    test(name.replace(/\.txt$/, '').replaceAll('-', ' '), () => {
      const url = new URL(name, folder);
      const blocks = readBlocks(readFileSync(url, 'utf8'));
      const script = new Script();
      const found = blocks.map(({ input }) => ({ input, output: script.run(input) }));
      const write = (items: readonly Block[]): string =>
        items.map(({ input, output }) => `${input}\n----\n${output}\n`).join('\n');
      if (rewrites) writeFileSync(url, write(found));
      else expect(write(found)).toBe(write(blocks));
    });
  }
});
