import { createServer, type Server, Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { nodeId } from '../../../src/model/ids.ts';
import { encodeFrame } from '../../../src/runtime/net/frames.ts';
import { requestJoin } from '../../../src/runtime/net/join-client.ts';
import { frameType, type StreamLimits } from '../../../src/runtime/net/stream-contract.ts';
import {
  type CertificateAndKey,
  createAuthority,
  fingerprint,
} from '../../../src/runtime/pki/authority.ts';
import type { NodeCredentials } from '../../../src/runtime/pki/node-credentials.ts';
import {
  clusterUuid,
  freeTcpPort,
  introduce,
  makeCredentials,
  net0,
  net1,
  StreamHost,
} from './stream-hosts.ts';
import { until } from './until.ts';

const alpha = nodeId('alpha');
const beta = nodeId('beta');

let authority: CertificateAndKey;
const credentials = new Map<string, NodeCredentials>();
beforeAll(async () => {
  authority = await createAuthority(clusterUuid);
  for (const name of ['alpha', 'beta', 'gamma']) {
    credentials.set(name, await makeCredentials(authority, name));
  }
});

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function host(
  name: string,
  own?: NodeCredentials,
  limits?: Partial<StreamLimits>,
): Promise<StreamHost> {
  const started = await StreamHost.start(name, own ?? of(name), limits);
  cleanups.push(() => started.streams.close());
  return started;
}

function of(name: string): NodeCredentials {
  const found = credentials.get(name);
  if (found === undefined) throw new Error(`no credentials of ${name}`);
  return found;
}

/** Alpha and beta with a stream between them. */
async function pair(limits?: Partial<StreamLimits>) {
  const a = await host('alpha', undefined, limits);
  const b = await host('beta', undefined, limits);
  introduce(a, b);
  await until(() => a.streams.linkOf(beta) && b.streams.linkOf(alpha));
  return { a, b };
}

/** A relay in front of a host, which can be told to swallow everything: a cable that is cut without a word. */
async function relay(to: { readonly host: string; readonly port: number }) {
  const sockets = new Set<Socket>();
  let dead = false;
  const server: Server = createServer((inner) => {
    const outer = new Socket().connect(to.port, to.host);
    for (const [from, into] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => dead || into.write(chunk));
      from.on('error', () => from.destroy());
      from.on('close', () => dead || into.destroy());
    }
  });
  const port = await freeTcpPort('127.0.0.1');
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const swallow = (): void => {
    dead = true;
  };
  return { port, swallow };
}

