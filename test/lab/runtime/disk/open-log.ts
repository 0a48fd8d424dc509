import { nodeId } from '../../../../src/model/ids.ts';
import { DiskError } from '../../../../src/runtime/disk/disk-error.ts';
import { LogStore } from '../../../../src/runtime/disk/log-store.ts';

/* Opens a log and prints `opened`, or the kind of the error and its words. `open-log.ts DIRECTORY [create]` */

const [directory = '', create] = process.argv.slice(2);
try {
  const store = await LogStore.open({
    directory,
    identity: { clusterUuid: 'c', node: nodeId('alpha') },
    create: create === 'create',
    onWritten: () => {},
    onTrouble: () => {},
    onRecovered: () => {},
  });
  await store.close();
  process.stdout.write('opened');
} catch (error) {
  if (!(error instanceof DiskError)) throw error;
  process.stdout.write(`${error.kind} ${error.message}`);
}
