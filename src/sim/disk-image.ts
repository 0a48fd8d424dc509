import type { HeldPromise } from '../core/membership/heart-protocol.ts';
import type { DiskState, DiskWrite } from '../core/node/node-io.ts';
import type { RaftWrite } from '../core/raft/contract.ts';
import type { Entry, RaftConfiguration, RaftSnapshot } from '../core/raft/entry.ts';
import type { Command } from '../model/command.ts';
import type { NodeId } from '../model/ids.ts';

/** What is durable on the disk of a node. Changed in place by one write after the other. */
export interface DiskImage {
  term: number;
  votedFor: NodeId | undefined;
  commit: number;
  snapshot: RaftSnapshot | undefined;
  entries: Entry[];
  promises: readonly HeldPromise[];
  floor: number;
  detectMaxMs: number;
}

export function emptyImage(): DiskImage {
  return {
    term: 0,
    votedFor: undefined,
    commit: 0,
    snapshot: undefined,
    entries: [],
    promises: [],
    floor: 0,
    detectMaxMs: 0,
  };
}

/** The disk of each first node of a cluster that was just created: a log that all of them hold. */
export function createdImage(
  configuration: RaftConfiguration,
  commands: readonly Command[],
): DiskImage {
  const entries: Entry[] = [{ index: 1, term: 1, kind: 'configuration', configuration }];
  for (const command of commands) {
    entries.push({ index: entries.length + 1, term: 1, kind: 'command', command });
  }
  return { ...emptyImage(), term: 1, commit: entries.length, entries };
}

/** What a process that starts reads from it. */
export function readImage(image: DiskImage): DiskState {
  return { ...image, entries: [...image.entries] };
}

/** Carries out one atomic write. */
export function applyWrite(image: DiskImage, write: DiskWrite): DiskImage {
  const { raft, promises, floor, detectMaxMs } = write;
  if (raft !== undefined) applyRaft(image, raft);
  if (promises !== undefined) image.promises = [...promises];
  if (detectMaxMs !== undefined) image.detectMaxMs = detectMaxMs;
  if (floor !== undefined) image.floor = Math.max(image.floor, floor);
  return image;
}

function applyRaft(image: DiskImage, write: RaftWrite): void {
  image.term = write.term;
  image.votedFor = write.votedFor;
  image.commit = write.commit;
  if (write.snapshot !== undefined) image.snapshot = write.snapshot;
  const { discardBefore, truncateFrom, append } = write;
  if (discardBefore !== undefined) {
    const keep = image.entries.findIndex((entry) => entry.index >= discardBefore);
    image.entries.splice(0, keep < 0 ? image.entries.length : keep);
  }
  if (truncateFrom !== undefined) {
    while ((image.entries.at(-1)?.index ?? 0) >= truncateFrom) image.entries.pop();
  }
  if (append !== undefined) image.entries.push(...append);
}