describe('streams', () => {
  it('carry messages both ways in order, on the first link', async () => {
    const { a, b } = await pair();
    for (let n = 0; n < 500; n += 1) {
      a.streams.send(beta, { n, text: 'ü'.repeat(n) });
      b.streams.send(alpha, { n });
    }
    await until(() => a.received.length === 500 && b.received.length === 500);
    expect(b.received.map(({ message }) => message)).toEqual(
      Array.from({ length: 500 }, (_, n) => ({ n, text: 'ü'.repeat(n) })),
    );
    expect(a.received[499]).toEqual({ peer: 'beta', message: { n: 499 } });
    expect([a.events, b.events]).toEqual([['up beta net0'], ['up alpha net0']]);
  });

  it('connect every pair of three nodes once', async () => {
    const hosts = [await host('alpha'), await host('beta'), await host('gamma')];
    introduce(...hosts);
    await until(() => hosts.every(({ events }) => events.length === 2));
    for (const { streams, node } of hosts) {
      for (const other of hosts) {
        if (other.node !== node) expect(streams.send(other.node, { from: node })).toBe(true);
      }
    }
    await until(() => hosts.every(({ received }) => received.length === 2));
  });

  it('say that there is no stream', async () => {
    const a = await host('alpha');
    expect(a.streams.send(beta, 1)).toBe(false);
    expect(a.streams.counters()).toMatchObject({ messagesDropped: 1, messagesSent: 0 });
  });

  it('do not send what the other end would not take, and stand', async () => {
    const { a, b } = await pair({ messageBytesMax: 1000 });
    expect(a.streams.send(beta, 'x'.repeat(1000))).toBe(false);
    expect(a.streams.send(beta, 'x'.repeat(900))).toBe(true);
    await until(() => b.received.length === 1);
    expect(b.events).toEqual([expect.stringMatching(/^up alpha/)]);
  });

  it('come up when the other node starts later, whoever has the smaller name', async () => {
    const b = await host('beta');
    const port = await freeTcpPort('127.0.0.1');
    const later = [{ link: net0, host: '127.0.0.1', port }];
    b.streams.configure([{ node: alpha, addresses: later }]);
    await until(() => b.streams.counters().dialFailed >= 2);
    const a = await StreamHost.start('alpha', of('alpha'), {}, later);
    cleanups.push(() => a.streams.close());
    a.streams.configure([{ node: beta, addresses: [] }]); // It cannot call: beta must.
    await until(() => a.events.length > 0 && b.events.length > 0);
    expect([a.events, b.events]).toEqual([['up beta net0'], ['up alpha net0']]);
  });

  it('come back after the other process ended', async () => {
    const { a, b } = await pair();
    await b.streams.close();
    await until(() => a.events.length === 2);
    const again = await StreamHost.start('beta', of('beta'), {}, b.links);
    cleanups.push(() => again.streams.close());
    introduce(a, again);
    await until(() => a.events.length === 3);
    expect(a.events[1]).toBe('down beta closed');
    expect(a.events[2]).toMatch(/^up beta net[01]$/);
  });

  it('refuse to start on a port that is taken, and name it', async () => {
    const a = await host('alpha');
    const start = StreamHost.start('beta', of('beta'), {}, a.links);
    await expect(start).rejects.toMatchObject({
      kind: 'port-in-use',
      message: expect.stringMatching(
        /^cannot use TCP port \d+ of 127\.0\.[01]\.1: another program/,
      ),
    });
  });

  it('work on one link while the address of the other is missing', async () => {
    const links = [
      { link: net0, host: '192.0.2.77', port: 5406 },
      { link: net1, host: '127.0.1.1', port: await freeTcpPort('127.0.1.1') },
    ];
    const a = await StreamHost.start('alpha', of('alpha'), {}, links);
    cleanups.push(() => a.streams.close());
    const b = await host('beta');
    introduce(a, b);
    await until(() => a.events.length > 0);
    expect(a.events).toEqual(['up beta net1']);
    expect(a.streams.counters().bindFailed).toBeGreaterThan(0);
  });
});

