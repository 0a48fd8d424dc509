import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cgroupIsEmpty, createLabCgroup, killCgroup } from './cgroup.ts';
import { type Faults, noFaults } from './faults.ts';
import { LabError } from './lab-error.ts';
import type { LabContext } from './namespaces.ts';
import { isAlive, labProcess, labProcesses, processIdentity, signalQuietly } from './processes.ts';
import { checkedLabName, type LabPlan } from './topology.ts';

/** What is on record about a lab, in its state directory. */
export interface LabRecord {
  readonly plan: LabPlan;
  readonly privileged: boolean;
  readonly cgroup: string | undefined;
  readonly owner: string | undefined;
}

/** Where all labs of this user have their directories. */
export function labsDirectory(): string {
  return resolve(process.env.HOLDFAST_LAB_DIR ?? `/tmp/holdfast-lab-${process.getuid?.() ?? 0}`);
}

/** The state directory of a lab. Throws LabUsageError for what cannot be the name of one. */
export function labDirectory(name: string): string {
  return join(labsDirectory(), checkedLabName(name));
}

/** Throws LabError for a place whose name could not be mounted, or is too long for the name of a socket. */
function checkDirectory(directory: string): void {
  if (/[\s:,\\]/.test(directory)) {
    throw new LabError(`${directory} has a character that mount options cannot have`);
  }
  if (directory.length > 40) {
    throw new LabError(`${directory} is too long: want at most 40 characters`);
  }
}

/** Makes the state directory and the control group of a lab. Throws LabError where the place will not do. */
export function createRecord(plan: LabPlan, owner: string | undefined): LabRecord {
  const privileged = process.getuid?.() === 0;
  const directory = labDirectory(plan.name);
  checkDirectory(labsDirectory());
  mkdirSync(labsDirectory(), { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(labsDirectory());
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new LabError(
      `${labsDirectory()} is not ours alone: set HOLDFAST_LAB_DIR to another place`,
    );
  }
  mkdirSync(join(directory, 'hosts'), { recursive: true });
  const record = { plan, privileged, cgroup: createLabCgroup(plan.name), owner };
  writeJson(join(directory, 'lab.json'), record);
  writeJson(join(directory, 'faults.json'), noFaults);
  return record;
}

/** What is on record about a lab, or undefined if there is none of this name. */
export function readRecord(name: string): LabRecord | undefined {
  const path = join(labDirectory(name), 'lab.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as LabRecord) : undefined;
}

/** How the parts of a lab are reached. */
export function contextOf(record: LabRecord): LabContext {
  const { cgroup, privileged } = record;
  return { directory: labDirectory(record.plan.name), cgroup, privileged };
}

/** The faults that a lab's network has now. */
export function readFaults(directory: string): Faults {
  return JSON.parse(readFileSync(join(directory, 'faults.json'), 'utf8')) as Faults;
}

/** Replaces a file in one step. */
export function writeJson(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, JSON.stringify(value));
  renameSync(`${path}.new`, path);
}

/** Whether the process that made a lab still runs. */
export function isOwnerAlive(owner: string): boolean {
  return processIdentity(Number(owner.split('@')[0])) === owner;
}

/** Kills all processes of a lab and waits until they are gone. */
export async function endProcesses(directory: string, cgroup: string | undefined): Promise<void> {
  const until = performance.now() + 10_000;
  for (;;) {
    if (cgroup !== undefined) killCgroup(cgroup);
    const left = labProcesses(directory).filter((process) => isAlive(process.pid));
    for (const { pid } of left) {
      // Read again: the process table may have moved on since.
      if (labProcess(pid)?.directory === directory) signalQuietly(pid, 'SIGKILL');
    }
    if (left.length === 0 && (cgroup === undefined || cgroupIsEmpty(cgroup))) return;
    if (performance.now() > until) throw new LabError(`processes of ${directory} do not end`);
    await pause(2);
  }
}

/** Removes a directory tree in which a former host may have made directories that cannot be read. */
export function removeTree(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { recursive: false, withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) continue;
    chmodSync(path, 0o700);
    removeTree(path);
  }
  rmSync(directory, { recursive: true, force: true });
}
