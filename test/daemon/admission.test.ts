import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ApiRequest, ApiResponse } from '../../src/api/requests.ts';
import type { PeerAddress } from '../../src/core/node/node-io.ts';
import { Admission } from '../../src/daemon/admission.ts';
import { linkId, nodeId } from '../../src/model/ids.ts';
import type { JoinRequest } from '../../src/runtime/identity/join-messages.ts';
import { createAuthority, createRequest, fingerprint } from '../../src/runtime/pki/authority.ts';
import { storeAuthority } from '../../src/runtime/pki/node-credentials.ts';

const clusterId = '0b0e7a52-6a0c-4f2e-9f0e-1f6f5c1b2a33';
const done: ApiResponse = { kind: 'done', changed: true, index: 5, plan: undefined };

let directory: string;
let request: JoinRequest;
let asked: ApiRequest[];
let answer: ApiResponse;
let peers: PeerAddress[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'admission-'));
  storeAuthority(join(directory, 'etc'), await createAuthority(clusterId));
  const { requestPem } = await createRequest(nodeId('beta'));
  const links = [{ link: linkId('net0'), host: '10.0.0.2', port: 7400 }];
  request = { secret: 'open sesame', node: 'beta', links, requestPem };
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => {
  asked = [];
  answer = done;
  peers = [{ node: nodeId('beta'), number: 2, addresses: [] }];
});

function admission(credentials = join(directory, 'etc')): Admission {
  return new Admission({
    self: nodeId('alpha'),
    cluster: () => 'lab',
    clusterId,
    credentialDirectory: credentials,
    ask: (item) => {
      asked.push(item);
      return Promise.resolve(answer);
    },
    membership: () => ({ peers, secrets: { datagramKeys: [] } }),
  });
}

describe('a newcomer', () => {
  it('is admitted with a certificate, and the cluster learns which one counts', async () => {
    const reply = await admission().answer(request, '10.0.0.2');
    expect(reply).toMatchObject({ kind: 'admitted', cluster: 'lab', by: 'alpha', number: 2 });
    if (reply.kind !== 'admitted') throw new Error('not admitted');
    expect(asked).toMatchObject([
      { kind: 'admit', node: 'beta', fingerprint: fingerprint(reply.certificatePem) },
    ]);
    expect(JSON.stringify(asked)).not.toContain(request.secret);
  });

  it('gets no certificate where the cluster refuses it', async () => {
    answer = { kind: 'error', code: 'bad-token', message: 'used before', hint: undefined };
    expect(await admission().answer(request, '10.0.0.2')).toEqual({
      kind: 'refused',
      code: 'bad-token',
      message: 'used before',
      hint: undefined,
    });
  });

  it.each<readonly [string, unknown]>([
    ['nothing', undefined],
    ['a text', 'let me in'],
    ['a name that breaks a terminal', { node: '\u001b[31m' }],
    ['no links', { links: [] }],
    ['a link without a port', { links: [{ link: 'net0', host: '10.0.0.2' }] }],
    ['a host that is no text', { links: [{ link: 'net0', host: 7, port: 1 }] }],
    ['nine links', { links: Array.from({ length: 9 }, () => ({ link: 'a', host: 'b', port: 1 })) }],
  ])('that says %s is refused, and nobody is asked', async (_what, part) => {
    const sent = typeof part === 'object' ? { ...request, ...part } : part;
    expect(await admission().answer(sent, '10.0.0.2')).toMatchObject({
      kind: 'refused',
      code: 'bad-request',
    });
    expect(asked).toEqual([]);
  });

  it('with a request that is none keeps its token: nobody was asked', async () => {
    const reply = await admission().answer({ ...request, requestPem: 'x' }, '10.0.0.2');
    expect(reply.kind).toBe('refused');
    expect(asked).toEqual([]);
  });

  it('is sent to the node that can sign, by its own words', async () => {
    const reply = await admission(join(directory, 'none')).answer(request, '10.0.0.2');
    expect(reply).toMatchObject({
      kind: 'refused',
      code: 'unavailable',
      message:
        'node alpha has no key to sign with: make the token on the node that made the cluster',
    });
    expect(asked).toEqual([]);
  });
});
