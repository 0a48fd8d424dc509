import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import type { Packet } from '../../../src/core/membership/packet.ts';
import { type LinkId, linkId, type NodeId, nodeId } from '../../../src/model/ids.ts';
import { type DatagramKey, datagramKey } from '../../../src/runtime/net/datagram-seal.ts';
import { type DatagramPeer, Datagrams } from '../../../src/runtime/net/datagrams.ts';
import { until } from './until.ts';

const alpha = nodeId('alpha');
const beta = nodeId('beta');
const net0 = linkId('net0');
const net1 = linkId('net1');
const cluster = 'c1b8b6a2-0000-4000-8000-000000000001';
const secret = randomBytes(32);
const key = datagramKey(cluster, 1, secret);

const numbers = new Map([
  [alpha, 1],
  [beta, 2],
]);

interface Received {
  readonly from: NodeId;
  readonly link: LinkId;
  readonly packet: Packet;
}

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function freePort(host = '127.0.0.1'): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind({ address: host, port: 0 }, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

interface Host {
  readonly datagrams: Datagrams;
  readonly received: Received[];
  readonly peer: DatagramPeer;
}

interface HostOptions {
  readonly run?: number;
  readonly clusterUuid?: string;
  readonly hosts?: readonly [string, string];
  readonly ports?: readonly [number, number];
  readonly rebindMs?: number;
}

async function host(node: NodeId, options: HostOptions = {}): Promise<Host> {
  const received: Received[] = [];
  const number = numbers.get(node) ?? 0;
  const [host0, host1] = options.hosts ?? ['127.0.0.1', '127.0.1.1'];
  const [port0, port1] = options.ports ?? [await freePort(host0), await freePort(host1)];
  const datagrams = new Datagrams({
    self: node,
    number,
    clusterUuid: options.clusterUuid ?? cluster,
    run: options.run ?? 1,
    rebindMs: options.rebindMs ?? 20,
    links: [
      { link: net0, number: 0, host: host0, port: port0 },
      { link: net1, number: 1, host: host1, port: port1 },
    ],
    onPacket: (from, link, packet) => received.push({ from, link, packet }),
  });
  await datagrams.start();
  cleanups.push(() => datagrams.close());
  const addresses = [
    { link: net0, host: host0, port: port0 },
    { link: net1, host: host1, port: port1 },
  ];
  return { datagrams, received, peer: { node, number, addresses } };
}

function connect(a: Host, b: Host, keyOfA: DatagramKey = key, keyOfB: DatagramKey = key): void {
  const peers = [a.peer, b.peer];
  a.datagrams.configure({ peers, key: keyOfA, alsoAccepted: [] });
  b.datagrams.configure({ peers, key: keyOfB, alsoAccepted: [] });
}

function heartbeat(sequence: number): Packet {
  return {
    kind: 'heartbeat',
    incarnation: 3,
    run: 1,
    sequence,
    configuration: 1,
    peerRun: 0,
    hears: [alpha, beta],
    agent: true,
    rttMs: undefined,
    calm: true,
  };
}

/** Sits on the way from `sender` to `receiver` on a link and sees every datagram. */
async function tap(sender: Host, receiver: Host): Promise<{ socket: Socket; seen: Buffer[] }> {
  const socket = createSocket('udp4');
  const seen: Buffer[] = [];
  socket.on('message', (datagram) => seen.push(datagram));
  await new Promise<void>((resolve) => socket.bind({ address: '127.0.0.1' }, resolve));
  cleanups.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  const { address, port } = socket.address();
  const addresses = receiver.peer.addresses.map(({ link }) => ({ link, host: address, port }));
  const peers = [{ ...receiver.peer, addresses }];
  sender.datagrams.configure({ peers, key, alsoAccepted: [] });
  return { socket, seen };
}

function inject(socket: Socket, to: Host, datagram: Buffer, link = 0): void {
  const address = to.peer.addresses[link];
  if (address !== undefined) socket.send(datagram, address.port, address.host);
}

/** Datagrams that alpha sends to beta, caught on the way, and a socket to tamper with. */
async function caught(options: { readonly beta?: HostOptions } = {}) {
  const a = await host(alpha);
  const b = await host(beta, options.beta);
  connect(a, b);
  const { socket, seen } = await tap(a, b);
  a.datagrams.send(beta, net0, heartbeat(1));
  const datagram = await until(() => seen[0]);
  return { a, b, socket, seen, datagram };
}

describe('datagrams', () => {
  it('carry packets both ways on every link', async () => {
    const a = await host(alpha);
    const b = await host(beta);
    connect(a, b);
    a.datagrams.send(beta, net0, heartbeat(1));
    a.datagrams.send(beta, net1, heartbeat(2));
    b.datagrams.send(alpha, net1, heartbeat(3));
    await until(() => b.received.length === 2 && a.received.length === 1);
    expect(b.received).toContainEqual({ from: alpha, link: net0, packet: heartbeat(1) });
    expect(b.received).toContainEqual({ from: alpha, link: net1, packet: heartbeat(2) });
    expect(a.received).toEqual([{ from: beta, link: net1, packet: heartbeat(3) }]);
    expect(a.datagrams.counters()).toMatchObject({ sent: 2, received: 1, sendFailed: 0 });
  });

  it('hide what they carry', async () => {
    const { a, seen, datagram } = await caught();
    a.datagrams.send(beta, net0, heartbeat(1));
    const again = await until(() => seen[1]);
    expect(datagram.length).toBe(24 + 39 + 16);
    expect(again.subarray(24)).not.toEqual(datagram.subarray(24));
  });

  it('are taken once: a replayed one is dropped and counted', async () => {
    const { b, socket, datagram } = await caught();
    for (let i = 0; i < 3; i += 1) inject(socket, b, datagram);
    await until(() => b.datagrams.counters().dropReplayed === 2);
    expect(b.received).toHaveLength(1);
  });

  it('are dropped on a link for which they were not sealed', async () => {
    const { b, socket, datagram } = await caught();
    inject(socket, b, datagram, 1);
    await until(() => b.datagrams.counters().dropWrongLink === 1);
    datagram[3] = 1; // The header says so, but the seal does not fit it.
    inject(socket, b, datagram, 1);
    await until(() => b.datagrams.counters().dropForged === 1);
    expect(b.received).toEqual([]);
  });

  it('are dropped by a node for which they were not sealed', async () => {
    const { a, b, socket, datagram } = await caught();
    inject(socket, a, datagram);
    await until(() => a.datagrams.counters().dropMisaddressed === 1);
    datagram.writeUInt16BE(1, 10);
    inject(socket, a, datagram);
    await until(() => a.datagrams.counters().dropUnknownSender === 1);
    expect([...a.received, ...b.received]).toEqual([]);
  });

  it('are dropped when any bit was changed', async () => {
    const { b, socket, datagram } = await caught();
    for (let at = 0; at < datagram.length; at += 1) {
      const changed = Buffer.from(datagram);
      changed[at] = (changed[at] ?? 0) ^ 1;
      inject(socket, b, changed);
    }
    await until(() => dropped(b) === datagram.length);
    expect(b.received).toEqual([]);
    expect(b.datagrams.counters().dropForged).toBeGreaterThan(datagram.length - 24);
  });

  it('are dropped when cut off, padded or foreign', async () => {
    const { b, socket, datagram } = await caught();
    for (let length = 0; length < datagram.length; length += 1) {
      inject(socket, b, datagram.subarray(0, length));
    }
    inject(socket, b, Buffer.concat([datagram, Buffer.alloc(1)]));
    inject(socket, b, randomBytes(2000));
    inject(socket, b, randomBytes(300));
    await until(() => dropped(b) === datagram.length + 3);
    expect(b.received).toEqual([]);
  });

  it('of another cluster are dropped, with the same numbers and the same secret', async () => {
    const other = 'c1b8b6a2-0000-4000-8000-000000000002';
    const { b, socket, datagram } = await caught({ beta: { clusterUuid: other } });
    inject(socket, b, datagram);
    await until(() => b.datagrams.counters().dropForeignCluster === 1);
    expect(b.received).toEqual([]);
  });

  it('sealed with a secret that was rotated away are dropped', async () => {
    const { b, socket, datagram } = await caught();
    const next = datagramKey(cluster, 2, randomBytes(32));
    b.datagrams.configure({
      peers: [{ ...b.peer, node: alpha, number: 1 }],
      key: next,
      alsoAccepted: [],
    });
    inject(socket, b, datagram);
    await until(() => b.datagrams.counters().dropUnknownKey === 1);
    const guessed = datagramKey(cluster, 1, randomBytes(32));
    b.datagrams.configure({
      peers: [{ ...b.peer, node: alpha, number: 1 }],
      key: guessed,
      alsoAccepted: [],
    });
    inject(socket, b, datagram);
    await until(() => b.datagrams.counters().dropForged === 1);
  });

  it('are accepted under both keys during a rotation', async () => {
    const a = await host(alpha);
    const b = await host(beta);
    const peers = [a.peer, b.peer];
    const next = datagramKey(cluster, 2, randomBytes(32));
    a.datagrams.configure({ peers, key: next, alsoAccepted: [key] });
    b.datagrams.configure({ peers, key, alsoAccepted: [next] });
    a.datagrams.send(beta, net0, heartbeat(1));
    b.datagrams.send(alpha, net0, heartbeat(2));
    await until(() => a.received.length === 1 && b.received.length === 1);
  });

  it('of an earlier run of the sender are dropped once a newer run was heard', async () => {
    const { a, b, socket, datagram } = await caught();
    inject(socket, b, datagram);
    await until(() => b.received.length === 1);
    await a.datagrams.close();
    const again = await host(alpha, { run: 2 });
    connect(again, b);
    again.datagrams.send(beta, net0, heartbeat(9));
    await until(() => b.received.length === 2);
    inject(socket, b, datagram);
    await until(() => b.datagrams.counters().dropOldRun === 1);
    expect(b.received).toHaveLength(2);
  });

  it('of a removed node are dropped', async () => {
    const { b, socket, datagram } = await caught();
    b.datagrams.configure({ peers: [b.peer], key, alsoAccepted: [] });
    inject(socket, b, datagram);
    await until(() => b.datagrams.counters().dropUnknownSender === 1);
  });

  it('to an unknown node or link are counted, not thrown', async () => {
    const a = await host(alpha);
    const b = await host(beta);
    a.datagrams.send(beta, net0, heartbeat(1));
    connect(a, b);
    a.datagrams.send(nodeId('nobody'), net0, heartbeat(2));
    a.datagrams.send(beta, linkId('net7'), heartbeat(3));
    expect(a.datagrams.counters()).toMatchObject({ notSent: 3, sent: 0 });
  });

  it('survive a configuration change without opening a door for replays', async () => {
    const { a, b, socket, datagram } = await caught();
    inject(socket, b, datagram);
    await until(() => b.received.length === 1);
    b.datagrams.configure({ peers: [a.peer, b.peer], key, alsoAccepted: [] });
    inject(socket, b, datagram);
    await until(() => b.datagrams.counters().dropReplayed === 1);
  });
});

describe('a link of datagrams', () => {
  it('whose port is taken refuses to start and names it', async () => {
    const a = await host(alpha);
    const ports = a.peer.addresses.map(({ port }) => port);
    const start = host(beta, { ports: [ports[0] ?? 0, await freePort('127.0.1.1')] });
    await expect(start).rejects.toMatchObject({
      kind: 'port-in-use',
      message: `cannot use UDP port ${ports[0]} of 127.0.0.1: another program uses it`,
    });
  });

  it('whose address is missing does not hinder the other link', async () => {
    const missing = '192.0.2.77'; // Reserved for documentation: never an address of this host.
    const a = await host(alpha, { hosts: [missing, '127.0.1.1'], ports: [5405, await freePort()] });
    const b = await host(beta);
    connect(a, b);
    expect(a.datagrams.boundLinks()).toEqual([net1]);
    a.datagrams.send(beta, net0, heartbeat(1));
    a.datagrams.send(beta, net1, heartbeat(2));
    await until(() => b.received.length === 1);
    await until(() => a.datagrams.counters().bindFailed >= 3); // It tries again and again.
    expect(a.datagrams.counters()).toMatchObject({ sent: 1, notSent: 1 });
  });

  it('that cannot reach a peer is counted and goes on', async () => {
    const a = await host(alpha);
    const b = await host(beta);
    const unreachable = { link: net0, host: '192.0.2.1', port: 9 };
    a.datagrams.configure({
      peers: [{ ...b.peer, addresses: [unreachable, ...b.peer.addresses.slice(1)] }],
      key,
      alsoAccepted: [],
    });
    b.datagrams.configure({ peers: [a.peer], key, alsoAccepted: [] });
    a.datagrams.send(beta, net0, heartbeat(1)); // A socket of the loopback cannot send there.
    a.datagrams.send(beta, net1, heartbeat(2));
    await until(() => b.received.length === 1 && a.datagrams.counters().sendFailed === 1);
  });

  it('refuses a host name: no resolver on the path of heartbeats', async () => {
    const start = host(alpha, { hosts: ['localhost', '127.0.1.1'], ports: [5405, 5405] });
    await expect(start).rejects.toMatchObject({ kind: 'bad-address' });
  });
});

function dropped(to: Host): number {
  const counters = to.datagrams.counters();
  return Object.entries(counters)
    .filter(([name]) => name.startsWith('drop'))
    .reduce((sum, [, count]) => sum + count, 0);
}
