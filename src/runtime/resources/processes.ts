import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { InstanceId } from '../../model/ids.ts';
import type { Operation, OperationResult } from '../../model/operation.ts';
import { type Cell, type Gate, gateShutCode, gateShutText } from '../gate/gate.ts';
import { describeProcess, isAlive, processStat, readText, signalProcess } from '../gate/proc.ts';
import { pause, runCommand, tellingLine } from './command.ts';
import {
  type ProcessParameters,
  type ReadyCheck,
  readProcessParameters,
} from './process-parameters.ts';
import { portProblem, urlProblem } from './ready-check.ts';
import { gateShut, ocf, result } from './result.ts';
import { lookUpUser, type RunAs, serviceCommand, servicePath } from './service-command.ts';

export interface ProcessOptions {
  readonly gate: Gate;
  /** Keeps the records of what was started, until the next boot. */
  readonly recordDirectory: string;
  readonly outputDirectory: string;
}

/** The process that an instance stands and falls with, also for the next run of the agent. */
interface ProcessRecord {
  readonly pid: number;
  readonly startTime: number;
}

const pollMs = 10;
const readyPollMs = 25;
const readyTryMs = 2_000;
const logBytesMax = 1024 * 1024;
/** Of the time that a stop may take, this share is given to the process before it is killed. */
const politeShare = 0.8;

/**
 * The class `process`: a command line that holdfast starts and supervises. It runs in its own
 * session inside its cell and outlives this process; the next run of the agent finds it by process
 * id and start time.
 */
export class Processes {
  readonly #options: ProcessOptions;

  constructor(options: ProcessOptions) {
    this.#options = options;
    mkdirSync(options.recordDirectory, { recursive: true, mode: 0o700 });
  }

  async perform(operation: Operation, signal?: AbortSignal): Promise<OperationResult> {
    const begun = performance.now();
    const [exitCode, reason, status] = await this.#answer(operation, signal);
    return result(status ?? 'done', exitCode, reason, performance.now() - begun);
  }

  /** The main process of an instance, if it runs. */
  mainProcess(instance: InstanceId): number | undefined {
    const record = this.#readRecord(instance);
    return record !== undefined && isAlive(record.pid, record.startTime) ? record.pid : undefined;
  }