describe('streams and links', () => {
  it.each([
    ['alpha', 0],
    ['beta', 1],
    ['both', 2],
  ])('move at once when their link is seen down by %s', async (_who, which) => {
    const { a, b } = await pair();
    for (const h of [a, b]) h.streams.linkState(h === a ? beta : alpha, net1, true, 0.2);
    const begun = performance.now();
    if (which !== 1) a.streams.linkState(beta, net0, false, undefined);
    if (which !== 0) b.streams.linkState(alpha, net0, false, undefined);
    await until(() => a.streams.linkOf(beta) === net1 && b.streams.linkOf(alpha) === net1);
    expect(performance.now() - begun).toBeLessThan(500);
    a.streams.send(beta, 'after');
    await until(() => b.received.length === 1);
    expect(a.events.at(-1)).toBe('up beta net1');
  });

  it('stay where they are while another link goes up and down', async () => {
    const { a, b } = await pair();
    for (let i = 0; i < 20; i += 1) {
      a.streams.linkState(beta, net1, i % 2 === 0, 0.1);
      b.streams.linkState(alpha, net1, i % 2 === 0, 0.1);
    }
    a.streams.send(beta, 'x');
    await until(() => b.received.length === 1);
    expect([a.events.length, b.events.length]).toEqual([1, 1]);
  });

  it('go back to the better link only after it has settled, and lose nothing', async () => {
    const { a, b } = await pair();
    a.streams.linkState(beta, net1, true, 0.2);
    a.streams.linkState(beta, net0, false, undefined);
    await until(() => a.streams.linkOf(beta) === net1 && b.streams.linkOf(alpha) === net1);
    b.streams.linkState(alpha, net0, true, 0.2);
    a.streams.linkState(beta, net0, true, 0.2);
    const upAt = performance.now();
    let sent = 0;
    await until(() => {
      if (a.streams.send(beta, sent)) sent += 1;
      return a.streams.linkOf(beta) === net0 && b.streams.linkOf(alpha) === net0;
    });
    expect(performance.now() - upAt).toBeGreaterThan(1000);
    await until(() => b.received.length === sent);
    const numbers = b.received.map(({ message }) => Number(message)).sort((x, y) => x - y);
    expect(numbers).toEqual(Array.from({ length: sent }, (_, n) => n));
    expect(a.events.slice(1)).toEqual(['down beta link-down', 'up beta net1', 'up beta net0']);
  });

  it('notice a peer that is silent although its connection stands', async () => {
    const limits = { pingAfterMs: 300, silenceMaxMs: 900 };
    const a = await host('alpha', undefined, limits);
    const b = await host('beta', undefined, limits);
    const { port, swallow } = await relay(b.links[0] ?? { host: '', port: 0 });
    const through = [{ link: net0, host: '127.0.0.1', port }, ...b.links.slice(1)];
    a.streams.configure([{ node: beta, addresses: through }]);
    b.streams.configure([{ node: alpha, addresses: [] }]);
    await until(() => a.events.length === 1 && b.events.length === 1);
    swallow();
    await until(() => a.events.length > 1 && b.events.includes('down alpha silent'), 6000);
    expect(a.events[1]).toBe('down beta silent');
  });

  it('stand while nothing is said: pings are answered', async () => {
    const { a, b } = await pair({ pingAfterMs: 100, silenceMaxMs: 1500 });
    const end = performance.now() + 3500;
    await until(() => performance.now() > end, 5000);
    expect([a.events, b.events]).toEqual([['up beta net0'], ['up alpha net0']]);
  });
});

