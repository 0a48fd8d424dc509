import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstanceId } from '../../model/ids.ts';
import type { Operation, OperationResult } from '../../model/operation.ts';
import {
  findUnifiedMount,
  isPopulated,
  killGroup,
  processesBelow,
  writeControl,
} from '../gate/control-group.ts';
import type { Gate } from '../gate/gate.ts';
import { describeProcess } from '../gate/proc.ts';
import { pause } from './command.ts';
import { type AgentPlaces, agentPlaces, findUnits, nearestName } from './find-agents.ts';
import { ocf, result } from './result.ts';
import { type BusSocket, SystemdBus, type UnitState } from './systemd-bus.ts';

export interface SystemdOptions {
  readonly gate: Gate;
  readonly onExited: (instance: InstanceId, detail: string) => void;
  readonly places?: AgentPlaces;
  /** Ways to systemd, the best first. */
  readonly sockets?: readonly BusSocket[];
  /** Where units of this boot get their additions. */
  readonly unitDirectory?: string;
  /** Where the second version of control groups is mounted. */
  readonly groupMount?: string;
}

interface Followed {
  readonly instance: InstanceId;
  readonly unit: string;
}

const dropInName = '50-holdfast.conf';
const leftoverMs = 2_000;
const pollMs = 20;

/** The class `systemd`: units that systemd runs and holdfast decides about. */
export class SystemdUnits {
  readonly #options: SystemdOptions;
  readonly #bus: SystemdBus;
  readonly #unitDirectory: string;
  readonly #groupMount: string | undefined;
  /** What should run, by the unit's object path. */
  readonly #followed = new Map<string, Followed>();
  #reloading: Promise<void> | undefined;

  constructor(options: SystemdOptions) {
    this.#options = options;
    this.#unitDirectory = options.unitDirectory ?? '/run/systemd/system';
    this.#groupMount = options.groupMount ?? findUnifiedMount();
    const events = {
      onUnit: (path: string) => void this.#look(path),
      onConnected: () => {
        for (const path of this.#followed.keys()) void this.#look(path);
      },
    };
    this.#bus = new SystemdBus(events, options.sockets);
  }

  async perform(
    operation: Operation,
    name: string,
    signal?: AbortSignal,
  ): Promise<OperationResult> {
    const begun = performance.now();
    const [exitCode, reason, status] = await this.#answer(operation, unitName(name), signal);
    return result(status ?? 'done', exitCode, reason, performance.now() - begun);
  }

  /**
   * Ties units to the gate of an incarnation before they are started, so that no start has to wait
   * until systemd has read its files again (0.1 s and more). Say so when a gate has opened, with
   * all exclusive units that may come.
   */
  async prepare(names: readonly string[], incarnation: number): Promise<void> {
    const written = names.map((name) => this.#writeDropIn(unitName(name), incarnation));
    if (written.includes(true)) await this.#reload();
  }

  /**
   * The control groups that the heart must kill to put a unit down, as directories. Known before
   * the unit runs.
   */
  async controlGroups(name: string): Promise<readonly string[]> {
    const state = await this.#bus.unitState(await this.#bus.loadUnit(unitName(name)));
    const group = this.#groupOf(unitName(name), state);
    return group === undefined ? [] : [group];
  }

  close(): void {
    this.#bus.close();
  }

  async #answer(
    operation: Operation,
    unit: string,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    if (!existsSync(this.#unitDirectory)) {
      return [ocf.notInstalled, 'systemd does not run on this host', 'refused'];
    }
    try {
      const path = await this.#bus.loadUnit(unit);
      switch (operation.action) {
        case 'start':
          return await this.#start(operation, unit, path, signal);
        case 'stop':
          return await this.#stop(operation, unit, path, signal);
        case 'monitor':
          return await this.#monitor(operation, unit, path);
        case 'validate-all':
          return this.#unusable(unit, await this.#bus.unitState(path)) ?? [ocf.ok, 'valid'];
        default:
          return [ocf.unimplemented, `class systemd has no operation ${operation.action}`];
      }
    } catch (error) {
      return [ocf.error, `systemd: ${error instanceof Error ? error.message : String(error)}`];
    }
  }

  async #start(
    operation: Operation,
    unit: string,
    path: string,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const before = await this.#bus.unitState(path);
    const unusable = this.#unusable(unit, before);
    if (unusable !== undefined) return unusable;
    const incarnation = operation.exclusive ? operation.incarnation : undefined;
    const written = this.#writeDropIn(unit, incarnation);
    if (written || before.needsReload) await this.#reload();
    if (before.activeState !== 'active') {
      const problem = await this.#endLeftovers(unit, before);
      if (problem !== undefined) return [ocf.error, problem];
    }
    const end = await this.#bus.runJob('StartUnit', unit, operation.timeoutMs, signal);
    const state = await this.#bus.unitState(path);
    if (end === 'timed-out' || end === 'cancelled') return givenUp(end, operation, state);
    if (end === 'assert') {
      return [ocf.error, `the gate of incarnation ${operation.incarnation} is shut`, 'refused'];
    }
    if (state.activeState !== 'active') return [ocf.error, failureOf(unit, end, state)];
    await this.#follow(path, operation.instance, unit);
    return [ocf.ok, `${unit} is active`];
  }

  async #stop(
    operation: Operation,
    unit: string,
    path: string,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    this.#followed.delete(path);
    await this.#bus.unfollow(path);
    const before = await this.#bus.unitState(path);
    if (before.loadState === 'not-found') return [ocf.ok, `there is no unit ${unit}`];
    const end = await this.#bus.runJob('StopUnit', unit, operation.timeoutMs, signal);
    const state = await this.#bus.unitState(path);
    if (end === 'timed-out' || end === 'cancelled') return givenUp(end, operation, state);
    const problem = await this.#endLeftovers(unit, before);
    if (problem !== undefined) return [ocf.error, problem];
    if (state.activeState === 'failed') await this.#bus.resetFailed(unit);
    const down = state.activeState === 'inactive' || state.activeState === 'failed';
    return down ? [ocf.ok, `${unit} is stopped`] : [ocf.error, failureOf(unit, end, state)];
  }