  async #answer(operation: Operation, signal: AbortSignal | undefined): Promise<Answer> {
    const parameters = readProcessParameters(operation.parameters);
    switch (operation.action) {
      case 'start':
        if (typeof parameters === 'string') return [ocf.notConfigured, parameters];
        return await this.#start(operation, parameters, signal);
      case 'stop': {
        const stopSignal = typeof parameters === 'string' ? 'SIGTERM' : parameters.stopSignal;
        return await this.#stop(operation, stopSignal, signal);
      }
      case 'monitor':
        if (typeof parameters === 'string') return [ocf.notConfigured, parameters];
        return await this.#monitor(operation, parameters, signal);
      case 'validate-all':
        return typeof parameters === 'string' ? [ocf.notConfigured, parameters] : [ocf.ok, 'valid'];
      default:
        return [ocf.unimplemented, `class process has no operation ${operation.action}`];
    }
  }

  async #start(
    operation: Operation,
    parameters: ProcessParameters,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const { instance, exclusive, incarnation } = operation;
    const running = this.mainProcess(instance);
    if (running !== undefined) return [ocf.ok, `${describeProcess(running)} runs already`];
    const runAs = parameters.user === undefined ? undefined : await lookUpUser(parameters.user);
    if (typeof runAs === 'string') return [ocf.notConfigured, runAs];
    if (!isDirectory(parameters.directory)) {
      return [ocf.notConfigured, `there is no directory ${parameters.directory}`];
    }
    await this.#endLeftovers(instance);
    const { gate } = this.#options;
    const place = exclusive ? incarnation : undefined;
    const cell = gate.makeCell(place, instance, `start-${operation.id}`);
    if (cell === undefined) return [ocf.error, gateShut(incarnation).reason, 'refused'];
    const child = this.#spawn(instance, cell, parameters, runAs);
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, by) =>
        resolve(code === null ? `killed by ${by}` : `exit code ${code}`),
      );
    });
    const record = child.pid === undefined ? undefined : recordOf(child.pid);
    if (record !== undefined) this.#writeRecord(instance, record);
    child.unref();
    const until = performance.now() + operation.timeoutMs;
    const early = await this.#waitReady(
      operation,
      parameters,
      { pid: child.pid, ended },
      until,
      signal,
    );
    if (early === undefined) return [ocf.ok, `process ${child.pid} runs`];
    if (early.kind === 'ended') return this.#failedStart(cell, instance, early.how);
    const why =
      early.kind === 'aborted'
        ? 'cancelled'
        : `not ready within ${operation.timeoutMs / 1000} s: ${early.last}`;
    return [ocf.error, why, early.kind === 'aborted' ? 'cancelled' : 'timed-out'];
  }

  #failedStart(cell: Cell, instance: InstanceId, how: string): Answer {
    cell.remove();
    this.#removeRecord(instance);
    if (how === `exit code ${gateShutCode}`) return [ocf.error, 'the gate is shut', 'refused'];
    const log = tellingLine((readText(this.#logPath(instance)) ?? '').slice(-4096));
    if (how === 'exit code 0') return [ocf.error, 'ended at once; it must stay in the foreground'];
    return [ocf.error, `ended at once, ${how}${log === undefined ? '' : `: ${log}`}`];
  }

  #spawn(
    instance: InstanceId,
    cell: Cell,
    parameters: ProcessParameters,
    runAs: RunAs | undefined,
  ): ChildProcess {
    const path = this.#logPath(instance);
    rmSync(path, { force: true });
    const log = openSync(path, 'ax', 0o600);
    const [file, ...argv] = cell.enter(serviceCommand(instance, parameters.argv, runAs));
    try {
      return spawn(file, argv, {
        cwd: parameters.directory,
        detached: true,
        env: { PATH: servicePath, ...parameters.environment },
        stdio: ['ignore', log, log],
      });
    } finally {
      closeSync(log);
    }
  }

  /**
   * Waits until it is ready, or without a ready check until it has lived for a moment as itself.
   */
  async #waitReady(
    operation: Operation,
    parameters: ProcessParameters,
    child: { readonly pid: number | undefined; readonly ended: Promise<string> },
    until: number,
    signal: AbortSignal | undefined,
  ): Promise<NotReady | undefined> {
    const { ready } = parameters;
    let endedHow: string | undefined;
    const ended = child.ended.then((how) => {
      endedHow = how;
    });
    for (let last = 'not asked yet'; ; await Promise.race([ended, pause(readyPollMs)])) {
      if (!isLaunching(child.pid)) {
        if (ready === undefined) await Promise.race([ended, pause(settleMs)]);
        const problem = ready && (await this.#isReady(operation, ready, until));
        if (endedHow === undefined && problem === undefined) return undefined;
        last = problem ?? last;
      }
      if (endedHow !== undefined) return { kind: 'ended', how: endedHow };
      if (signal?.aborted) return { kind: 'aborted' };
      if (performance.now() >= until) return { kind: 'late', last };
    }
  }

  /** What is wrong, or undefined if it is ready. */
  async #isReady(
    operation: Operation,
    ready: ReadyCheck,
    until: number,
  ): Promise<string | undefined> {
    const tryMs = Math.max(1, Math.min(readyTryMs, until - performance.now()));
    if (ready.kind === 'port') return await portProblem(ready.host, ready.port, tryMs);
    if (ready.kind === 'url') return await urlProblem(ready.url, tryMs);
    const { gate, outputDirectory } = this.#options;
    const place = operation.exclusive ? operation.incarnation : undefined;
    const name = `ready-${operation.id}-${Math.round(performance.now() * 1000)}`;
    const cell = gate.makeCell(place, operation.instance, name);
    if (cell === undefined) return 'the gate is shut';
    const { end, stderr } = await runCommand({
      cell,
      argv: ready.argv,
      environment: { PATH: servicePath },
      timeoutMs: tryMs,
      outputDirectory,
    });
    if (end.kind === 'exited' && end.code === 0) return undefined;
    return tellingLine(stderr) ?? (end.kind === 'exited' ? `exit code ${end.code}` : end.kind);
  }

  async #stop(
    operation: Operation,
    stopSignal: NodeJS.Signals,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const { instance, timeoutMs } = operation;
    const main = this.mainProcess(instance);
    const until = performance.now() + timeoutMs * politeShare;
    if (main !== undefined) signalProcess(main, stopSignal);
    while (this.mainProcess(instance) !== undefined && performance.now() < until) {
      if (signal?.aborted) return [ocf.error, 'cancelled', 'cancelled'];
      await pause(pollMs);
    }
    const killed = this.mainProcess(instance) !== undefined;
    const left = await this.#endLeftovers(instance);
    if (left.length > 0)
      return [ocf.error, `cannot be killed: ${left.map(describeProcess).join(', ')}`];
    this.#removeRecord(instance);
    if (killed)
      return [ocf.ok, `stopped by SIGKILL after ${Math.round(timeoutMs * politeShare)} ms`];
    return [ocf.ok, main === undefined ? 'was not running' : 'stopped'];
  }

  async #monitor(
    operation: Operation,
    parameters: ProcessParameters,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const main = this.mainProcess(operation.instance);
    if (main === undefined) return [ocf.notRunning, 'not running'];
    this.#boundLog(operation.instance);
    const { ready } = parameters;
    if (ready === undefined || (operation.checkLevel ?? 0) === 0 || signal?.aborted) {
      return [ocf.ok, `${describeProcess(main)} runs`];
    }
    const problem = await this.#isReady(operation, ready, performance.now() + operation.timeoutMs);
    if (problem === undefined) return [ocf.ok, `${describeProcess(main)} is ready`];
    return [ocf.error, `${describeProcess(main)} runs but is not ready: ${problem}`];
  }

  /** Kills what is still in the instance's cells, and removes these. */
  async #endLeftovers(instance: InstanceId): Promise<readonly number[]> {
    const cells = this.#options.gate
      .cellsOf(instance)
      .filter(({ name }) => name.startsWith('start-'));
    for (let i = 0; i < 100; i += 1) {
      const remaining = cells.filter((cell) => !cell.remove());
      if (remaining.length === 0) return [];
      for (const cell of remaining) cell.kill();
      await pause(pollMs);
    }
    return cells.flatMap((cell) => cell.processes());
  }

  #recordPath(instance: InstanceId): string {
    return join(this.#options.recordDirectory, `${instance}.process`);
  }

  #logPath(instance: InstanceId): string {
    return join(this.#options.outputDirectory, `${instance}.log`);
  }

  /** The log is for the last words of a start; it lies in memory, so it is cut when it grows. */
  #boundLog(instance: InstanceId): void {
    const path = this.#logPath(instance);
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > logBytesMax) truncateSync(path);
  }

  #readRecord(instance: InstanceId): ProcessRecord | undefined {
    const [pid, startTime] = (readText(this.#recordPath(instance)) ?? '').split(' ').map(Number);
    return pid === undefined || startTime === undefined ? undefined : { pid, startTime };
  }

  #writeRecord(instance: InstanceId, { pid, startTime }: ProcessRecord): void {
    writeFileSync(this.#recordPath(instance), `${pid} ${startTime}\n`, { mode: 0o600 });
  }

  #removeRecord(instance: InstanceId): void {
    rmSync(this.#recordPath(instance), { force: true });
  }
}

/** Whether it is still the command that enters the cell, which is about to become the program. */
function isLaunching(pid: number | undefined): boolean {
  return readText(`/proc/${pid}/cmdline`)?.includes(gateShutText) ?? false;
}

function recordOf(pid: number): ProcessRecord | undefined {
  const startTime = processStat(pid)?.startTime;
  return startTime === undefined ? undefined : { pid, startTime };
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

type Answer = readonly [exitCode: number, reason: string, status?: OperationResult['status']];

type NotReady =
  | { readonly kind: 'ended'; readonly how: string }
  | { readonly kind: 'late'; readonly last: string }
  | { readonly kind: 'aborted' };

/** A process without a ready check that lives this long has started. */
const settleMs = 50;