describe('streams and certificates', () => {
  /** Alpha calls beta, which shows these credentials, or the other way round; what each said about it. */
  async function meeting(own: { readonly a?: NodeCredentials; readonly b?: NodeCredentials }) {
    const a = await host('alpha', own.a);
    const b = await host('beta', own.b);
    a.streams.configure([b.member]);
    b.streams.configure([{ node: alpha, addresses: [] }]);
    await until(() => a.refused.length > 0 || b.refused.length > 0);
    expect([...a.events, ...b.events]).toEqual([]);
    return { a, b };
  }

  it.each([
    ['of another authority', 'foreign-authority'],
    ['of another cluster', 'other-cluster'],
    ['that has expired', 'certificate-expired'],
    ['that the authority of another cluster signed for this one', 'foreign-authority'],
    ['of a node that is no member', 'not-a-member'],
    ['of the node itself', 'own-identity'],
  ])('refuse a caller and a called one with a certificate %s', async (what, refusal) => {
    const foreign = await createAuthority(clusterUuid);
    const other = 'c1b8b6a2-0000-4000-8000-000000000002';
    const make = async (name: string): Promise<NodeCredentials> => {
      if (what.includes('expired')) return makeCredentials(authority, name, -1);
      if (what === 'of another cluster') return makeCredentials(authority, name, 30, other);
      if (what.includes('authority')) return makeCredentials(foreign, name);
      if (what.includes('itself')) return of(name === 'alpha' ? 'beta' : 'alpha');
      return makeCredentials(authority, 'mallory');
    };
    // The stranger knows this cluster's real authority: it does accept the others.
    const stranger = async (name: string): Promise<NodeCredentials> => ({
      ...(await make(name)),
      authorityPem: authority.certificatePem,
    });
    const called = await meeting({ b: await stranger('beta') });
    expect(called.a.refused[0]).toMatchObject({ refusal, called: 'beta', link: 'net0' });
    const caller = await meeting({ a: await stranger('alpha') });
    await until(() => caller.b.refused.length > 0 && caller.a.refusedByPeer.length > 0);
    expect(caller.b.refused[0]).toMatchObject({ refusal, called: undefined });
    expect(caller.a.refusedByPeer[0]).toBe(refusal);
    expect(caller.b.streams.counters().refused[refusal as 'own-identity']).toBeGreaterThan(0);
  });

  it('refuse another member than the one that was called', async () => {
    const a = await host('alpha');
    const gamma = await host('gamma');
    a.streams.configure([{ node: beta, addresses: gamma.links }, gamma.member]);
    gamma.streams.configure([]);
    await until(() => a.refused.some(({ refusal }) => refusal === 'wrong-peer'));
  });

  it('end with a member that is removed, and refuse it from then on', async () => {
    const { a, b } = await pair();
    a.streams.configure([]);
    await until(() => b.events.length === 2 && a.refused.length > 0);
    expect(a.events).toEqual(['up beta net0', 'down beta removed']);
    expect(a.refused[0]).toMatchObject({ refusal: 'not-a-member', claimed: 'beta' });
    await until(() => b.refusedByPeer.includes('not-a-member'));
  });

  it('refuse the old certificate of a node that was removed and joined again', async () => {
    const { a, b } = await pair();
    const renewed = await makeCredentials(authority, 'beta');
    const fingerprints = [fingerprint(renewed.certificatePem)];
    a.streams.configure([{ ...b.member, fingerprints }]);
    await until(() => a.refused.length > 0);
    expect(a.events).toEqual(['up beta net0', 'down beta removed']);
    expect(a.refused[0]?.refusal).toBe('certificate-replaced');
    b.streams.setCredentials(renewed);
    await until(() => a.events.length === 3 && a.streams.linkOf(beta));
  });
});

describe('streams and strangers', () => {
  const address = (h: StreamHost) => h.links[0] ?? { host: '', port: 0 };

  /** A TLS connection of somebody who knows nothing but the address. */
  async function stranger(
    h: StreamHost,
    protocol: string | undefined,
    own?: NodeCredentials,
  ): Promise<{
    readonly socket: TLSSocket;
    readonly said: () => string;
    readonly over: () => boolean;
  }> {
    let said = '';
    let over = false;
    const socket = connect({
      host: address(h).host,
      port: address(h).port,
      rejectUnauthorized: false,
      ...(protocol === undefined ? {} : { ALPNProtocols: [protocol] }),
      ...(own === undefined ? {} : { cert: own.certificatePem, key: own.keyPem }),
    });
    cleanups.push(() => void socket.destroy());
    socket.on('data', (chunk) => {
      said += String(chunk);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      over = true;
    });
    return { socket, said: () => said, over: () => over };
  }

  it('without a certificate get nothing but a reason', async () => {
    const a = await host('alpha');
    const { socket, said, over } = await stranger(a, 'holdfast/1');
    socket.write(encodeFrame(frameType.message, '{"kind":"vote"}'));
    await until(over);
    expect(said()).toContain('no-certificate');
    expect(a.refused[0]?.refusal).toBe('no-certificate');
    expect(a.received).toEqual([]);
  });

  it.each([['holdfast/2'], ['http/1.1'], [undefined]])(
    'that speak another protocol are refused (%s)',
    async (protocol) => {
      const a = await host('alpha');
      const { over } = await stranger(a, protocol, of('beta'));
      await until(over);
      const { handshakeFailed, refused } = a.streams.counters();
      expect(handshakeFailed + (refused['wrong-protocol'] ?? 0)).toBe(1);
    },
  );

  it('that speak plain text, or nothing, do no harm', async () => {
    const { a, b } = await pair();
    const plain = new Socket().connect(address(a).port, address(a).host);
    cleanups.push(() => void plain.destroy());
    plain.on('error', () => {});
    plain.write('GET / HTTP/1.0\r\n\r\n');
    await until(() => a.streams.counters().handshakeFailed === 1);
    b.streams.send(alpha, 'still here');
    await until(() => a.received.length === 1);
  });

  it.each([
    ['a frame that is too large', Buffer.from('ffffffff01', 'hex')],
    ['no JSON', encodeFrame(frameType.message, '{')],
    ['an unknown frame', encodeFrame(99, '')],
    ['a choice that is not its own to make', encodeFrame(frameType.use, '')],
  ])('with a valid certificate that send %s are cut off', async (_what, bytes) => {
    const a = await host('alpha');
    a.streams.configure([{ node: beta, addresses: [] }]);
    const { socket, over } = await stranger(a, 'holdfast/1', of('beta'));
    socket.write(bytes);
    await until(over);
    expect(a.streams.counters().ended).toEqual({ malformed: 1 });
    expect(a.received).toEqual([]);
  });

  it('with a valid certificate that do not read are cut off before the memory is full', async () => {
    const a = await host('alpha', undefined, { queuedBytesMax: 1 << 20 });
    a.streams.configure([{ node: beta, addresses: [] }]);
    const { socket } = await stranger(a, 'holdfast/1', of('beta'));
    socket.pause();
    await until(() => a.streams.linkOf(beta));
    const text = 'x'.repeat(100_000);
    let sent = 0;
    await until(() => {
      if (a.streams.send(beta, text)) sent += 1;
      return a.events.length > 1;
    });
    expect(a.events[1]).toBe('down beta too-slow');
    expect(sent).toBeLessThan(200);
  });
});

