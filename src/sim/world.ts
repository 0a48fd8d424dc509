import type { Prng } from '../base/prng.ts';
import type { AgentSpec } from '../model/agent-spec.ts';
import type { InstanceId } from '../model/ids.ts';
import type { Operation } from '../model/operation.ts';
import type { EventQueue } from './event-queue.ts';
import { ADDRESS_LIFETIME_MS, HostKernel, type RunningThing } from './kernel.ts';
import { OwnershipJudge, type WorldView } from './ownership-judge.ts';
import { between } from './random-streams.ts';

/** Who is told what happens on a host. */
export interface HostListener {
  /** Something ended there that nobody asked to end, or its address is gone. */
  ended(instance: InstanceId, detail: string): void;
  /** Everything in the gate gets a signal: operations under way too. */
  gateShut(gate: number): void;
}

interface HostWorld {
  kernel: HostKernel;
  /** Grows with every power-off: what was scheduled before is void. */
  boot: number;
  powered: boolean;
  frozen: boolean;
  /** What was due while the host was frozen. */
  deferred: (() => void)[];
  /** Until when a double owner is put down to a frozen host or heart. True time. */
  impairedUntilMs: number;
  impairments: number;
  /** The kernel cannot kill for a while: processes hang in uninterruptible sleep. */
  unkillable: boolean;
  listener: HostListener | undefined;
}

/** One change of what is active, for the checkers and the trace. */
export interface Activation {
  readonly atMs: number;
  readonly host: number;
  readonly instance: InstanceId;
  readonly active: boolean;
  readonly why: string;
}

/** What really runs where, whatever the nodes believe. */
export class World implements WorldView {
  readonly judge: OwnershipJudge;
  readonly #queue: EventQueue;
  readonly #prng: Prng;
  readonly #hosts: HostWorld[] = [];
  readonly #report: (change: Activation) => void;

