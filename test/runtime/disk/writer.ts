import { nodeId } from '../../../src/model/ids.ts';
import { LogStore } from '../../../src/runtime/disk/log-store.ts';

/*
 * A process that writes entries as fast as it can, in bursts, and prints the ticket of each that was acknowledged:
 * to be killed in the middle. `writer.ts DIRECTORY CLUSTER NODE`
 */
const [directory = '', clusterUuid = '', node = ''] = process.argv.slice(2);
let next = 0;
const store = await LogStore.open({
  directory,
  identity: { clusterUuid, node: nodeId(node) },
  create: true,
  onWritten: (ticket) => {
    process.stdout.write(`${ticket}\n`);
    writeOne();
  },
  onTrouble: (error) => process.stdout.write(`${error.message}\n`),
  onRecovered: () => {},
});
next = store.state.entries.length;

function writeOne(): void {
  next += 1;
  const entry = { index: next, term: 1, kind: 'command' as const, command: 'x'.repeat(next % 900) };
  store.write(next, { raft: { term: 1, commit: next - 1, append: [entry] } });
}

for (let i = 0; i < 40; i += 1) writeOne();
