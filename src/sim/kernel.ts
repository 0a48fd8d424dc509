import type { InstanceId } from '../model/ids.ts';

/** How long the kernel keeps an address after its last renewal, in ms (measured: `valid_lft 1`). */
export const ADDRESS_LIFETIME_MS = 1020;

/** Something that runs on a host, other than an address: a daemon with its processes. */
export interface RunningThing {
  readonly instance: InstanceId;
  /** It runs inside the gate of this incarnation; undefined: in no gate, for it may run many times. */
  readonly gate: number | undefined;
  /** Its own control group outside the gate's, such as a systemd unit's; undefined: inside the gate's. */
  readonly controlGroup: string | undefined;
  /** It does not end by a polite signal. */
  readonly stubborn: boolean;
}

/** An address that the kernel of a host answers for. */
export interface KernelAddress {
  readonly instance: InstanceId;
  expiresAtMs: number;
}

/** What the kernel of one host holds in one boot: gates, running things, addresses. True times. */
export class HostKernel {
  readonly gates: Map<number, boolean> = new Map();
  readonly things: Map<InstanceId, RunningThing> = new Map();
  readonly addresses: Map<InstanceId, KernelAddress> = new Map();
  /** Address commands are carried out one after the other. */
  commandsUntilMs = 0;

  isOpen(gate: number | undefined): boolean {
    return gate === undefined || this.gates.get(gate) === true;
  }

  /** What of an incarnation is still there. */
  left(gate: number, nowMs: number): string[] {
    const left: string[] = [];
    for (const thing of this.things.values()) if (thing.gate === gate) left.push(thing.instance);
    for (const address of this.addresses.values()) {
      if (address.expiresAtMs > nowMs) left.push(address.instance);
    }
    return left;
  }

  /** What a put-down of the gate reaches, with the control groups that are named beside its own. */
  reached(gate: number, controlGroups: readonly string[]): RunningThing[] {
    return [...this.things.values()].filter(({ gate: own, controlGroup }) =>
      controlGroup === undefined ? own === gate : controlGroups.includes(controlGroup),
    );
  }

  holds(instance: InstanceId, nowMs: number): boolean {
    const address = this.addresses.get(instance);
    return address !== undefined && address.expiresAtMs > nowMs;
  }
}