  async #monitor(operation: Operation, unit: string, path: string): Promise<Answer> {
    const state = await this.#bus.unitState(path);
    switch (state.activeState) {
      case 'active':
      case 'reloading':
        await this.#follow(path, operation.instance, unit);
        return [ocf.ok, `${unit} is active (${state.subState})`];
      case 'activating':
      case 'deactivating':
      case 'maintenance':
        return [ocf.error, `${unit} is ${state.activeState} (${state.subState})`];
      default: {
        const group = this.#groupOf(unit, state);
        const left = group === undefined ? [] : processesBelow(group);
        if (left.length === 0) return [ocf.notRunning, `${unit} is ${state.activeState}`];
        const names = left.slice(0, 3).map(describeProcess).join(', ');
        return [ocf.error, `${unit} is ${state.activeState}, but its processes are left: ${names}`];
      }
    }
  }

  #unusable(unit: string, { loadState }: UnitState): Answer | undefined {
    if (loadState === 'not-found') {
      const known = findUnits(this.#options.places ?? agentPlaces);
      const near = nearestName(unit.replace(/\.service$/, ''), known);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      return [ocf.notInstalled, `there is no unit ${unit}${hint}`, 'not-installed'];
    }
    if (loadState === 'loaded') return undefined;
    return [ocf.notConfigured, `${unit} cannot be started: its load state is ${loadState}`];
  }

  async #follow(path: string, instance: InstanceId, unit: string): Promise<void> {
    this.#followed.set(path, { instance, unit });
    await this.#bus.follow(path);
    await this.#look(path); // It may have ended before it was followed.
  }

  /** Tells once if a unit that should run does not. */
  async #look(path: string): Promise<void> {
    const followed = this.#followed.get(path);
    if (followed === undefined) return;
    let state: UnitState;
    try {
      state = await this.#bus.unitState(path);
    } catch {
      return; // No connection: the next one looks again.
    }
    if (state.activeState === 'active' || state.activeState === 'reloading') return;
    if (this.#followed.get(path) !== followed) return;
    this.#followed.delete(path);
    this.#options.onExited(followed.instance, failureOf(followed.unit, 'ended', state));
  }

  /**
   * An addition to the unit for this boot: it starts only while the gate is open, so a start that
   * is late fails, and it is never restarted by systemd itself. At shutdown it is stopped after
   * holdfast, which stops it in its own order first.
   * @returns whether anything changed
   */
  #writeDropIn(unit: string, incarnation: number | undefined): boolean {
    const open =
      incarnation === undefined ? undefined : this.#options.gate.pathWhileOpen(incarnation);
    const text = [
      '# Written by holdfast, which decides where this unit runs.',
      '[Unit]',
      'Before=holdfast.service',
      'StartLimitIntervalSec=0',
      ...(open === undefined ? [] : [`AssertPathExists=${open}`]),
      '[Service]',
      'Restart=no',
      '',
    ].join('\n');
    const directory = join(this.#unitDirectory, `${unit}.d`);
    const path = join(directory, dropInName);
    if (existsSync(path) && readFileSync(path, 'utf8') === text) return false;
    mkdirSync(directory, { recursive: true });
    writeFileSync(path, text);
    return true;
  }

  /** Takes the addition back: the unit is the administrator's again. */
  async release(name: string): Promise<void> {
    const path = join(this.#unitDirectory, `${unitName(name)}.d`, dropInName);
    if (!existsSync(path)) return;
    rmSync(path);
    await this.#reload();
  }

  /** Several starts at a time share one reload that begins after all of them have written. */
  #reload(): Promise<void> {
    this.#reloading ??= pause(0)
      .then(() => {
        this.#reloading = undefined;
        return this.#bus.reload();
      })
      .finally(() => {});
    return this.#reloading;
  }

  /**
   * Kills what is left in a unit's control group, and lets it run again if the heart had frozen it.
   */
  async #endLeftovers(unit: string, state: UnitState): Promise<string | undefined> {
    const group = this.#groupOf(unit, state);
    if (group === undefined) return undefined;
    const until = performance.now() + leftoverMs;
    while (isPopulated(group)) {
      if (performance.now() > until) {
        return `cannot be killed: ${processesBelow(group).map(describeProcess).join(', ')}`;
      }
      killGroup(group);
      await pause(pollMs);
    }
    writeControl(group, 'cgroup.freeze', '0');
    return undefined;
  }

  #groupOf(unit: string, { controlGroup, slice }: UnitState): string | undefined {
    if (this.#groupMount === undefined) return undefined;
    const path = controlGroup === '' ? join(slicePath(slice), unit) : controlGroup;
    return join(this.#groupMount, path);
  }
}

