import type { Prng } from '../base/prng.ts';
import type { AgentToHeart } from '../core/membership/heart-protocol.ts';
import type { InstanceId } from '../model/ids.ts';
import type { Operation, OperationResult } from '../model/operation.ts';
import { type AgentQuality, drawOperation, type OperationScript } from './operation-script.ts';
import { between } from './random-streams.ts';
import { controlGroupOf, gateOf, type HostListener, type World } from './world.ts';

/** An address that still answers elsewhere is waited for this long when its owner was lost. */
const DUPLICATE_WAIT_MS = 1600;
const DUPLICATE_ASK_MS = 100;

export interface RunnerOutlets {
  done(operation: number, result: OperationResult): void;
  ended(instance: InstanceId, detail: string): void;
  toHeart(message: AgentToHeart): void;
  /** Whether the other host could answer a question from this one. */
  reaches(other: number): boolean;
}

interface Running {
  readonly operation: Operation;
  readonly startedMs: number;
}

/**
 * The part of an agent that touches the host: carries out operations in the simulated world. A command that was
 * begun goes on when the agent process dies, and its answer is lost; the next agent process kills what is left over
 * before it begins anything of its own.
 */
export class ResourceRunner {
  readonly #host: number;
  readonly #world: World;
  readonly #prng: Prng;
  readonly #quality: () => AgentQuality;
  readonly #outlets: RunnerOutlets;
  readonly #now: () => number;
  readonly #listener: HostListener;
  readonly #running = new Map<number, Running>();
  readonly #watched = new Set<InstanceId>();
  readonly #asked = new Map<number, number>();
  #nextRequest = 1_000_000;
  #alive = true;

  constructor(parts: {
    readonly host: number;
    readonly world: World;
    readonly prng: Prng;
    readonly now: () => number;
    readonly quality: () => AgentQuality;
    readonly outlets: RunnerOutlets;
  }) {
    this.#host = parts.host;
    this.#world = parts.world;
    this.#prng = parts.prng;
    this.#now = parts.now;
    this.#quality = parts.quality;
    this.#outlets = parts.outlets;
    this.#listener = {
      ended: (instance, detail) => {
        if (this.#alive && this.#watched.has(instance)) this.#outlets.ended(instance, detail);
      },
      gateShut: (gate) => this.#gateShut(gate),
    };
    this.#world.listen(this.#host, this.#listener);
  }

  /** The agent process is gone. */
  end(): void {
    this.#alive = false;
  }

