import type { ApiResponse } from '../api/requests.ts';
import { unreachable } from '../base/assert.ts';
import type { Machine } from '../base/machine.ts';
import type { AgentToHeart } from '../core/membership/heart-protocol.ts';
import type { DiskWrite, NodeEffect, NodeInput, PeerAddress } from '../core/node/node-io.ts';
import type { PeerMessage } from '../core/node/peer-message.ts';
import type { NodeId } from '../model/ids.ts';
import type { ResourceRunner } from './resource-runner.ts';
import { type ProcessSurroundings, SimulatedProcess } from './simulated-process.ts';

/** What an agent process asks of its host. */
export interface AgentOutlets {
  readonly runner: ResourceRunner;
  send(to: NodeId, message: PeerMessage): void;
  persist(ticket: number, write: DiskWrite): void;
  toHeart(message: AgentToHeart): void;
  peers(peers: readonly PeerAddress[]): void;
  respond(id: number, response: ApiResponse): void;
  end(reason: string): void;
  onInput(input: NodeInput): void;
  onEffect(effect: NodeEffect): void;
}

/** The agent of a simulated host. */
export class AgentProcess extends SimulatedProcess<NodeInput, NodeEffect> {
  readonly #outlets: AgentOutlets;

  constructor(
    machine: Machine<NodeInput, NodeEffect>,
    surroundings: ProcessSurroundings,
    outlets: AgentOutlets,
  ) {
    super(machine, surroundings);
    this.#outlets = outlets;
  }

  get runner(): ResourceRunner {
    return this.#outlets.runner;
  }

  /** Answers about addresses are for the part of the agent that asked, not for the machine. */
  override deliver(input: NodeInput): void {
    if (this.alive && !this.stalled && input.kind === 'heart') {
      const { message } = input;
      if (message.kind === 'address-done') {
        this.#outlets.runner.addressDone(message.request, message.error);
        return;
      }
    }
    super.deliver(input);
  }

  protected override wakeInput(): NodeInput {
    return { kind: 'wake' };
  }

  protected override beforeStep(input: NodeInput): void {
    this.#outlets.onInput(input);
  }

  protected override afterStep(_input: NodeInput): void {}

  protected override perform(effect: NodeEffect): void {
    this.#outlets.onEffect(effect);
    switch (effect.kind) {
      case 'send':
        this.#outlets.send(effect.to, effect.message);
        break;
      case 'persist':
        this.#outlets.persist(effect.ticket, effect.write);
        break;
      case 'heart':
        this.#outlets.toHeart(effect.message);
        break;
      case 'operate':
        this.#outlets.runner.operate(effect.operation);
        break;
      case 'cancel':
        this.#outlets.runner.cancel(effect.operation);
        break;
      case 'watch':
        this.#outlets.runner.watch(effect.instance, effect.on);
        break;
      case 'respond':
        this.#outlets.respond(effect.id, effect.response);
        break;
      case 'peers':
        this.#outlets.peers(effect.peers);
        break;
      case 'end':
        this.#outlets.end(effect.reason);
        break;
      case 'events':
      case 'note':
        break;
      default:
        unreachable(effect);
    }
  }
}
