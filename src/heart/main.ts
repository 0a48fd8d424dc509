import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nodeDirectories } from '../runtime/identity/node-directories.ts';
import { loadNodeFile, type NodeDirectories } from '../runtime/identity/node-file.ts';
import { journal } from '../runtime/journal.ts';
import { PortError } from '../runtime/net/port-error.ts';
import { CredentialError } from '../runtime/pki/secure-files.ts';
import { HeartProcess } from './heart-process.ts';
import { becomeRealTime } from './real-time.ts';

/** EX_CONFIG of sysexits: systemd does not start it again and again for that (RestartPreventExitStatus). */
const exitConfig = 78;
/** The command that ends this host at once, as words of a JSON array; the unit file sets it. */
const resetVariable = 'HOLDFAST_RESET';

/** The unit's main process. */
async function main(): Promise<void> {
  const directories = nodeDirectories();
  const heart = new HeartProcess({
    directories,
    node: prepare(directories),
    agentCommand: [process.execPath, ...process.execArgv, agentProgram()],
    resetHost,
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => heart.stop());
  becomeRealTime();
  await heart.start();
}

function prepare(directories: NodeDirectories): ReturnType<typeof loadNodeFile> {
  const node = loadNodeFile(directories);
  mkdirSync(directories.run, { recursive: true, mode: 0o755 });
  return node;
}

/** Beside this file in a checkout and in the bundle alike. */
function agentProgram(): string {
  const isBundle = !import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(isBundle ? './agent.js' : '../daemon/main.ts', import.meta.url));
}

function resetHost(reason: string): void {
  const command = process.env[resetVariable];
  if (command === undefined) {
    journal('error', `heart: cannot reset this host (${reason}): ${resetVariable} is not set`);
    return;
  }
  const [program = '', ...args] = JSON.parse(command) as string[];
  spawnSync(program, args, { stdio: 'ignore', timeout: 1000 });
}

main().catch((error: unknown) => {
  const isConfig = error instanceof CredentialError || error instanceof PortError;
  journal(
    'error',
    `heart: ${error instanceof Error ? (isConfig ? error.message : error.stack) : error}`,
  );
  process.exit(isConfig ? exitConfig : 70);
});
