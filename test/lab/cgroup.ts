import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Where version 2 of the control groups may be mounted: alone, or beside version 1. */
const mountPoints: readonly string[] = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/** The mount point of version 2 of the control groups if we may make groups there. */
function cgroupMount(): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return mountPoints.find((path) => existsSync(join(path, 'cgroup.controllers')));
}

/** Makes the control group of a lab and returns its directory; undefined where there are none to be had. */
export function createLabCgroup(lab: string): string | undefined {
  const mount = cgroupMount();
  if (mount === undefined) return undefined;
  const directory = join(mount, 'holdfast-lab', lab);
  try {
    mkdirSync(directory, { recursive: true });
    return directory;
  } catch {
    return undefined; // A container may show the hierarchy read-only.
  }
}

/** The control group that a lab of this name would have, whether it exists or not. */
export function labCgroup(lab: string): string | undefined {
  const mount = cgroupMount();
  return mount === undefined ? undefined : join(mount, 'holdfast-lab', lab);
}

export function ensureCgroup(directory: string): void {
  mkdirSync(directory, { recursive: true });
}

/** Kills every process in a control group and below it, at once. */
export function killCgroup(directory: string): void {
  if (existsSync(join(directory, 'cgroup.kill'))) {
    writeFileSync(join(directory, 'cgroup.kill'), '1');
  }
}

/** Whether nothing runs in a control group or below it. */
export function cgroupIsEmpty(directory: string): boolean {
  const events = join(directory, 'cgroup.events');
  return !existsSync(events) || /^populated 0$/m.test(readFileSync(events, 'utf8'));
}

/** Removes the control group of a lab, and the one above it after the last lab. */
export function removeLabCgroup(directory: string): void {
  removeCgroup(directory);
  try {
    rmdirSync(dirname(directory));
  } catch {} // Other labs are there, or nothing.
}

/** Removes a control group and those below it. It must be empty of processes. */
export function removeCgroup(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(directory, entry.name));
  }
  rmdirSync(directory);
}
