import type { StatusReport } from '../api/requests.ts';
import type { ClusterConfig } from '../model/config.ts';
import { CalmChecker } from './checkers/calm-checker.ts';
import { LogChecker } from './checkers/log-checker.ts';
import { exclusiveInstances, missing } from './checkers/recovery-checker.ts';
import { TakeoverChecker } from './checkers/takeover-checker.ts';
import { drawPlan, type FaultPlan, type PlanWishes, type Profile, Storm } from './fault-plan.ts';
import type { Machines } from './machines.ts';
import { type Failure, Violation } from './observer.ts';
import { between, forkPrng } from './random-streams.ts';
import { createdCluster, drawResources, hostNames, sampleConfig } from './sample-cluster.ts';
import { Simulation } from './simulation.ts';
import { Workload } from './workload.ts';

/** The whole cluster must stand so long after its first start, in ms. */
const START_LIMIT_MS = 10_000;
/** Longer than Dmax + m. */
const SETTLE_MS = 10_000;
/** After everything is healed the cluster is whole again within this, in ms. */
const RECOVERY_LIMIT_MS = 90_000;
/** A lost node's services answer again within this, in ms: D + S + m, and what election, commit and start may take. */
export const TAKEOVER_LIMIT_MS = 2500;

export interface RunOptions extends PlanWishes {
  readonly seed: number;
  /** 3 to 7; undefined: the seed draws. */
  readonly nodes: number | undefined;
  readonly machines: Machines;
  readonly trace: ((line: string) => void) | undefined;
  readonly freeze: boolean;
}

export interface RunResult {
  readonly seed: number;
  readonly nodes: number;
  readonly profile: Profile;
  readonly failure: Failure | undefined;
  readonly virtualMs: number;
  readonly hash: number;
  readonly events: number;
  /** Double owners that a frozen host or heart explains: the stated limit. */
  readonly limits: number;
  readonly losses: number;
  readonly takeovers: number;
  readonly commands: number;
  readonly acknowledged: number;
  /** How long services of lost nodes were away, in ms (profile loss). */
  readonly takeoverMs: readonly number[];
}

/** One run: start, faults as the seed draws them (safety), then all is healed and must come back (liveness). */
export function runSeed(options: RunOptions): RunResult {
  return new Run(options).result();
}

class Run {
  readonly #options: RunOptions;
  readonly #plan: FaultPlan;
  readonly #config: ClusterConfig;
  readonly #simulation: Simulation;
  readonly #log: LogChecker;
  readonly #takeover: TakeoverChecker;
  readonly #calm: CalmChecker;
  readonly #workload: Workload;
  readonly #takeoverMs: number[] = [];

