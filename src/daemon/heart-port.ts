import type { AgentToHeart, HeldAddress } from '../core/membership/heart-protocol.ts';
import type { PeerAddress } from '../core/node/node-io.ts';
import type { ChannelFromAgent, ChannelToAgent } from '../heart/channel-messages.ts';
import type { ClusterSecrets } from '../model/command.ts';
import { LocalChannel } from '../runtime/net/local-channel.ts';
import type { HeartAddresses } from '../runtime/resources/address-agent.ts';

/** The agent's end of the channel to the heart that started it. */
export class HeartPort implements HeartAddresses {
  readonly #channel: LocalChannel<ChannelFromAgent, ChannelToAgent>;
  /** Requests about addresses that the heart has not answered. */
  readonly #asked = new Map<number, (error: string | undefined) => void>();
  #nextRequest = 1;

  constructor(onMessage: (message: ChannelToAgent) => void, onGone: () => void) {
    this.#channel = LocalChannel.toHeart({
      onMessage: (message) => {
        if (message.kind === 'address-done') this.#answered(message.request, message.error);
        else onMessage(message);
      },
      onClose: onGone,
    });
  }

  send(message: AgentToHeart): void {
    this.#channel.send({ kind: 'machine', message });
  }

  /** Before `configure`: the sockets must know the peers of whom the machine hears. */
  sendNetwork(peers: readonly PeerAddress[], secrets: ClusterSecrets): void {
    this.#channel.send({ kind: 'network', peers, secrets });
  }

  setAddress(held: HeldAddress, incarnation: number): Promise<string | undefined> {
    return this.#ask((request) => ({ kind: 'set-address', request, incarnation, held }));
  }

  removeAddress(held: HeldAddress): Promise<string | undefined> {
    return this.#ask((request) => ({ kind: 'remove-address', request, held }));
  }

  close(): void {
    this.#channel.close();
  }

  #ask(message: (request: number) => AgentToHeart): Promise<string | undefined> {
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    return new Promise((resolve) => {
      this.#asked.set(request, resolve);
      this.send(message(request));
    });
  }

  #answered(request: number, error: string | undefined): void {
    this.#asked.get(request)?.(error);
    this.#asked.delete(request);
  }
}
