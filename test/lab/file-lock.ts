import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { LabError } from './lab-error.ts';
import { processIdentity } from './processes.ts';

const timeoutMs = 10_000;

/** Does some work while no other process does work under the same lock file. The lock of a dead process is void. */
export async function underLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const own = processIdentity(process.pid) ?? '';
  const until = performance.now() + timeoutMs;
  while (!tryLock(path, own)) {
    if (performance.now() > until) throw new LabError(`${path} is held by another process`);
    await pause(3);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path: string, own: string): boolean {
  try {
    writeFileSync(path, own, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (!isHeld(path)) rmSync(path, { force: true });
  return false;
}

/** An empty file is one that its owner is about to fill. */
function isHeld(path: string): boolean {
  try {
    const owner = readFileSync(path, 'utf8');
    return owner === '' || processIdentity(Number(owner.split('@')[0])) === owner;
  } catch {
    return true; // Given back this moment: try again.
  }
}
