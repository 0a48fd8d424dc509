import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import { Prng } from '../../../src/base/prng.ts';
import type { NodeEffect } from '../../../src/core/node/node-io.ts';
import { NodeMachine } from '../../../src/core/node/node-machine.ts';
import { nodeId, resourceId } from '../../../src/model/ids.ts';

const leader = nodeId('bravo');

/** A follower that has heard its leader, as one process of the agent after the other would be. */
function follower(seed: number): NodeMachine {
  const configuration = { voters: [leader, nodeId('alpha'), nodeId('charlie')], learners: [] };
  const machine = new NodeMachine({
    self: nodeId('alpha'),
    version: '0',
    addresses: [],
    disk: {
      term: 1,
      votedFor: undefined,
      commit: 1,
      snapshot: undefined,
      entries: [{ index: 1, term: 1, kind: 'configuration', configuration }],
      promises: [],
      floor: 0,
      detectMaxMs: 0,
    },
    seeds: [],
    secrets: { datagramKeys: [] },
    prng: new Prng(seed),
    now: instant(0),
    wallOffsetMs: 0,
    firstOperation: 1,
  });
  const message = { kind: 'heartbeat', term: 1, commit: 1, round: 1 } as const;
  machine.step({ kind: 'message', from: leader, message: { kind: 'raft', message } }, instant(1));
  return machine;
}

function ask(machine: NodeMachine): { readonly id: number } | undefined {
  const request = { kind: 'restart', resource: resourceId('web'), by: 'a client' } as const;
  const effects = machine.step({ kind: 'request', id: 7, request }, instant(2));
  const sent = effects.find(
    (effect): effect is NodeEffect & { kind: 'send' } =>
      effect.kind === 'send' && effect.message.kind === 'request',
  );
  return sent?.message.kind === 'request' ? { id: sent.message.id } : undefined;
}

describe('requests that are passed on to the leader', () => {
  it('take the answer to themselves, and none that was meant for an agent process before', () => {
    const before = ask(follower(1));
    const machine = follower(2);
    const own = ask(machine);
    const response = { kind: 'done', changed: true, index: 9, plan: undefined } as const;
    const late = { kind: 'response', id: before?.id ?? 0, response } as const;
    expect(machine.step({ kind: 'message', from: leader, message: late }, instant(3))).toEqual([]);
    const meant = { kind: 'response', id: own?.id ?? 0, response } as const;
    expect(
      machine.step({ kind: 'message', from: leader, message: meant }, instant(4)),
    ).toContainEqual({ kind: 'respond', id: 7, response });
  });
});
