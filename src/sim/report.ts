import { execFileSync } from 'node:child_process';
import type { RunResult } from './run-seed.ts';

/** Exit codes of the simulator: nothing found, wrong use, and one for each kind of failure. */
export const exitCodes = { ok: 0, usage: 2, liveness: 3, safety: 4, crash: 5 } as const;

/** The commit that is simulated, or a word for none. */
export function commitName(): string {
  try {
    const folder = new URL('.', import.meta.url).pathname;
    const head = execFileSync('git', ['-C', folder, 'rev-parse', '--short', 'HEAD'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return head.toString().trim();
  } catch {
    return 'unknown commit';
  }
}

/** One line that says what failed and how to see it again. */
export function failureLine(result: RunResult, replay: string, commit: string): string {
  const { failure, seed } = result;
  if (failure === undefined) return `seed ${seed}: nothing found`;
  const what = firstLine(failure.text);
  const at = (failure.atMs / 1000).toFixed(3);
  return `FAIL ${failure.kind}/${failure.rule} at ${at} s: ${what} | replay: ${replay} | commit ${commit}`;
}

/** The command that replays one seed and prints its story. */
export function replayCommand(seed: number, options: readonly string[]): string {
  return ['npm run sim --', `--seed ${seed} --seeds 1`, ...options, '--trace'].join(' ');
}

/** The figures of many runs. */
export interface Summary {
  readonly seeds: number;
  readonly failures: number;
  readonly virtualHours: number;
  readonly wallSeconds: number;
  /** Virtual time per wall time: cluster-hours in one hour. */
  readonly speed: number;
  readonly losses: number;
  readonly takeovers: number;
  readonly limits: number;
  readonly commands: number;
  readonly acknowledged: number;
  readonly takeoverMedianMs: number | undefined;
  readonly takeoverMaxMs: number | undefined;
}

export function summarize(results: readonly RunResult[], wallSeconds: number): Summary {
  const sum = (figure: (result: RunResult) => number): number =>
    results.reduce((total, result) => total + figure(result), 0);
  const virtualMs = sum((result) => result.virtualMs);
  const gaps = results.flatMap((result) => result.takeoverMs).sort((a, b) => a - b);
  return {
    seeds: results.length,
    failures: results.filter((result) => result.failure !== undefined).length,
    virtualHours: virtualMs / 3_600_000,
    wallSeconds,
    speed: virtualMs / 1000 / wallSeconds,
    losses: sum((result) => result.losses),
    takeovers: sum((result) => result.takeovers),
    limits: sum((result) => result.limits),
    commands: sum((result) => result.commands),
    acknowledged: sum((result) => result.acknowledged),
    takeoverMedianMs: gaps[Math.floor(gaps.length / 2)],
    takeoverMaxMs: gaps.at(-1),
  };
}

export function summaryText(summary: Summary): string {
  const lines = [
    `${summary.seeds} seeds, ${summary.failures} with a failure`,
    `${summary.virtualHours.toFixed(2)} cluster-hours in ${summary.wallSeconds.toFixed(1)} s (${summary.speed.toFixed(0)} in one hour)`,
    `${summary.losses} losses, ${summary.takeovers} takeovers, ${summary.commands} entries, ${summary.acknowledged} acknowledged writes`,
  ];
  if (summary.limits > 0) {
    lines.push(
      `${summary.limits} times a host or heart that was frozen ran something twice (stated limit)`,
    );
  }
  if (summary.takeoverMaxMs !== undefined) {
    lines.push(
      `services away after a loss: median ${summary.takeoverMedianMs?.toFixed(0)} ms, longest ${summary.takeoverMaxMs.toFixed(0)} ms`,
    );
  }
  return lines.join('\n');
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
