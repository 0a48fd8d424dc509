import type { Instant } from '../../../src/base/instant.ts';
import type { Machine } from '../../../src/base/machine.ts';
import type { AgentToHeart, HeartToAgent } from '../../../src/core/membership/heart-protocol.ts';
import type { NodeEffect, NodeInput, NodeStart } from '../../../src/core/node/node-io.ts';
import type { NodeId } from '../../../src/model/ids.ts';
import { addressesOf } from '../../../src/sim/host.ts';
import { linkNames } from '../../../src/sim/sample-cluster.ts';

/**
 * A stand-in for the node machine: every node has been a member from the beginning and nobody is ever lost. It tells
 * its heart so and answers pings; nothing runs.
 */
export class ScriptedAgent implements Machine<NodeInput, NodeEffect> {
  readonly #start: NodeStart;
  readonly #names: readonly NodeId[];
  #greeted = false;

  constructor(start: NodeStart, names: readonly NodeId[]) {
    this.#start = start;
    this.#names = names;
  }

  deadline(): Instant | undefined {
    return undefined;
  }

  step(input: NodeInput): readonly NodeEffect[] {
    if (input.kind === 'heart') return this.#answer(input.message);
    if (this.#greeted) return [];
    this.#greeted = true;
    return this.#greet().map((message) => ({ kind: 'heart', message }));
  }

  #answer(message: HeartToAgent): readonly NodeEffect[] {
    if (message.kind !== 'ping') return [];
    return [{ kind: 'heart', message: { kind: 'pong', ping: message.ping } }];
  }

  #greet(): AgentToHeart[] {
    const peers = this.#names.map((node, index) => ({
      node,
      addresses: addressesOf(index, linkNames),
    }));
    return [
      { kind: 'hello', promises: [], floor: 0 },
      {
        kind: 'configure',
        peers: peers.filter((peer) => peer.node !== this.#start.self),
        timing: {
          intervalMs: 100,
          detectMinMs: 500,
          detectMaxMs: 5000,
          selfStopMs: 500,
          marginMs: 12,
          agentGraceMs: 5000,
        },
        onLeaseLost: 'stop',
      },
      { kind: 'voters', configuration: 1, voters: this.#names },
      {
        kind: 'applied',
        index: 10,
        members: this.#names.map((node) => ({ node, incarnation: 5, lost: false })),
      },
      { kind: 'guard', version: 1, entries: [] },
    ];
  }
}
