import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nodeDirectories } from '../runtime/identity/node-directories.ts';
import {
  loadNodeFile,
  type NodeDirectories,
  type NodeFile,
} from '../runtime/identity/node-file.ts';
import { journal } from '../runtime/journal.ts';
import { exitConfig } from './exit-config.ts';
import { nextRun } from './heart-memory.ts';
import { HeartProcess } from './heart-process.ts';
import { becomeRealTime } from './real-time.ts';
import { holdAlone } from './sole-heart.ts';
import { isShortage, startProblem } from './start-problem.ts';

/** The command that ends this host at once, as words of a JSON array; the unit file sets it. */
const resetVariable = 'HOLDFAST_RESET';
/** A full disk is looked at again this often. */
const roomPollMs = 1000;

/** The unit's main process. */
async function main(): Promise<void> {
  const directories = nodeDirectories();
  const node = prepare(directories);
  await holdAlone(directories.run);
  const heart = new HeartProcess({
    directories,
    node,
    run: await nextRunWithRoom(directories.state),
    agentCommand: [process.execPath, ...process.execArgv, agentProgram()],
    onUseless: () => process.exit(exitConfig),
    resetHost,
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => heart.stop());
  becomeRealTime();
  await heart.start();
}

function prepare(directories: NodeDirectories): NodeFile {
  const node = loadNodeFile(directories);
  mkdirSync(directories.run, { recursive: true, mode: 0o755 });
  return node;
}

/** Without a number of its own no run may send anything (R1): a disk without room is waited for. */
async function nextRunWithRoom(stateDirectory: string): Promise<number> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return nextRun(stateDirectory);
    } catch (error) {
      if (!isShortage(error)) throw error;
      if (isFirst) journal('error', `heart: waits: no space is left in ${stateDirectory}`);
    }
    await new Promise((resolve) => setTimeout(resolve, roomPollMs));
  }
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
  const problem = startProblem(error);
  journal('error', `heart: ${problem ?? (error instanceof Error ? error.stack : error)}`);
  process.exit(problem === undefined ? 70 : exitConfig);
});
