import { describe, expect, test } from 'vitest';
import { exitReason, tellingLine } from '../../../src/runtime/resources/command.ts';
import { commandResult } from '../../../src/runtime/resources/result.ts';

describe('what an agent answered, in words', () => {
  const same = (code: number): number => code;
  const exited = (code: number, stderr: string): string =>
    commandResult({ end: { kind: 'exited', code }, stdout: '', stderr, durationMs: 1 }, same, 9)
      .reason;

  test("an agent's own reason comes first, then its last error, then its last line", () => {
    expect(tellingLine('a\nocf-exit-reason:why\nERROR: bad\nz\n')).toBe('why');
    expect(tellingLine('a\nERROR: bad\nz\n')).toBe('ERROR: bad');
    expect(tellingLine('a\nz\n\n')).toBe('z');
    expect(tellingLine(' \n')).toBeUndefined();
    expect(exitReason('ocf-exit-reason:one\nocf-exit-reason:two\n')).toBe('two');
  });

  test('nothing that an agent prints can move the cursor or colour the terminal', () => {
    expect(tellingLine('\u001b[31mred\u001b[0m \u0007bell\u009b')).toBe('red bell');
  });

  test('long lines are cut', () => {
    expect(tellingLine('x'.repeat(5_000))).toHaveLength(300);
  });

  test('chatter of a success is not taken for a reason', () => {
    expect(exited(0, 'INFO: started\n')).toBe('ok');
    expect(exited(7, 'INFO: it is not there\n')).toBe('not running');
    expect(exited(1, 'no space left\n')).toBe('no space left');
    expect(exited(6, '')).toBe('the agent is not configured rightly');
    expect(exited(1, '')).toBe('exit code 1');
  });

  test('a timeout quotes the last line', () => {
    const outcome = {
      end: { kind: 'timed-out' },
      stdout: '',
      stderr: 'at 3\n',
      durationMs: 1,
    } as const;
    expect(commandResult(outcome, same, 20_000)).toMatchObject({
      status: 'timed-out',
      exitCode: 1,
      reason: 'no answer within 20 s; its last line: at 3',
    });
  });
});
