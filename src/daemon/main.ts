import { setPriority } from 'node:os';
import { VERSION } from '../model/version.ts';
import { DiskError } from '../runtime/disk/disk-error.ts';
import { nodeDirectories, socketPath } from '../runtime/identity/node-directories.ts';
import { loadNodeFile } from '../runtime/identity/node-file.ts';
import { journal } from '../runtime/journal.ts';
import { PortError } from '../runtime/net/port-error.ts';
import { loadCredentials } from '../runtime/pki/node-credentials.ts';
import { CredentialError } from '../runtime/pki/secure-files.ts';
import { Agent } from './agent.ts';

/** Above ordinary work, so that decisions are made on a busy machine too; far below the heart. */
const NICENESS = -10;

/** The agent: a child of the heart, with the channel to it on its file descriptor 3. */
async function main(): Promise<void> {
  raisePriority();
  const directories = nodeDirectories();
  const node = loadNodeFile(directories);
  const credentials = loadCredentials(directories.etc, Date.now());
  if (
    credentials.identity.node !== node.node ||
    credentials.identity.clusterUuid !== node.clusterId
  ) {
    const { node: name, clusterUuid } = credentials.identity;
    throw new CredentialError(
      'mismatch',
      `the certificate in ${directories.etc} is for node ${name} of cluster ${clusterUuid}, not for ${node.node}: restore the right one, or join anew`,
    );
  }
  const agent = await Agent.start({
    directories,
    node,
    credentials,
    version: VERSION,
    socket: socketPath(directories),
    onEnd: (code) => process.exit(code),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void agent.stop());
}

function raisePriority(): void {
  try {
    setPriority(NICENESS);
  } catch {
    // Not allowed here: it works all the same.
  }
}

/** EX_SOFTWARE and EX_IOERR: the heart tries again, with growing waits. EX_CONFIG: it need not try. */
function exitCode(error: unknown): 70 | 74 | 78 {
  if (error instanceof DiskError) {
    const mayPass = error.kind === 'full' || error.kind === 'in-use' || error.kind === 'device';
    return mayPass ? 74 : 78;
  }
  return error instanceof CredentialError || error instanceof PortError ? 78 : 70;
}

main().catch((error: unknown) => {
  const code = exitCode(error);
  const words = error instanceof Error ? (code === 70 ? error.stack : error.message) : error;
  journal('error', `agent: ${words}`);
  process.exit(code);
});
