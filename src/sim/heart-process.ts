import { unreachable } from '../base/assert.ts';
import type { Machine } from '../base/machine.ts';
import type { HeartEffect, HeartInput } from '../core/membership/heart-machine.ts';
import type { HeartToAgent } from '../core/membership/heart-protocol.ts';
import type { Packet } from '../core/membership/packet.ts';
import type { LinkId, NodeId } from '../model/ids.ts';
import { type ProcessSurroundings, SimulatedProcess } from './simulated-process.ts';

/** What a heart process asks of its host. */
export interface HeartOutlets {
  send(to: NodeId, link: LinkId, packet: Packet): void;
  toAgent(message: HeartToAgent): void;
  /** Everything that is not on the packet path. */
  carryOut(effect: HostEffect): void;
  trace(input: HeartInput): void;
}

export type HostEffect = Exclude<HeartEffect, { readonly kind: 'send' | 'agent' }>;

/** The heart of a simulated host. */
export class HeartProcess extends SimulatedProcess<HeartInput, HeartEffect> {
  readonly #outlets: HeartOutlets;

  constructor(
    machine: Machine<HeartInput, HeartEffect>,
    surroundings: ProcessSurroundings,
    outlets: HeartOutlets,
  ) {
    super(machine, surroundings);
    this.#outlets = outlets;
  }

  protected override wakeInput(): HeartInput {
    return { kind: 'wake' };
  }

  protected override beforeStep(input: HeartInput): void {
    if (input.kind !== 'packet' && input.kind !== 'wake') this.#outlets.trace(input);
  }

  protected override afterStep(_input: HeartInput): void {}

  protected override perform(effect: HeartEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#outlets.send(effect.to, effect.link, effect.packet);
        break;
      case 'agent':
        this.#outlets.toAgent(effect.message);
        break;
      case 'start-agent':
      case 'kill-agent':
      case 'open-gate':
      case 'put-down':
      case 'set-address':
      case 'remove-address':
      case 'renew-addresses':
      case 'remember':
      case 'feed-watchdog':
      case 'reset-host':
      case 'note':
        this.#outlets.carryOut(effect);
        break;
      default:
        unreachable(effect);
    }
  }
}