describe('joining', () => {
  const where = (h: StreamHost) => ({ host: '127.0.0.1', port: h.links[0]?.port ?? 0 });

  it('asks one question over a stream whose authority the token names', async () => {
    const a = await host('alpha');
    const request = { token: 'secret', request: 'pem' };
    const reply = await requestJoin(where(a), fingerprint(authority.certificatePem), request);
    expect(reply).toEqual({ welcome: request });
    expect(a.joins).toEqual([request]);
    expect(a.streams.counters().joinRequests).toBe(1);
  });

  it('tells its secret to nobody whom another authority signed', async () => {
    const foreign = await createAuthority(clusterUuid);
    const a = await host('alpha', await makeCredentials(foreign, 'alpha'));
    const asked = requestJoin(where(a), fingerprint(authority.certificatePem), { token: 'secret' });
    await expect(asked).rejects.toMatchObject({ kind: 'wrong-authority' });
    expect(a.joins).toEqual([]);
  });

  it('tells its secret to nobody who only shows the right authority beside a certificate of his own', async () => {
    const foreign = await createAuthority(clusterUuid);
    const fake = await makeCredentials(foreign, 'alpha');
    const a = await host('alpha', { ...fake, authorityPem: authority.certificatePem });
    const asked = requestJoin(where(a), fingerprint(authority.certificatePem), { token: 'secret' });
    await expect(asked).rejects.toMatchObject({ kind: 'wrong-authority' });
    expect(a.joins).toEqual([]);
  });

  it('fails with the address when nobody is there', async () => {
    const port = await freeTcpPort('127.0.0.1');
    const asked = requestJoin({ host: '127.0.0.1', port }, 'ab'.repeat(32), {});
    await expect(asked).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining(`127.0.0.1 port ${port}: `),
    });
  });

  it('allows nothing else on that protocol', async () => {
    const a = await host('alpha');
    const socket = connect({
      ...where(a),
      rejectUnauthorized: false,
      ALPNProtocols: ['holdfast-join/1'],
    });
    let over = false;
    socket.on('error', () => {});
    socket.on('close', () => {
      over = true;
    });
    socket.write(encodeFrame(frameType.message, '{"kind":"vote"}'));
    await until(() => over);
    expect([a.received, a.joins]).toEqual([[], []]);
  });
});
