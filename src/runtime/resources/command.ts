import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type Cell, gateShutCode, gateShutText } from '../gate/gate.ts';
import { processStat, signalProcess } from '../gate/proc.ts';

/** One command to be run in a cell of a gate. */
export interface Command {
  readonly cell: Cell;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory?: string;
  readonly timeoutMs: number;
  /** Between SIGTERM and SIGKILL after the timeout. */
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
  /** Directory for the output while it runs, in memory (`/run`). */
  readonly outputDirectory: string;
  readonly stdoutBytesMax?: number;
}

export type CommandEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'gate-shut' }
  | { readonly kind: 'not-run'; readonly error: string };

export interface CommandOutcome {
  readonly end: CommandEnd;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

const outputBytesMax = 16 * 1024;
const graceMsDefault = 500;
/** How often what should die is looked at. */
const killPollMs = 20;
const killPollsMax = 50;

/**
 * Runs a command in its own session inside its cell. What it leaves running stays (the service that
 * an agent starts); its output goes to files, not pipes, so that a service that inherits them
 * survives a restart of this process.
 */
export async function runCommand(command: Command): Promise<CommandOutcome> {
  const begun = performance.now();
  const output = new OutputFiles(join(command.outputDirectory, command.cell.fileName));
  const [file, ...argv] = command.cell.enter(command.argv);
  const child = spawn(file, argv, {
    cwd: command.directory ?? '/',
    detached: true,
    env: command.environment,
    stdio: ['ignore', output.stdout, output.stderr],
  });
  try {
    const end = await waitForEnd(child, command);
    const stdout = output.readStdout(command.stdoutBytesMax ?? outputBytesMax);
    const stderr = output.readStderr();
    const shut =
      end.kind === 'exited' && end.code === gateShutCode && stderr.includes(gateShutText);
    const durationMs = Math.round(performance.now() - begun);
    return { end: shut ? { kind: 'gate-shut' } : end, stdout, stderr, durationMs };
  } finally {
    output.close();
    if (command.cell.remove()) output.remove();
  }
}

async function waitForEnd(child: ChildProcess, command: Command): Promise<CommandEnd> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<CommandEnd>();
  const timer = setTimeout(() => stop({ kind: 'timed-out' }), command.timeoutMs);
  const cancel = (): void => stop({ kind: 'cancelled' });
  command.signal?.addEventListener('abort', cancel);
  if (command.signal?.aborted) cancel();
  const ended = new Promise<CommandEnd>((resolve) => {
    child.once('error', (error) => resolve({ kind: 'not-run', error: error.message }));
    child.once('exit', (code, signal) =>
      resolve(
        code === null ? { kind: 'signalled', signal: String(signal) } : { kind: 'exited', code },
      ),
    );
  });
  const end = await Promise.race([ended, stopped]);
  clearTimeout(timer);
  command.signal?.removeEventListener('abort', cancel);
  if ((end.kind === 'timed-out' || end.kind === 'cancelled') && child.pid !== undefined) {
    await endSession(command.cell, child.pid, command.graceMs ?? graceMsDefault);
  }
  return end;
}

/**
 * Ends the operation's own session and process group: SIGTERM, then SIGKILL. Daemons that it has
 * started have sessions of their own and stay, for the stop operation to end them properly.
 */
async function endSession(cell: Cell, session: number, graceMs: number): Promise<void> {
  const members = (): number[] =>
    cell.processes().filter((pid) => processStat(pid)?.session === session);
  for (const pid of members()) signalProcess(pid, 'SIGTERM');
  const patienceUntil = performance.now() + graceMs;
  while (members().length > 0 && performance.now() < patienceUntil) await pause(killPollMs);
  for (let i = 0; i < killPollsMax && members().length > 0; i += 1) {
    for (const pid of members()) signalProcess(pid, 'SIGKILL');
    await pause(killPollMs);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Looks after the output of what still runs in a cell: it lies in memory, so it is cut when it
 * grows. Once nothing of the cell is left its files go too.
 */
export function tidyOutput(outputDirectory: string, cell: Cell, isGone: boolean): void {
  for (const ending of outputEndings) {
    const path = join(outputDirectory, `${cell.fileName}${ending}`);
    if (isGone) rmSync(path, { force: true });
    else if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > keptBytesMax)
      truncateSync(path);
  }
}

const outputEndings = ['.out', '.err'] as const;
const keptBytesMax = 1024 * 1024;

class OutputFiles {
  readonly stdout: number;
  readonly stderr: number;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.stdout = openSync(`${path}.out`, 'ax+', 0o600);
    this.stderr = openSync(`${path}.err`, 'ax+', 0o600);
  }

  /** The beginning, for it is data. */
  readStdout(bytesMax: number): string {
    return readBytes(this.stdout, 0, bytesMax);
  }

  /** The end, for the last words tell what went wrong. */
  readStderr(): string {
    return readBytes(this.stderr, fstatSync(this.stderr).size - outputBytesMax, outputBytesMax);
  }

  close(): void {
    closeSync(this.stdout);
    closeSync(this.stderr);
  }

  remove(): void {
    rmSync(`${this.#path}.out`, { force: true });
    rmSync(`${this.#path}.err`, { force: true });
  }
}

function readBytes(file: number, from: number, bytesMax: number): string {
  const buffer = Buffer.alloc(Math.min(bytesMax, Math.max(0, fstatSync(file).size)));
  const length = readSync(file, buffer, 0, buffer.length, Math.max(0, from));
  return buffer.toString('utf8', 0, length);
}

/** The reason that an OCF agent gave for its answer. */
export function exitReason(stderr: string): string | undefined {
  return linesOf(stderr)
    .findLast((line) => line.startsWith(reasonPrefix))
    ?.slice(reasonPrefix.length);
}

/** The line that tells most: an agent's own reason, else its last error, else its last line. */
export function tellingLine(text: string): string | undefined {
  const lines = linesOf(text);
  return exitReason(text) ?? lines.findLast((line) => line.startsWith('ERROR')) ?? lines.at(-1);
}

/** The lines that say something, without control characters and of bounded length. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(controlCharacters, '').trim().slice(0, lineLengthMax))
    .filter((line) => line !== '');
}

const reasonPrefix = 'ocf-exit-reason:';
const lineLengthMax = 300;
const controlCharacters = /\p{Cc}\[[0-9;]*m|\p{Cc}/gu;