  constructor(options: RunOptions) {
    const { seed } = options;
    const prng = forkPrng(seed, 'cluster');
    const size = options.nodes ?? prng.pick([3, 3, 4, 5, 5, 5, 6, 7]);
    const names = hostNames.slice(0, size);
    const voters = names.slice(0, size % 2 === 1 ? size : size - 1);
    this.#options = options;
    this.#plan = drawPlan(seed, options);
    this.#config = sampleConfig(drawResources(prng));
    this.#takeover = new TakeoverChecker();
    this.#calm = new CalmChecker(names);
    this.#log = new LogChecker(names, (entry) => {
      this.#takeover.onCommit(entry);
      this.#calm.onCommit(entry);
    });
    this.#simulation = new Simulation({
      seed,
      nodes: size,
      machines: options.machines,
      image: createdCluster(names, voters, this.#config),
      observers: [this.#log, this.#takeover, this.#calm],
      driftMax: this.#plan.driftMax,
      trace: options.trace,
      freeze: options.freeze,
    });
    this.#takeover.watch(this.#simulation);
    const writesEveryMs = between(forkPrng(seed, 'load'), 1000, 15_000);
    this.#workload = new Workload(this.#simulation, writesEveryMs);
  }

  result(): RunResult {
    const simulation = this.#simulation;
    this.#drive();
    return {
      seed: this.#options.seed,
      nodes: simulation.hosts.length,
      profile: this.#plan.profile,
      failure: simulation.failure,
      virtualMs: simulation.now,
      hash: simulation.queue.hash,
      events: simulation.queue.fired,
      limits: simulation.world.judge.doubles.filter((double) => double.kind === 'limit').length,
      losses: this.#takeover.losses,
      takeovers: this.#takeover.takeovers,
      commands: this.#log.last,
      acknowledged: this.#workload.acknowledged.length,
      takeoverMs: this.#takeoverMs,
    };
  }

  #drive(): void {
    const simulation = this.#simulation;
    const { kinds, profile } = this.#plan;
    simulation.note(`profile ${profile}: ${kinds.map((kind) => kind.name).join(', ')}`);
    simulation.powerOnAll();
    if (!this.#awaitWhole('start', START_LIMIT_MS, 'started')) return;
    const storm = new Storm(simulation, this.#plan);
    if (profile === 'storm') this.#workload.begin();
    this.#calm.arm(profile === 'calm');
    // R8: hearts that have just started promise nothing, so nobody can be lost yet.
    if (profile === 'loss' && !simulation.runFor(SETTLE_MS)) return;
    storm.begin();
    if (profile === 'loss') this.#watchServices(between(forkPrng(simulation.seed, 'end'), 60, 200));
    else simulation.runFor(between(forkPrng(simulation.seed, 'end'), 20_000, 100_000));
    this.#calm.arm(false);
    this.#workload.end();
    storm.heal();
    if (!this.#awaitWhole('recovery', RECOVERY_LIMIT_MS, 'healed')) return;
    this.#checkLog();
  }

  #checkLog(): void {
    this.#judged(() => {
      this.#reports().forEach((report, host) => {
        const { image } = this.#simulation.host(host).disk;
        this.#log.settle(host, image, report?.raft.commitIndex ?? 0);
      });
      this.#log.checkAcknowledged(this.#workload.acknowledged);
      return undefined;
    });
  }

  /** What a check says, which may find a violation. */
  #judged(check: () => string | undefined): string | undefined {
    try {
      return check();
    } catch (error) {
      const simulation = this.#simulation;
      if (error instanceof Violation) simulation.fail(error.kind, error.rule, error.message);
      else
        simulation.fail('crash', 'assert', error instanceof Error ? `${error.stack}` : `${error}`);
      return 'something else';
    }
  }

  /** Until the cluster is whole: everybody a member, everything runs, nothing left to do. */
  #awaitWhole(rule: string, limitMs: number, since: string): boolean {
    const simulation = this.#simulation;
    const began = simulation.now;
    let lacks: string | undefined = 'nothing was looked at';
    let cleanAt = began + 5000;
    while (simulation.now < began + limitMs) {
      if (!simulation.runFor(250)) return false;
      lacks = this.#judged(() => missing(simulation, this.#reports()));
      if (lacks === undefined) return true;
      simulation.trace(0, () => `still missing: ${lacks}`);
      if (simulation.now < cleanAt) continue;
      cleanAt = simulation.now + 5000;
      this.#tidy();
    }
    const seconds = limitMs / 1000;
    simulation.fail('liveness', rule, `${seconds} s after the cluster was ${since}: ${lacks}`);
    return false;
  }

  /** What an operator does after trouble: nodes online again, failures forgotten. */
  #tidy(): void {
    const simulation = this.#simulation;
    const by = 'operator';
    for (const host of simulation.hosts) host.powerOn(); // One that was asked to leave may be gone since.
    for (let host = 0; host < simulation.hosts.length; host += 1) {
      simulation.request(host, { kind: 'config' }, (response) => {
        if (response.kind !== 'config' || Object.keys(response.config.nodes).length === 0) return;
        const config = { ...response.config, nodes: {} };
        const { version: ifVersion } = response;
        const what = 'all online';
        simulation.queue.after(1, () => {
          simulation.request(
            host,
            { kind: 'configure', config, source: by, ifVersion, by, what, dryRun: false },
            () => {},
          );
        });
      });
      const cleanup = { kind: 'cleanup', resource: undefined, node: undefined, by } as const;
      simulation.queue.after(100, () => simulation.request(host, cleanup, () => {}));
    }
  }

  #reports(): (StatusReport | undefined)[] {
    const simulation = this.#simulation;
    return simulation.hosts.map((_host, index) => {
      let report: StatusReport | undefined;
      simulation.request(index, { kind: 'status' }, (response) => {
        if (response.kind === 'status') report = response.status;
      });
      return report;
    });
  }

  /** P4: after each loss every service is active again within the limit, seen by the world. */
  #watchServices(seconds: number): void {
    const simulation = this.#simulation;
    const instances = this.#config.resources.flatMap(exclusiveInstances);
    let awaySince: number | undefined;
    for (const end = simulation.now + seconds * 1000; simulation.now < end; ) {
      if (!simulation.runFor(5)) return;
      const away = instances.filter((id) => simulation.world.activeOn(id).length === 0);
      if (away.length === 0) {
        if (awaySince !== undefined) this.#takeoverMs.push(simulation.now - awaySince);
        awaySince = undefined;
        continue;
      }
      awaySince ??= simulation.now;
      if (simulation.now - awaySince <= TAKEOVER_LIMIT_MS) continue;
      const text = `${away.join(', ')} not active for more than ${TAKEOVER_LIMIT_MS} ms`;
      simulation.fail('liveness', 'takeover-time', text);
      return;
    }
  }
}
