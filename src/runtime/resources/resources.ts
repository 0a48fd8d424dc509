import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unreachable } from '../../base/assert.ts';
import type { AgentSpec } from '../../model/agent-spec.ts';
import type { InstanceId } from '../../model/ids.ts';
import type { Operation, OperationResult } from '../../model/operation.ts';
import type { Gate } from '../gate/gate.ts';
import { readText } from '../gate/proc.ts';
import { AddressAgent, type HeartAddresses } from './address-agent.ts';
import type { Devices } from './address-parameters.ts';
import { builtInMetadata } from './built-in-metadata.ts';
import { pause, tidyOutput } from './command.ts';
import type { AgentPlaces } from './find-agents.ts';
import { type LifeEvent, LifeWatch } from './life-watch.ts';
import { LsbAgents } from './lsb.ts';
import { OcfAgents } from './ocf.ts';
import type { AgentMetadata } from './ocf-metadata.ts';
import { Processes } from './processes.ts';
import { ocf, result } from './result.ts';
import { SystemdUnits } from './systemd.ts';

/** Something happened to what runs on this node that nobody asked for. */
export type ResourceEvent =
  | LifeEvent
  /** The floating IP was taken away. */
  | { readonly kind: 'address-gone'; readonly instance: InstanceId; readonly detail: string }
  /** It was taken away and is there again. */
  | { readonly kind: 'address-mended'; readonly instance: InstanceId; readonly detail: string };

export interface ResourcesOptions {
  readonly gate: Gate;
  /** `/run/holdfast`: in memory, cleared at boot. */
  readonly runDirectory: string;
  readonly node: string;
  readonly heart: HeartAddresses;
  readonly onEvent: (event: ResourceEvent) => void;
  readonly places?: AgentPlaces;
  /** Directory of stand-ins for Pacemaker's commands, in front of the agents' PATH. */
  readonly commandDirectory?: string;
  /** Put before each command of the network, for tests in a network namespace. */
  readonly networkCommand?: readonly string[];
  readonly devices?: () => Devices;
}

/** Carries out operations on what runs on this node, and tells what happens to it. */
export class Resources {
  readonly #gate: Gate;
  readonly #outputDirectory: string;
  readonly #ocf: OcfAgents;
  readonly #lsb: LsbAgents;
  readonly #processes: Processes;
  readonly #addresses: AddressAgent;
  readonly #systemd: SystemdUnits;
  readonly #life: LifeWatch;
  readonly #underWay = new Map<number, AbortController>();

