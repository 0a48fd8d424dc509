import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeAgent } from './support/fake-agent.ts';
import type { CommandEnd } from './support/run-command.ts';

let agent: FakeAgent;

beforeEach(async () => {
  agent = await FakeAgent.start();
});

afterEach(() => agent.stop());

const program = join(import.meta.dirname, '../../bin/holdfast');

/** The command as a user types it. */
function holdfast(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<CommandEnd> {
  const env = { ...process.env, HOLDFAST_SOCKET: agent.socket, ...environment };
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, error] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      error += String(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ out, error, exitCode: code ?? -1 }));
  });
}

describe('holdfast as a process', { timeout: 30_000 }, () => {
  test('the quick way of a plain status and the long one print the same', async () => {
    const quick = await holdfast(['status']);
    const long = await holdfast(['status', '--']);
    expect(quick.exitCode).toBe(0);
    expect(quick).toEqual(long);
  });

  test('results go to standard output, messages to standard error, codes to the shell', async () => {
    const changed = await holdfast(['node', 'standby', 'alpha']);
    expect(changed).toEqual({ out: 'alpha is on standby\n', error: '', exitCode: 0 });
    const wrong = await holdfast(['node', 'standby', 'alhpa']);
    expect(wrong).toEqual({
      out: '',
      error: "holdfast: there is no node 'alhpa'\n  hint: did you mean 'alpha'?\n",
      exitCode: 105,
    });
  });

  test('an error with --json is an object on standard output', async () => {
    const end = await holdfast(['status', '--json'], { HOLDFAST_SOCKET: '/nowhere' });
    expect(end.exitCode).toBe(69);
    expect(JSON.parse(end.out)).toMatchObject({
      version: 1,
      error: { code: 'unavailable', exitCode: 69 },
    });
  });

  test('nobody to ask and no --yes: nothing is destroyed, with 107', async () => {
    const end = await holdfast(['resource', 'delete', 'site']);
    expect(end.exitCode).toBe(107);
    expect(agent.asked.every(({ kind }) => kind !== 'configure')).toBe(true);
  });

  test('a configuration on standard input is checked as one in a file', async () => {
    const end = await holdfast(['config', 'check', '-']);
    expect(end.exitCode).toBe(65);
    expect(end.error).toContain("standard input:1:1: needs the key 'cluster'");
  });
});
