import type { OperationResult } from '../../model/operation.ts';
import { type CommandOutcome, exitReason, tellingLine } from './command.ts';

/** Exit codes of OCF 1.1 that are not an agent's own business only. */
export const ocf = {
  ok: 0,
  error: 1,
  badArguments: 2,
  unimplemented: 3,
  noPermission: 4,
  notInstalled: 5,
  notConfigured: 6,
  notRunning: 7,
  promoted: 8,
  promotedFailed: 9,
} as const;

const codeWords: Readonly<Record<number, string>> = {
  0: 'ok',
  2: 'the agent does not accept these parameters',
  3: 'the agent has no such operation',
  4: 'the agent lacks permission',
  5: 'something that the agent needs is not installed',
  6: 'the agent is not configured rightly',
  7: 'not running',
  8: 'running, promoted',
  9: 'failed, promoted',
  190: 'running, degraded',
  191: 'running, promoted, degraded',
};

/** A result of an operation that needed no program, or none that ran. */
export function result(
  status: OperationResult['status'],
  exitCode: number,
  reason: string,
  durationMs: number = 0,
): OperationResult {
  return { status, exitCode, reason, stdout: '', stderr: '', durationMs: Math.round(durationMs) };
}

export function gateShut(incarnation: number): OperationResult {
  return result('refused', ocf.error, `the gate of incarnation ${incarnation} is shut`);
}

/** The result that a finished command stands for, with `exitCode` as the agent's class reads it. */
export function commandResult(
  outcome: CommandOutcome,
  exitCode: (code: number) => number,
  timeoutMs: number,
): OperationResult {
  const { end, stdout, stderr, durationMs } = outcome;
  const said = tellingLine(stderr) ?? tellingLine(stdout);
  const base = { stdout, stderr, durationMs };
  switch (end.kind) {
    case 'exited': {
      const code = exitCode(end.code);
      const words = codeWords[code];
      const fine = code === ocf.ok || code === ocf.notRunning || code === ocf.promoted;
      // Where all is as it should be the agent's chatter says nothing.
      const reason = fine ? (exitReason(stderr) ?? words) : (said ?? words);
      return { status: 'done', exitCode: code, reason: reason ?? `exit code ${end.code}`, ...base };
    }
    case 'signalled':
      return { status: 'done', exitCode: 1, reason: `killed by ${end.signal}`, ...base };
    case 'timed-out': {
      const last = said === undefined ? '' : `; its last line: ${said}`;
      const reason = `no answer within ${timeoutMs / 1000} s${last}`;
      return { status: 'timed-out', exitCode: 1, reason, ...base };
    }
    case 'cancelled':
      return { status: 'cancelled', exitCode: 1, reason: 'cancelled', ...base };
    case 'gate-shut':
      return { status: 'refused', exitCode: 1, reason: 'the gate is shut', ...base };
    case 'not-run':
      return { status: 'done', exitCode: 1, reason: end.error, ...base };
  }
}