  constructor(options: ResourcesOptions) {
    const { gate, runDirectory, node, places, onEvent } = options;
    const outputDirectory = join(runDirectory, 'output');
    mkdirSync(outputDirectory, { recursive: true, mode: 0o700 });
    const found = places === undefined ? {} : { places };
    const commands =
      options.commandDirectory === undefined ? {} : { commandDirectory: options.commandDirectory };
    this.#gate = gate;
    this.#outputDirectory = outputDirectory;
    removeStaleOutput(outputDirectory, gate);
    this.#ocf = new OcfAgents({ gate, outputDirectory, node, ...found, ...commands });
    this.#lsb = new LsbAgents({ gate, outputDirectory, ...found });
    const recordDirectory = join(runDirectory, 'resources');
    this.#processes = new Processes({ gate, recordDirectory, outputDirectory });
    this.#addresses = new AddressAgent({
      heart: options.heart,
      onGone: (instance, detail) => onEvent({ kind: 'address-gone', instance, detail }),
      onMended: (instance, detail) => onEvent({ kind: 'address-mended', instance, detail }),
      ...(options.networkCommand === undefined ? {} : { prefixCommand: options.networkCommand }),
      ...(options.devices === undefined ? {} : { devices: options.devices }),
    });
    this.#systemd = new SystemdUnits({
      gate,
      onExited: (instance, detail) => onEvent({ kind: 'exited', instance, detail }),
      ...found,
    });
    this.#life = new LifeWatch(onEvent);
  }

  /** Begins an operation; `done` is called once, later. One at a time for each instance. */
  perform(operation: Operation, done: (result: OperationResult) => void): void {
    const abort = new AbortController();
    this.#underWay.set(operation.id, abort);
    this.#perform(operation, abort.signal)
      .catch((error: unknown) => result('done', ocf.error, `cannot be run: ${words(error)}`))
      .then((answer) => {
        this.#underWay.delete(operation.id);
        done(answer);
      });
  }

  /** Ends an operation that is under way; its `done` is still called. */
  cancel(id: number): void {
    this.#underWay.get(id)?.abort();
  }

  /**
   * Begins to tell when what runs of an instance ends. Happens by itself after a start or monitor
   * that went well.
   */
  watch(operation: Operation): void {
    const { instance, agent } = operation;
    if (agent.kind === 'address' || agent.kind === 'systemd') return;
    const cells = this.#gate.cellsOf(instance).filter((cell) => cell.name.startsWith('start-'));
    this.#life.watch(instance, cells, this.#mainProcess(operation));
  }

  unwatch(instance: InstanceId): void {
    this.#life.unwatch(instance);
  }

  /** Instances of which something runs, also from an earlier run of the agent. */
  running(): readonly InstanceId[] {
    return this.#gate
      .instances()
      .filter((instance) =>
        this.#gate.cellsOf(instance).some((cell) => cell.processes().length > 0),
      );
  }

  /** Parameters and advice of an agent, or why they cannot be known. */
  async metadata(agent: AgentSpec): Promise<AgentMetadata | OperationResult> {
    return agent.kind === 'ocf'
      ? await this.#ocf.metadata(agent)
      : (builtInMetadata(agent) ?? result('done', ocf.error, 'unknown agent'));
  }

  /**
   * Control groups outside the gate that the heart must kill to put an instance down: those of
   * systemd units. To be sent to the heart before the first operation on the instance.
   */
  async controlGroups(agent: AgentSpec): Promise<readonly string[]> {
    return agent.kind === 'systemd' ? await this.#systemd.controlGroups(agent.unit) : [];
  }

  /**
   * To be called when the gate of an incarnation has opened, with the exclusive units that this
   * node may come to run.
   */
  async prepareUnits(units: readonly string[], incarnation: number): Promise<void> {
    await this.#systemd.prepare(units, incarnation);
  }

  close(): void {
    for (const abort of this.#underWay.values()) abort.abort();
    this.#life.close();
    this.#addresses.close();
    this.#systemd.close();
  }

  async #perform(operation: Operation, signal: AbortSignal): Promise<OperationResult> {
    const { action, instance } = operation;
    if (action === 'stop') this.#life.unwatch(instance);
    const answer = await this.#dispatch(operation, signal);
    const { exitCode, status } = answer;
    const works = status === 'done' && (exitCode === ocf.ok || exitCode === ocf.promoted);
    if (action === 'stop' && works) return await this.#endLeftovers(operation, answer);
    const watches = action === 'start' || (action === 'monitor' && !this.#life.isWatched(instance));
    if (works && watches) this.watch(operation);
    if (action === 'monitor') this.#tidy(instance);
    return answer;
  }

  #dispatch(operation: Operation, signal: AbortSignal): Promise<OperationResult> {
    const { agent } = operation;
    switch (agent.kind) {
      case 'ocf':
        return this.#ocf.perform(operation, agent, signal);
      case 'lsb':
        return this.#lsb.perform(operation, agent.script, signal);
      case 'process':
        return this.#processes.perform(operation, signal);
      case 'address':
        return this.#addresses.perform(operation, signal);
      case 'systemd':
        return this.#systemd.perform(operation, agent.unit, signal);
      default:
        return unreachable(agent);
    }
  }

  /**
   * What an agent left running after a stop that it calls good would run beside its successor
   * elsewhere: it ends.
   */
  async #endLeftovers(operation: Operation, answer: OperationResult): Promise<OperationResult> {
    const cells = this.#gate.cellsOf(operation.instance);
    const filled = cells.filter((cell) => !cell.remove());
    for (const cell of filled) cell.kill();
    const until = performance.now() + leftoverMs;
    while (filled.some((cell) => !cell.remove())) {
      if (performance.now() > until) {
        return {
          ...answer,
          exitCode: ocf.error,
          reason: 'processes are left that cannot be killed',
        };
      }
      await pause(leftoverPollMs);
    }
    for (const cell of cells) tidyOutput(this.#outputDirectory, cell, true);
    return answer;
  }

  #tidy(instance: InstanceId): void {
    for (const cell of this.#gate.cellsOf(instance)) {
      tidyOutput(this.#outputDirectory, cell, false);
    }
  }

  #mainProcess({ instance, agent, parameters }: Operation): number | undefined {
    if (agent.kind === 'process') return this.#processes.mainProcess(instance);
    const file = parameters.pidfile ?? parameters.pid_file ?? parameters.pid;
    const text = file?.startsWith('/') ? readText(file)?.trim() : undefined;
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  }
}

const leftoverMs = 1_000;
const leftoverPollMs = 10;

/** Output of an earlier run of this agent, of cells that are gone. */
function removeStaleOutput(outputDirectory: string, gate: Gate): void {
  const cells = gate.instances().flatMap((instance) => gate.cellsOf(instance));
  const kept = new Set(cells.map((cell) => cell.fileName));
  for (const name of readdirSync(outputDirectory)) {
    const cell = /^(.*)\.(?:out|err)$/.exec(name)?.[1];
    if (cell !== undefined && !kept.has(cell)) rmSync(join(outputDirectory, name), { force: true });
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