  operate(operation: Operation): void {
    this.#running.set(operation.id, { operation, startedMs: this.#now() });
    const script = drawOperation(this.#prng, this.#quality(), operation);
    this.#later(operation.timeoutMs, () => {
      this.#finish(operation.id, 'timed-out', 1, 'no answer within its timeout');
    });
    if (operation.agent.kind === 'address') this.#address(operation, script);
    else this.#command(operation, script);
  }

  cancel(operation: number): void {
    if (!this.#running.has(operation)) return;
    this.#later(between(this.#prng, 0.5, 5), () => {
      this.#finish(operation, 'cancelled', 1, 'cancelled');
    });
  }

  watch(instance: InstanceId, on: boolean): void {
    if (!on) {
      this.#watched.delete(instance);
      return;
    }
    this.#watched.add(instance);
    this.#later(between(this.#prng, 2, 50), () => {
      if (!this.#watched.has(instance) || this.#isThere(instance)) return;
      this.#outlets.ended(instance, 'not running');
    });
  }

  /** Whether the answer was for a question of this runner. */
  addressDone(request: number, error: string | undefined): boolean {
    const operation = this.#asked.get(request);
    if (operation === undefined) return false;
    this.#asked.delete(request);
    if (error === undefined) this.#finish(operation, 'done', 0, '');
    else this.#finish(operation, 'done', 1, error);
    return true;
  }

  #isSucceeded(): boolean {
    return this.#world.listener(this.#host) !== this.#listener;
  }

  #later(ms: number, action: () => void): void {
    this.#world.onHost(this.#host, ms, () => {
      if (this.#alive) action();
    });
  }

  /** An OCF script, a unit's job, a command line: processes of their own inside the gate. */
  #command(operation: Operation, script: OperationScript): void {
    if (script.outcome === 'hang') return;
    this.#world.onHost(this.#host, script.effectAtMs, () => {
      // Killed before it did anything.
      if (this.#alive ? !this.#running.has(operation.id) : this.#isSucceeded()) return;
      const exitCode = this.#effect(operation, script);
      if (exitCode === undefined) {
        this.#finish(operation.id, 'refused', 1, 'the gate is shut');
        return;
      }
      if (script.outcome === 'hang-late') return;
      this.#later(script.durationMs - script.effectAtMs, () => {
        this.#finish(operation.id, 'done', exitCode, exitCode === 0 ? '' : 'error by script');
      });
    });
  }

  /** What the operation does to the world, and its exit code; undefined: the gate was shut. */
  #effect(operation: Operation, script: OperationScript): number | undefined {
    const { instance, action, agent } = operation;
    const { outcome } = script;
    const gate = gateOf(operation);
    if (gate !== undefined && !this.#world.kernel(this.#host).isOpen(gate)) return undefined;
    const acts = outcome !== 'fail' && outcome !== 'lie';
    const error = outcome === 'fail' || outcome === 'fail-late';
    switch (action) {
      case 'start':
        if (acts) this.#world.start(this.#host, instance, gate, controlGroupOf(agent));
        return error ? 1 : 0;
      case 'stop':
        if (acts) this.#world.stop(this.#host, instance);
        return error ? 1 : 0;
      case 'monitor':
        if (error) return 1;
        return outcome === 'lie' || this.#isThere(instance) ? 0 : 7;
      default:
        return 0;
    }
  }

  #address(operation: Operation, script: OperationScript): void {
    const { instance, action } = operation;
    if (action === 'monitor') {
      this.#later(1, () => {
        this.#finish(operation.id, 'done', this.#isThere(instance) ? 0 : 7, '');
      });
    } else if (action === 'stop') {
      this.#later(1, () => this.#ask(operation, 'remove-address'));
    } else {
      this.#later(20 + Math.min(script.durationMs, 60), () => {
        this.#setUnlessDouble(operation, this.#now() + DUPLICATE_WAIT_MS);
      });
    }
  }

  #setUnlessDouble(operation: Operation, untilMs: number): void {
    if (!this.#running.has(operation.id)) return;
    const holder = this.#holderOf(operation.instance);
    if (holder === undefined) {
      this.#ask(operation, 'set-address');
    } else if (operation.meta.takeover === 'yes' && this.#now() < untilMs) {
      this.#later(DUPLICATE_ASK_MS, () => this.#setUnlessDouble(operation, untilMs));
    } else {
      this.#finish(operation.id, 'done', 1, `host ${holder} answers for the address`);
    }
  }

  #holderOf(instance: InstanceId): number | undefined {
    for (let other = 0; other < this.#world.hosts; other += 1) {
      if (other === this.#host || !this.#outlets.reaches(other)) continue;
      if (this.#world.isActive(other, instance)) return other;
    }
    return undefined;
  }

  #ask(operation: Operation, kind: 'set-address' | 'remove-address'): void {
    if (!this.#running.has(operation.id)) return;
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    this.#asked.set(request, operation.id);
    const held = {
      instance: operation.instance,
      address: operation.parameters.ip ?? operation.instance,
      prefix: 24,
      device: 'net0',
    };
    const { incarnation } = operation;
    if (kind === 'remove-address') this.#outlets.toHeart({ kind, request, held });
    else this.#outlets.toHeart({ kind, request, incarnation, held });
  }

  #gateShut(gate: number): void {
    for (const { operation } of [...this.#running.values()]) {
      if (gateOf(operation) !== gate) continue;
      if (operation.agent.kind === 'address') continue;
      this.#later(between(this.#prng, 1, 200), () => {
        this.#finish(operation.id, 'done', 1, 'killed with its gate');
      });
    }
  }

  #isThere(instance: InstanceId): boolean {
    const kernel = this.#world.kernel(this.#host);
    return kernel.things.has(instance) || kernel.holds(instance, this.#now());
  }

  #finish(id: number, status: OperationResult['status'], exitCode: number, reason: string): void {
    const running = this.#running.get(id);
    if (running === undefined || !this.#alive) return;
    this.#running.delete(id);
    const durationMs = Math.round(this.#now() - running.startedMs);
    this.#outlets.done(id, { status, exitCode, reason, stdout: '', stderr: '', durationMs });
  }
}
