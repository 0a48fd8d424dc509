import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { text } from 'node:stream/consumers';
import { LabError } from './lab-error.ts';

/** How a finished command ended. `exitCode` is undefined where a signal ended it. */
export interface CommandResult {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** True where `timeoutMs` had passed and the command was killed. */
  readonly timedOut: boolean;
}

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Written to the standard input of the command. */
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Called with the process id when the time is over, to end the command. Default: SIGKILL to it. */
  readonly onTimeout?: (pid: number) => void;
}

const extraPath = '/usr/local/sbin:/usr/sbin:/sbin';

/** A search path with the directories of root's programs, which a normal user's path lacks. */
export function searchPath(): string {
  return `${process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin'}:${extraPath}`;
}

/** Runs a command to its end. Never throws for what the command does; throws LabError if it cannot be started. */
export async function run(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [file = '', ...args] = argv;
  const spawnOptions: SpawnOptions = {
    stdio: 'pipe',
    env: { ...(options.env ?? process.env), PATH: searchPath() },
  };
  const child = spawn(file, args, spawnOptions);
  let timedOut = false;
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          if (child.pid !== undefined && options.onTimeout) options.onTimeout(child.pid);
          else child.kill('SIGKILL');
        }, options.timeoutMs);
  child.stdin?.on('error', () => {}); // A command may end without reading its input.
  child.stdin?.end(options.input ?? '');
  try {
    const [stdout, stderr, [exitCode, signal]] = await Promise.all([
      child.stdout === null ? '' : text(child.stdout),
      child.stderr === null ? '' : text(child.stderr),
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    ]);
    const result = { exitCode: exitCode ?? undefined, signal: signal ?? undefined };
    return { ...result, stdout, stderr, timedOut };
  } catch (cause) {
    throw new LabError(`cannot start ${file}: ${(cause as Error).message}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a command that must succeed and returns its standard output. Throws LabError with its own words. */
export async function runOrThrow(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await run(argv, options);
  if (result.exitCode === 0) return result.stdout;
  const how = result.signal ?? `exit code ${result.exitCode}`;
  throw new LabError(`${argv.join(' ')}: ${how}: ${result.stderr.trim() || result.stdout.trim()}`);
}

/** The exit code that a shell would show: 128 and the number of the signal for what a signal ended. */
export function exitCodeOf(result: CommandResult): number {
  if (result.signal !== undefined) return 128 + constants.signals[result.signal];
  return result.exitCode ?? 127;
}
