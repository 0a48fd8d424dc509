import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readText, signalProcess } from './proc.ts';

/*
 * Small steps on the control group file system, version 2 (the kernel's
 * Documentation/admin-guide/cgroup-v2.rst). Nothing here waits: the file system is in memory.
 */

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Makes one directory, no parents. False where the parent is gone or takes no more. */
export function makeGroup(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return true;
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'EAGAIN') return false;
    throw error;
  }
}

/** Removes one empty control group. True once it is gone. */
export function removeGroup(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return errorCode(error) === 'ENOENT';
  }
}

/** Writes to a control file; false where the group is gone. */
export function writeControl(directory: string, file: string, value: string): boolean {
  try {
    writeFileSync(join(directory, file), value, { flag: 'r+' });
    return true;
  } catch {
    return false;
  }
}

export function childGroups(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(directory, entry.name));
  } catch {
    return [];
  }
}

/** The processes of a control group and all below it. */
export function processesBelow(directory: string): number[] {
  const own = (readText(join(directory, 'cgroup.procs')) ?? '').split('\n').map(Number);
  return [...own.filter((pid) => pid > 0), ...childGroups(directory).flatMap(processesBelow)];
}

/** Whether any process lives in it or below it, by the kernel's own count. */
export function isPopulated(directory: string): boolean {
  return readText(join(directory, 'cgroup.events'))?.includes('populated 1') ?? false;
}

/** Removes all empty control groups from the leaves up. True once the directory itself is gone. */
export function removeEmptyBelow(directory: string): boolean {
  for (const child of childGroups(directory)) removeEmptyBelow(child);
  return removeGroup(directory);
}

/** Ends all processes of a control group at once: one that forks meanwhile cannot get away. */
export function killGroup(directory: string): void {
  if (writeControl(directory, 'cgroup.kill', '1')) return;
  for (const pid of processesBelow(directory)) signalProcess(pid, 'SIGKILL'); // Before Linux 5.14.
}

/**
 * The place for control groups of our own: `HOLDFAST_CGROUP_ROOT`, or one below the group that this
 * process lives in (writable for root, and for a systemd unit with `Delegate=yes`). Undefined where
 * there is no version 2 or no right.
 */
export function findControlGroupRoot(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const given = environment.HOLDFAST_CGROUP_ROOT;
  const root = given !== undefined && given !== '' ? given : ownGroupRoot();
  if (root === undefined) return undefined;
  try {
    mkdirSync(root, { recursive: true });
    const probe = join(root, `probe-${process.pid}`);
    mkdirSync(probe);
    const real = readText(join(probe, 'cgroup.events')) !== undefined;
    rmdirSync(probe);
    return real ? root : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Where the second version of control groups is mounted (alone, or beside the first on hybrid
 * machines).
 */
export function findUnifiedMount(): string | undefined {
  return readText('/proc/self/mountinfo')
    ?.split('\n')
    .find((line) => line.includes(' - cgroup2 '))
    ?.split(' ')[4];
}

function ownGroupRoot(): string | undefined {
  const mount = findUnifiedMount();
  const path = /^0::(\/.*)$/m.exec(readText('/proc/self/cgroup') ?? '')?.[1];
  if (mount === undefined || path === undefined || path.startsWith('/..')) return undefined;
  return join(mount, path, 'holdfast');
}
