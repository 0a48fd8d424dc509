import { expect } from 'vitest';
import type { ApiRequest, ApiResponse, StatusReport } from '../../../src/api/requests.ts';
import type { ResourceConfig } from '../../../src/model/config.ts';
import { instanceId } from '../../../src/model/ids.ts';
import { CalmChecker } from '../../../src/sim/checkers/calm-checker.ts';
import { LogChecker } from '../../../src/sim/checkers/log-checker.ts';
import { missing } from '../../../src/sim/checkers/recovery-checker.ts';
import { TakeoverChecker } from '../../../src/sim/checkers/takeover-checker.ts';
import { Faults } from '../../../src/sim/faults.ts';
import type { Host } from '../../../src/sim/host.ts';
import { realMachines } from '../../../src/sim/real-machines.ts';
import {
  createdCluster,
  frontGroup,
  hostNames,
  primitive,
  sampleConfig,
} from '../../../src/sim/sample-cluster.ts';
import { Simulation } from '../../../src/sim/simulation.ts';

export interface ClusterShape {
  readonly seed?: number;
  readonly nodes?: number;
  readonly driftMax?: number;
  readonly resources?: readonly ResourceConfig[];
  /** Gets the story, while a scenario is being understood. */
  readonly trace?: (line: string) => void;
}

/** A cluster for a scenario: the machines of the product, all checkers, and what a scenario asks for. */
export class Cluster {
  readonly simulation: Simulation;
  readonly faults: Faults;
  readonly takeover: TakeoverChecker;
  readonly #calm: CalmChecker;

  constructor({ seed = 1, nodes = 5, driftMax = 0.0001, resources, trace }: ClusterShape = {}) {
    const names = hostNames.slice(0, nodes);
    const voters = names.slice(0, nodes % 2 === 1 ? nodes : nodes - 1);
    const config = sampleConfig(resources ?? [frontGroup(), primitive('db', { kind: 'process' })]);
    this.takeover = new TakeoverChecker();
    this.#calm = new CalmChecker(names);
    const log = new LogChecker(names, (entry) => {
      this.takeover.onCommit(entry);
      this.#calm.onCommit(entry);
    });
    this.simulation = new Simulation({
      seed,
      nodes,
      machines: realMachines,
      image: createdCluster(names, voters, config),
      observers: [log, this.takeover, this.#calm],
      driftMax,
      trace,
      freeze: true,
    });
    this.takeover.watch(this.simulation);
    this.faults = new Faults(this.simulation);
  }

  /** Powers all hosts on and waits until everything runs; then long enough that every voter may promise (R8). */
  start(): this {
    this.simulation.powerOnAll();
    this.untilWhole(10_000);
    this.run(6000);
    return this;
  }

  run(ms: number): void {
    this.simulation.runFor(ms);
    expect(this.simulation.failure).toBeUndefined();
  }

  /** Waits until every node is a member, everything runs and nothing is left to do. Returns how long that took. */
  untilWhole(withinMs: number): number {
    const began = this.simulation.now;
    let lacks: string | undefined;
    const isWhole = this.simulation.waitFor(
      withinMs,
      () => {
        lacks = missing(this.simulation, this.reports());
        return lacks === undefined;
      },
      100,
    );
    expect(this.simulation.failure).toBeUndefined();
    expect(isWhole ? undefined : lacks).toBeUndefined();
    return this.simulation.now - began;
  }

  /** Waits until all of these are active somewhere. Returns how long that took. */
  untilActive(instances: readonly string[], withinMs: number): number {
    const began = this.simulation.now;
    const isActive = this.simulation.waitFor(
      withinMs,
      () => instances.every((name) => this.ownersOf(name).length > 0),
      1,
    );
    expect(this.simulation.failure).toBeUndefined();
    expect(isActive, `${instances.join(', ')} active within ${withinMs} ms`).toBe(true);
    return this.simulation.now - began;
  }

  /** Nothing may start, stop or be lost while this runs. */
  calmly(action: () => void): void {
    this.#calm.arm(true);
    action();
    this.#calm.arm(false);
    expect(this.simulation.failure).toBeUndefined();
  }

  reports(): (StatusReport | undefined)[] {
    return this.simulation.hosts.map((_host, index) => this.status(index));
  }

  status(host: number): StatusReport | undefined {
    const response = this.ask(host, { kind: 'status' });
    return response?.kind === 'status' ? response.status : undefined;
  }

  /** The answer, if it comes within the same moment. */
  ask(host: number, request: ApiRequest): ApiResponse | undefined {
    let answer: ApiResponse | undefined;
    this.simulation.request(host, request, (response) => {
      answer = response;
    });
    return answer;
  }

  /** The answer that comes within a while. */
  askAndWait(host: number, request: ApiRequest, withinMs: number): ApiResponse | undefined {
    let answer: ApiResponse | undefined;
    this.simulation.request(host, request, (response) => {
      answer = response;
    });
    this.simulation.waitFor(withinMs, () => answer !== undefined, 1);
    return answer;
  }

  leader(): Host {
    for (const [index, report] of this.reports().entries()) {
      if (report?.raft.role === 'leader' && report.raft.quorate) return this.host(index);
    }
    throw new Error('no leader');
  }

  ownersOf(instance: string): number[] {
    return this.simulation.world.activeOn(instanceId(instance));
  }

  ownerOf(instance: string): Host {
    const [owner] = this.ownersOf(instance);
    if (owner === undefined) throw new Error(`${instance} is active nowhere`);
    return this.host(owner);
  }

  host(index: number): Host {
    return this.simulation.host(index);
  }

  /** A host that is none of these. */
  otherThan(...hosts: readonly Host[]): Host {
    const other = this.simulation.hosts.find((host) => !hosts.includes(host));
    if (other === undefined) throw new Error('no other host');
    return other;
  }

  /** Double owners that the stated limit (a frozen host or heart) explains. */
  limits(): readonly string[] {
    return this.simulation.world.judge.doubles.map((double) => `${double.instance} ${double.kind}`);
  }
}

/** What the scenarios' clusters run. */
export const services: readonly string[] = ['vip', 'web', 'db'];