type Answer = readonly [exitCode: number, reason: string, status?: OperationResult['status']];

/** The full name: `nginx` is `nginx.service`. */
export function unitName(name: string): string {
  return /\.(service|socket|mount|timer|target|path|swap|scope|device|automount|slice)$/.test(name)
    ? name
    : `${name}.service`;
}

/** The control group of a slice: `a-b.slice` lies in `a.slice` (systemd.slice(5)). */
export function slicePath(slice: string): string {
  if (slice === '' || slice === '-.slice') return '/';
  const parts = slice.replace(/\.slice$/, '').split('-');
  return `/${parts.map((_, i) => `${parts.slice(0, i + 1).join('-')}.slice`).join('/')}`;
}

function givenUp(end: 'timed-out' | 'cancelled', operation: Operation, state: UnitState): Answer {
  if (end === 'cancelled') return [ocf.error, 'cancelled', 'cancelled'];
  const at = `${state.activeState} (${state.subState})`;
  return [
    ocf.error,
    `no end within ${operation.timeoutMs / 1000} s; the unit is ${at}`,
    'timed-out',
  ];
}

function failureOf(unit: string, end: string, state: UnitState): string {
  const why = state.result === '' || state.result === 'success' ? end : state.result;
  const status = state.exitStatus === 0 ? '' : `, status ${state.exitStatus}`;
  return `${unit} is ${state.activeState}: ${why}${status}`;
}
