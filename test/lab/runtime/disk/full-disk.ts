import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeId } from '../../../../src/model/ids.ts';
import { LogStore } from '../../../../src/runtime/disk/log-store.ts';

/*
 * Writes to a log on a file system that is nearly full, makes room once the log complains, and prints what happened.
 * `full-disk.ts DIRECTORY`, where DIRECTORY is a small tmpfs.
 */
const directory = process.argv[2] ?? '';
const ballast = join(directory, 'ballast');
const count = 60;
const events: string[] = [];
const store = await LogStore.open({
  directory: join(directory, 'state'),
  identity: { clusterUuid: 'c', node: nodeId('alpha') },
  create: true,
  onWritten: (ticket) => {
    if (ticket === count) void finish();
  },
  onTrouble: (error, final) => {
    events.push(`trouble ${error.kind} ${final ? 'final' : 'for now'}`);
    rmSync(ballast);
  },
  onRecovered: () => events.push('recovered'),
});
writeFileSync(ballast, Buffer.alloc(1 << 20));
for (let index = 1; index <= count; index += 1) {
  const entry = { index, term: 1, kind: 'command' as const, command: 'x'.repeat(20_000) };
  store.write(index, { raft: { term: 1, commit: 0, append: [entry] } });
}

async function finish(): Promise<void> {
  await store.close();
  process.stdout.write(JSON.stringify(events));
}
