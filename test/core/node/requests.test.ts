import { beforeEach, describe, expect, it } from 'vitest';
import type { ApiRequest } from '../../../src/api/requests.ts';
import { instant } from '../../../src/base/instant.ts';
import { Requests, whyNotLeave } from '../../../src/core/node/requests.ts';
import { resourceId } from '../../../src/model/ids.ts';
import { alpha, beta, configOf, gamma, primitive } from '../store/store-world.ts';
import { FakeContext } from './fake-context.ts';

const restart: ApiRequest = { kind: 'restart', resource: resourceId('web'), by: 'ann' };
const applied = { kind: 'applied', changed: true } as const;

let fake: FakeContext;
let requests: Requests;
beforeEach(() => {
  fake = new FakeContext();
  fake.world.join(alpha, beta, gamma);
  requests = new Requests(1);
});

function wakeAt(ms: number): void {
  fake.now = instant(ms);
  requests.wake(fake.context);
}

describe('a request to the leader', () => {
  it('is answered when its command was applied, and not before', () => {
    requests.fromClient(1, restart, fake.context);
    expect(fake.appended).toHaveLength(1);
    expect(fake.answers).toEqual([]);
    requests.applied(101, 3, applied, fake.context);
    expect(fake.answers).toMatchObject([{ kind: 'done', changed: true, index: 101 }]);
    expect(requests.deadline()).toBeUndefined();
  });

  it('is told that nothing was done where another term took its place in the log', () => {
    requests.fromClient(1, restart, fake.context);
    requests.applied(101, 4, applied, fake.context);
    expect(fake.answers).toMatchObject([{ kind: 'error', code: 'unavailable' }]);
  });

  it('is told that nothing is known when it takes too long, once', () => {
    requests.fromClient(1, restart, fake.context);
    wakeAt(Number(requests.deadline()));
    expect(fake.answers).toMatchObject([{ kind: 'error', code: 'timeout' }]);
    requests.applied(101, 3, applied, fake.context);
    expect(fake.answers).toHaveLength(1);
  });

  it('is refused while leadership is handed over', () => {
    fake.takes = false;
    requests.fromClient(1, restart, fake.context);
    expect(fake.answers).toMatchObject([{ kind: 'error', code: 'unavailable' }]);
  });

  it.each<readonly [string, ApiRequest, string]>([
    [
      'a move of what does not exist',
      { kind: 'move', resource: resourceId('nothing'), to: beta, by: 'ann' },
      'not-found',
    ],
    [
      'a clean-up of what does not exist',
      { kind: 'cleanup', resource: resourceId('nothing'), node: undefined, by: 'ann' },
      'not-found',
    ],
    [
      'a configuration for another version',
      {
        kind: 'configure',
        config: configOf(primitive('web')),
        source: '',
        ifVersion: 99,
        by: 'ann',
        what: '',
        dryRun: false,
      },
      'conflict',
    ],
    [
      'a newcomer without a known token',
      {
        kind: 'admit',
        tokenId: 'x',
        secretHash: 'y',
        node: beta,
        addresses: [],
        fingerprint: 'ff',
      },
      'bad-token',
    ],
  ])('is refused at once: %s', (_what, request, code) => {
    requests.fromClient(1, request, fake.context);
    expect(fake.appended).toEqual([]);
    expect(fake.answers).toMatchObject([{ kind: 'error', code }]);
  });

  it('to move to a node that does not work is refused', () => {
    fake.world.apply({ kind: 'lost', node: beta, incarnation: fake.world.incarnation(beta) });
    const move: ApiRequest = { kind: 'move', resource: resourceId('web'), to: beta, by: 'ann' };
    requests.fromClient(1, move, fake.context);
    expect(fake.answers).toMatchObject([{ kind: 'error', code: 'unsafe' }]);
  });

  it('carries the certificate of a newcomer into the log', () => {
    fake.world.apply({ kind: 'token', id: 'x', secretHash: 'y', untilMs: 9e9, by: 'ann' });
    const admit: ApiRequest = {
      kind: 'admit',
      tokenId: 'x',
      secretHash: 'y',
      node: gamma,
      addresses: [],
      fingerprint: 'ff',
    };
    requests.fromClient(1, admit, fake.context);
    expect(fake.appended).toMatchObject([{ kind: 'add-node', node: gamma, fingerprint: 'ff' }]);
  });
});

describe('a request to another node', () => {
  beforeEach(() => {
    fake.leader = beta;
  });

  it('is passed on to the leader, and its answer back', () => {
    requests.fromClient(7, restart, fake.context);
    expect(fake.sent).toMatchObject([{ to: beta, message: { kind: 'request', id: 1 } }]);
    const response = { kind: 'done', changed: true, index: 9, plan: undefined } as const;
    requests.response(1, response, fake.context);
    expect(fake.effects).toEqual([{ kind: 'respond', id: 7, response }]);
    requests.response(1, response, fake.context);
    expect(fake.effects).toHaveLength(1);
  });

  it('is told that nothing is known where the leader does not answer', () => {
    requests.fromClient(7, restart, fake.context);
    wakeAt(10_000);
    expect(fake.answers).toMatchObject([{ kind: 'error', code: 'timeout' }]);
  });

  it('that a peer passed on by mistake is sent back', () => {
    requests.fromPeer(gamma, 4, restart, fake.context);
    expect(fake.sent).toMatchObject([
      { to: gamma, message: { kind: 'response', id: 4, response: { code: 'no-leader' } } },
    ]);
  });
});

describe('a request without a leader', () => {
  beforeEach(() => {
    fake.leader = undefined;
  });

  it('waits for one', () => {
    requests.fromClient(1, restart, fake.context);
    fake.leader = alpha;
    requests.leaderChanged(fake.context);
    expect(fake.appended).toHaveLength(1);
    expect(fake.answers).toEqual([]);
  });

  it('ends after some time, and says whether there is a quorum', () => {
    requests.fromClient(1, restart, fake.context);
    wakeAt(3000);
    expect(fake.answers).toMatchObject([{ kind: 'error', code: 'no-leader' }]);
    fake.heard = [];
    requests.fromClient(2, restart, fake.context);
    wakeAt(6000);
    expect(fake.answers[1]).toMatchObject({
      code: 'no-quorum',
      message: 'no quorum: this node reaches 1 of 3 voters',
    });
  });
});

describe('a voter may leave', () => {
  it('where the others have a quorum without it', () => {
    expect(whyNotLeave(fake.context)).toBeUndefined();
    fake.heard = [gamma];
    expect(whyNotLeave(fake.context)).toMatchObject({ code: 'unsafe' });
  });

  it('where it has no vote, or is the only member', () => {
    fake.heard = [];
    fake.voters = [beta, gamma];
    expect(whyNotLeave(fake.context)).toBeUndefined();
    fake.voters = [alpha];
    for (const node of [beta, gamma]) {
      fake.world.apply({ kind: 'leave', node, incarnation: fake.world.incarnation(node) });
    }
    expect(whyNotLeave(fake.context)).toBeUndefined();
  });
});
