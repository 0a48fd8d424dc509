import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A mark older than this was left by a restart that never came. */
const freshMs = 60_000;

/**
 * Whether this stop is the first half of a restart: the unit's ExecStop marks that in the run directory
 * (packaging/before-stop). Only then may what runs on the node go on without a heart: the next one takes over within
 * the lease. The mark counts once.
 */
export function takeRestartMark(runDirectory: string, nowMs: number = Date.now()): boolean {
  const path = join(runDirectory, 'restart');
  try {
    const { mtimeMs } = statSync(path);
    rmSync(path, { force: true });
    return nowMs - mtimeMs < freshMs;
  } catch {
    return false;
  }
}
