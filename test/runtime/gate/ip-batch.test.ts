import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type IpAnswer, IpBatch } from '../../../src/runtime/gate/ip-batch.ts';

/** Behaves as `ip -force -batch -` does, on commands of this test's own. */
const standIn = `#!/bin/sh
echo run >> "$0.runs"
n=0
while read -r word rest; do
  n=$((n+1))
  case "$word" in
    say) echo "$rest" ;;
    ok) ;;
    die) echo "$rest"; exit 1 ;;
    fail) echo "$rest"; echo "Command failed -:$n" ;;
    *) echo "Object \\"$word\\" is unknown, try \\"ip help\\"."; echo "Command failed -:$n" ;;
  esac
done
`;

describe('ip process', () => {
  let directory = '';
  let batch: IpBatch;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-ip-'));
    const program = join(directory, 'ip');
    writeFileSync(program, standIn);
    chmodSync(program, 0o755);
    batch = new IpBatch([program]);
  });
  afterEach(() => {
    batch.close();
    rmSync(directory, { recursive: true });
  });

  const run = (...commands: string[]): Promise<IpAnswer> =>
    new Promise((resolve) => batch.run(commands, resolve));

  test('output and failures come back to whoever asked', async () => {
    const answers = await Promise.all([
      run('say one', 'fail first reason', 'say two'),
      run('ok'),
      run('fail second reason'),
      run('say three'),
    ]);
    expect(answers).toEqual([
      { lines: ['one', 'two'], errors: ['first reason'] },
      { lines: [], errors: [] },
      { lines: [], errors: ['second reason'] },
      { lines: ['three'], errors: [] },
    ]);
  });

  test("a failure that nobody waits for is nobody's", async () => {
    batch.post(['fail lost', 'fail lost too']);
    expect(await run('say mine')).toEqual({ lines: ['mine'], errors: [] });
  });

  test('when the process ends, what was asked fails with its last words, and another one goes on', async () => {
    expect(await run('say one', 'die no such word')).toEqual({
      lines: [],
      errors: ['no such word'],
    });
    expect(await run('say two')).toEqual({ lines: ['two'], errors: [] });
    expect(readFileSync(join(directory, 'ip.runs'), 'utf8')).toBe('run\nrun\n');
  });

  test('what was asked before a close is still answered', async () => {
    const answer = run('say last');
    batch.close();
    expect(await answer).toEqual({ lines: ['last'], errors: [] });
  });

  test('a program that is not there fails what is asked', async () => {
    batch = new IpBatch(['/nowhere/ip']);
    const { errors } = await run('say x');
    expect(errors.join()).toMatch(/not found/);
  });
});
