import type { ApiRequest, ApiResponse } from '../api/requests.ts';
import type { Prng } from '../base/prng.ts';
import { type ClusterConfig, defaultNode } from '../model/config.ts';
import { resourceId } from '../model/ids.ts';
import { exponential, forkPrng } from './random-streams.ts';
import { primitive } from './sample-cluster.ts';
import type { Simulation } from './simulation.ts';

/** A write that the cluster said is done. */
export interface Acknowledged {
  /** Who asked; unique, and part of the command in the log. */
  readonly by: string;
  readonly index: number;
  readonly atMs: number;
}

/** Clients that ask agents for changes, and remember what was promised to them. */
export class Workload {
  readonly #simulation: Simulation;
  readonly #prng: Prng;
  readonly #everyMs: number;
  readonly acknowledged: Acknowledged[] = [];
  asked = 0;
  #isOver = false;

  constructor(simulation: Simulation, everyMs: number) {
    this.#simulation = simulation;
    this.#prng = forkPrng(simulation.seed, 'workload');
    this.#everyMs = everyMs;
  }

  begin(): void {
    const pauseMs = exponential(this.#prng, this.#everyMs);
    this.#simulation.queue.after(pauseMs, () => {
      if (this.#isOver) return;
      this.#ask();
      this.begin();
    });
  }

  end(): void {
    this.#isOver = true;
  }

  #ask(): void {
    const host = this.#prng.integer(0, this.#simulation.hosts.length - 1);
    this.asked += 1;
    const by = `client-${this.asked}`;
    const draw = this.#prng.fraction();
    if (draw < 0.5) this.#reconfigure(host, by);
    else if (draw < 0.95) this.#write(host, by, this.#wish(by));
    else this.#leave(host, by);
  }

  #wish(by: string): ApiRequest {
    const { prng, names } = { prng: this.#prng, names: this.#simulation.names };
    const resource = resourceId(prng.pick(['front', 'db', 'backup']));
    const draw = prng.fraction();
    if (draw < 0.4) return { kind: 'move', resource, to: prng.pick(names), by };
    if (draw < 0.5) return { kind: 'move', resource, to: undefined, by };
    if (draw < 0.75) return { kind: 'restart', resource, by };
    if (draw < 0.95) return { kind: 'cleanup', resource, node: undefined, by };
    return { kind: 'transfer-leadership', to: undefined, by };
  }

  #leave(host: number, by: string): void {
    const simulation = this.#simulation;
    simulation.note(`${simulation.names[host]} is asked to leave`);
    simulation.request(host, { kind: 'leave', by }, () => {});
    simulation.queue.after(15_000, () => simulation.host(host).powerOn());
  }

  #reconfigure(host: number, by: string): void {
    const change = this.#prng.fraction();
    const node = this.#prng.pick(this.#simulation.names);
    this.#simulation.request(host, { kind: 'config' }, (response) => {
      if (response.kind !== 'config') return;
      const config = changed(response.config, change, node, by);
      const ifVersion = response.version;
      const what = `change by ${by}`;
      const request = { config, source: by, ifVersion, by, what, dryRun: false };
      this.#write(host, by, { kind: 'configure', ...request });
    });
  }

  #write(host: number, by: string, request: ApiRequest): void {
    // Never within the answer to another request: a machine takes one input at a time.
    this.#simulation.queue.after(1, () => {
      this.#simulation.request(host, request, (response) => this.#answered(by, request, response));
    });
  }

  #answered(by: string, request: ApiRequest, response: ApiResponse): void {
    if (response.kind !== 'done' || request.kind === 'transfer-leadership') return;
    this.acknowledged.push({ by, index: response.index, atMs: this.#simulation.now });
  }
}

/** One small change of a configuration. */
function changed(config: ClusterConfig, draw: number, node: string, by: string): ClusterConfig {
  const settings = config.nodes[node] ?? defaultNode;
  if (draw < 0.25) {
    const nodes = { ...config.nodes, [node]: { ...settings, standby: !settings.standby } };
    return { ...config, nodes };
  }
  if (draw < 0.35) {
    // Whoever may vote no more leaves the voter set, and comes back later: R14 and R15 have work.
    const role = settings.role === 'auto' ? 'learner' : 'auto';
    return { ...config, nodes: { ...config.nodes, [node]: { ...settings, role } } };
  }
  if (draw < 0.6) {
    const attributes = { ...settings.attributes, changed: by };
    return { ...config, nodes: { ...config.nodes, [node]: { ...settings, attributes } } };
  }
  const others = config.resources.filter((resource) => resource.id !== 'extra');
  if (draw < 0.8) {
    const extra = primitive('extra', { kind: 'process' });
    const isThere = others.length < config.resources.length;
    return { ...config, resources: isThere ? others : [...others, extra] };
  }
  const resources = config.resources.map((resource) =>
    resource.kind === 'primitive' && resource.id === 'db'
      ? { ...resource, parameters: { ...resource.parameters, option: by } }
      : resource,
  );
  return { ...config, resources };
}