  constructor(queue: EventQueue, prng: Prng, hosts: number, report: (change: Activation) => void) {
    this.#queue = queue;
    this.#prng = prng;
    this.#report = report;
    this.judge = new OwnershipJudge(this, hosts);
    for (let i = 0; i < hosts; i += 1) {
      this.#hosts.push({
        kernel: new HostKernel(),
        boot: 0,
        powered: false,
        frozen: false,
        deferred: [],
        impairedUntilMs: 0,
        impairments: 0,
        unkillable: false,
        listener: undefined,
      });
    }
  }

  get hosts(): number {
    return this.#hosts.length;
  }

  isActive(host: number, instance: InstanceId): boolean {
    const { powered, frozen, kernel } = this.#host(host);
    if (!powered) return false;
    return kernel.holds(instance, this.#queue.now) || (!frozen && kernel.things.has(instance));
  }

  wasImpaired(host: number): boolean {
    const { impairments, impairedUntilMs } = this.#host(host);
    return impairments > 0 || this.#queue.now < impairedUntilMs;
  }

  activeOn(instance: InstanceId): number[] {
    const active: number[] = [];
    for (let host = 0; host < this.#hosts.length; host += 1) {
      if (this.isActive(host, instance)) active.push(host);
    }
    return active;
  }

  /** The newest agent process of a host is told what happens there. */
  listen(host: number, listener: HostListener): void {
    this.#host(host).listener = listener;
  }

  listener(host: number): HostListener | undefined {
    return this.#host(host).listener;
  }

  /** Does something on a host after a while: later if it is frozen, never if it was powered off. */
  onHost(host: number, delayMs: number, action: () => void): void {
    const state = this.#host(host);
    const boot = state.boot;
    const due = (): void => {
      if (state.boot !== boot || !state.powered) return;
      if (state.frozen) state.deferred.push(due);
      else action();
    };
    this.#queue.after(delayMs, due);
  }

  powerOn(host: number): void {
    this.#host(host).powered = true;
  }

  /** All that runs there is gone in the same moment. */
  powerOff(host: number): void {
    const state = this.#host(host);
    const { kernel } = state;
    state.powered = false;
    state.frozen = false;
    state.boot += 1;
    state.deferred = [];
    state.unkillable = false;
    state.kernel = new HostKernel();
    for (const instance of kernel.things.keys()) this.#note(host, instance, false, 'power-off');
    for (const { instance, expiresAtMs } of kernel.addresses.values()) {
      if (expiresAtMs > this.#queue.now) this.#note(host, instance, false, 'power-off');
    }
  }

  freeze(host: number): void {
    this.#host(host).frozen = true;
    this.impair(host);
  }

  thaw(host: number, aftermathMs: number): void {
    const state = this.#host(host);
    if (!state.frozen) return;
    state.frozen = false;
    this.repair(host, aftermathMs);
    for (const instance of state.kernel.things.keys()) {
      this.judge.activated(host, instance, this.#queue.now);
    }
    const { deferred } = state;
    state.deferred = [];
    for (const action of deferred) this.#queue.after(0, action);
  }

  /** From now on nobody can put things down there (frozen, or no heart). */
  impair(host: number): void {
    this.#host(host).impairments += 1;
  }

  /** … and now somebody can again, and needs so long for it. */
  repair(host: number, aftermathMs: number): void {
    const state = this.#host(host);
    state.impairments -= 1;
    state.impairedUntilMs = Math.max(state.impairedUntilMs, this.#queue.now + aftermathMs);
  }

  setUnkillable(host: number, on: boolean): void {
    this.#host(host).unkillable = on;
  }

  kernel(host: number): HostKernel {
    return this.#host(host).kernel;
  }

  openGate(host: number, gate: number): void {
    this.#host(host).kernel.gates.set(gate, true);
  }

  /** R11: nothing can enter from this moment on; what is inside gets the signal, addresses go. */
  putDown(
    host: number,
    gate: number,
    signal: 'term' | 'kill',
    controlGroups: readonly string[],
    addresses: readonly InstanceId[],
  ): void {
    const { kernel } = this.#host(host);
    if (kernel.gates.get(gate) !== false) this.#host(host).listener?.gateShut(gate);
    kernel.gates.set(gate, false);
    for (const instance of addresses) this.#command(host, () => this.#dropAddress(host, instance));
    for (const thing of kernel.reached(gate, controlGroups)) {
      if (signal === 'term' && thing.stubborn) continue;
      const delayMs = signal === 'kill' ? between(this.#prng, 1, 15) : between(this.#prng, 2, 150);
      this.onHost(host, delayMs, () => this.#die(host, thing, signal));
    }
  }

  /** The thing starts, if its gate is open at this very moment. Whether it runs now. */
  start(
    host: number,
    instance: InstanceId,
    gate: number | undefined,
    controlGroup: string | undefined,
  ): boolean {
    const { kernel } = this.#host(host);
    if (!kernel.isOpen(gate)) return false;
    if (kernel.things.has(instance)) return true;
    kernel.things.set(instance, {
      instance,
      gate,
      controlGroup,
      stubborn: this.#prng.chance(0.15),
    });
    this.#note(host, instance, true, 'start');
    this.judge.activated(host, instance, this.#queue.now);
    return true;
  }

  stop(host: number, instance: InstanceId): void {
    if (this.#host(host).kernel.things.delete(instance)) this.#note(host, instance, false, 'stop');
  }

  /** It dies by itself; the agent is told unless the event is lost. */
  kill(host: number, instance: InstanceId, told: boolean): boolean {
    const state = this.#host(host);
    if (!state.kernel.things.delete(instance)) return false;
    this.#note(host, instance, false, 'died');
    if (told) this.onHost(host, between(this.#prng, 1, 50), () => this.#ended(host, instance));
    return true;
  }

  /** Somebody deletes the address by hand. */
  deleteAddress(host: number, instance: InstanceId): boolean {
    const state = this.#host(host);
    if (!state.kernel.holds(instance, this.#queue.now)) return false;
    this.#dropAddress(host, instance);
    this.onHost(host, between(this.#prng, 1, 10), () => this.#ended(host, instance));
    return true;
  }

  setAddress(host: number, instance: InstanceId, done: (error: string | undefined) => void): void {
    this.#command(host, () => {
      const { kernel } = this.#host(host);
      const fresh = !kernel.holds(instance, this.#queue.now);
      const expiresAtMs = this.#queue.now + ADDRESS_LIFETIME_MS;
      kernel.addresses.set(instance, { instance, expiresAtMs });
      if (fresh) {
        this.#note(host, instance, true, 'address set');
        this.judge.activated(host, instance, this.#queue.now);
        this.#watchExpiry(host, instance, expiresAtMs);
      }
      done(undefined);
    });
  }

  removeAddress(host: number, instance: InstanceId, done: () => void): void {
    this.#command(host, () => {
      this.#dropAddress(host, instance);
      done();
    });
  }

  /** An address that is gone is not set again by this. */
  renewAddresses(host: number, instances: readonly InstanceId[]): void {
    this.#command(host, () => {
      const { kernel } = this.#host(host);
      for (const instance of instances) {
        const address = kernel.addresses.get(instance);
        if (address === undefined || address.expiresAtMs <= this.#queue.now) continue;
        address.expiresAtMs = this.#queue.now + ADDRESS_LIFETIME_MS;
      }
    });
  }

  #command(host: number, action: () => void): void {
    const { kernel } = this.#host(host);
    const earliest = this.#queue.now + between(this.#prng, 0.2, 1.5);
    kernel.commandsUntilMs = Math.max(kernel.commandsUntilMs, earliest);
    this.onHost(host, kernel.commandsUntilMs - this.#queue.now, action);
  }

  /** The kernel lets an address end by itself, on a frozen host too. */
  #watchExpiry(host: number, instance: InstanceId, expiresAtMs: number): void {
    const boot = this.#host(host).boot;
    this.#queue.call(expiresAtMs, () => {
      const { kernel, boot: present } = this.#host(host);
      const address = kernel.addresses.get(instance);
      if (present !== boot || address === undefined) return;
      if (address.expiresAtMs > this.#queue.now) {
        this.#watchExpiry(host, instance, address.expiresAtMs);
        return;
      }
      kernel.addresses.delete(instance);
      this.#note(host, instance, false, 'address expired');
      this.onHost(host, 1, () => this.#ended(host, instance));
    });
  }

  #dropAddress(host: number, instance: InstanceId): void {
    const { kernel } = this.#host(host);
    const held = kernel.holds(instance, this.#queue.now);
    kernel.addresses.delete(instance);
    if (held) this.#note(host, instance, false, 'address removed');
  }

  #die(host: number, thing: RunningThing, signal: string): void {
    const { kernel, unkillable } = this.#host(host);
    if (unkillable || kernel.things.get(thing.instance) !== thing) return;
    kernel.things.delete(thing.instance);
    this.#note(host, thing.instance, false, signal);
    this.#ended(host, thing.instance);
  }

  #ended(host: number, instance: InstanceId): void {
    this.#host(host).listener?.ended(instance, 'exited');
  }

  #note(host: number, instance: InstanceId, active: boolean, why: string): void {
    this.#report({ atMs: this.#queue.now, host, instance, active, why });
  }

  #host(host: number): HostWorld {
    const state = this.#hosts[host];
    if (state === undefined) throw new RangeError(`no host ${host}`);
    return state;
  }
}

/** The control group of what runs as a unit of its own, outside the gate's group. */
export function controlGroupOf(agent: AgentSpec): string | undefined {
  return agent.kind === 'systemd' ? `unit:${agent.unit}` : undefined;
}

/** In which gate an operation runs. */
export function gateOf(operation: Operation): number | undefined {
  return operation.exclusive ? operation.incarnation : undefined;
}
