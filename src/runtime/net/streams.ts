import { connect, type TLSSocket } from 'node:tls';
import type { LinkId, NodeId } from '../../model/ids.ts';
import type { NodeCredentials } from '../pki/node-credentials.ts';
import { encodeFrame } from './frames.ts';
import { serveJoin } from './join-server.ts';
import { type CertificateVerdict, judgePeer } from './peer-certificate.ts';
import { StreamConnection } from './stream-connection.ts';
import {
  defaultStreamLimits,
  frameType,
  joinProtocol,
  type StreamCounters,
  type StreamEnd,
  type StreamLimits,
  type StreamLink,
  type StreamMember,
  type StreamRefusal,
  type StreamRefused,
  type StreamsSettings,
  streamProtocol,
} from './stream-contract.ts';
import { StreamListener, secureOptions } from './stream-listener.ts';
import { type Dial, StreamPeer } from './stream-peer.ts';

const checkMs = 1000;
/** For what waits to be sent when this node ends. */
const farewellMs = 500;

/** A connection whose peer is not known yet, while its fate is open. */
type Refusing = Omit<StreamRefused, 'refusal' | 'claimed'>;

/**
 * Mutually authenticated streams to all members: one per peer, on the best link that is up. Messages are best effort;
 * those to one peer keep their order as long as its stream lasts.
 */
export class Streams {
  readonly #settings: StreamsSettings;
  readonly #limits: StreamLimits;
  readonly #counters = noStreams();
  readonly #listeners: readonly StreamListener[];
  readonly #peers = new Map<NodeId, StreamPeer>();
  /** Sockets of which nothing is proven yet. */
  readonly #strangers = new Set<TLSSocket>();
  #members: ReadonlyMap<NodeId, StreamMember> = new Map();
  #credentials: NodeCredentials;
  #timer: NodeJS.Timeout | undefined;
  #checkedAtMs = 0;
  #closed = false;

  constructor(settings: StreamsSettings) {
    this.#settings = settings;
    this.#limits = { ...defaultStreamLimits, ...settings.limits };
    this.#credentials = settings.credentials;
    const onConnection = (socket: TLSSocket, link: StreamLink): void => this.#accept(socket, link);
    this.#listeners = settings.links.map(
      (link) =>
        new StreamListener(link, this.#credentials, this.#limits, this.#counters, onConnection),
    );
  }

  /** Listens on all links. Rejects with a `PortError` where a port is taken; a missing address is no error. */
  async start(): Promise<void> {
    try {
      await Promise.all(this.#listeners.map((listener) => listener.start()));
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#checkedAtMs = performance.now();
    this.#timer = setInterval(() => this.#check(), checkMs);
  }

  /** The present members; this node among them or not. Streams to all others end, streams to new ones begin. */
  configure(members: readonly StreamMember[]): void {
    const others = members.filter(({ node }) => node !== this.#settings.self);
    this.#members = new Map(others.map((member) => [member.node, member]));
    for (const [node, peer] of this.#peers) {
      if (this.#members.has(node)) continue;
      const wasUp = peer.active !== undefined;
      this.#peers.delete(node);
      peer.close('removed');
      if (wasUp) this.#settings.onDown(node, 'removed');
    }
    for (const member of others) {
      const peer = this.#peers.get(member.node);
      if (peer !== undefined) peer.update(member);
      else this.#addPeer(member);
    }
  }

  /** What the heart sees of a link: a stream leaves a link that is down at once. */
  linkState(peer: NodeId, link: LinkId, up: boolean, rttMs: number | undefined): void {
    this.#peers.get(peer)?.linkState(link, up, rttMs);
  }

  /** Queues a message to a peer; false where there is no stream to it at present, or it is too large. */
  send(peer: NodeId, message: unknown): boolean {
    const sent = this.#peers.get(peer)?.active?.send(message) ?? false;
    if (sent) this.#counters.messagesSent += 1;
    else this.#counters.messagesDropped += 1;
    return sent;
  }

  /** The link that the stream to a peer uses; undefined without a stream. */
  linkOf(peer: NodeId): LinkId | undefined {
    return this.#peers.get(peer)?.active?.link;
  }

  /** A new certificate of this node, for connections to come. */
  setCredentials(credentials: NodeCredentials): void {
    this.#credentials = credentials;
    for (const listener of this.#listeners) listener.setCredentials(credentials);
  }

  /** A copy of the counters. */
  counters(): StreamCounters {
    return structuredClone(this.#counters);
  }

  /** Sends what waits, for a moment at most, and ends all. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const listener of this.#listeners) listener.close();
    for (const socket of this.#strangers) socket.destroy();
    for (const peer of this.#peers.values()) peer.close('shutdown');
    const end = performance.now() + farewellMs;
    while (performance.now() < end && this.#busy()) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const peer of this.#peers.values()) peer.abandon();
  }

  #busy(): boolean {
    return [...this.#peers.values()].some((peer) => peer.open);
  }

  #addPeer(member: StreamMember): void {
    const { node } = member;
    const peer = new StreamPeer(this.#settings.self, member, this.#limits, {
      dial: (to) => this.#dial(peer, to),
      onUp: (link) => this.#settings.onUp(node, link),
      onDown: (end) => this.#settings.onDown(node, end),
    });
    this.#peers.set(node, peer);
    peer.start();
  }

  #check(): void {
    const nowMs = performance.now();
    const stalled = nowMs - this.#checkedAtMs > 2 * checkMs;
    this.#checkedAtMs = nowMs;
    for (const peer of this.#peers.values()) peer.check(nowMs, stalled);
  }

  #judge(socket: TLSSocket, expected: NodeId | undefined): CertificateVerdict {
    if (socket.alpnProtocol !== streamProtocol) {
      return { kind: 'refused', refusal: 'wrong-protocol', claimed: undefined };
    }
    const { self, clusterUuid } = this.#settings;
    return judgePeer(socket, { self, clusterUuid, members: this.#members, expected });
  }

  #refused(about: Refusing, verdict: CertificateVerdict & { readonly kind: 'refused' }): void {
    const { refusal, claimed } = verdict;
    count(this.#counters.refused, refusal);
    this.#settings.onRefused({ ...about, refusal, claimed });
  }

  /** Someone called. */
  #accept(socket: TLSSocket, local: StreamLink): void {
    this.#watchStranger(socket);
    if (socket.alpnProtocol === joinProtocol) {
      this.#counters.joinRequests += 1;
      serveJoin(socket, this.#settings.onJoin);
      return;
    }
    const verdict = this.#judge(socket, undefined);
    const peer = verdict.kind === 'accepted' ? this.#peers.get(verdict.node) : undefined;
    if (verdict.kind === 'refused' || peer === undefined || this.#closed) {
      if (verdict.kind === 'refused') this.#turnAway(socket, local, verdict);
      else socket.destroy();
      return;
    }
    this.#strangers.delete(socket);
    this.#counters.accepted += 1;
    const about = { peer: peer.node, link: local.link, fingerprint: verdict.fingerprint };
    peer.accepted(this.#connection(socket, about, peer));
  }

  #turnAway(
    socket: TLSSocket,
    local: StreamLink,
    verdict: CertificateVerdict & { readonly kind: 'refused' },
  ): void {
    const host = socket.remoteAddress ?? '';
    this.#refused({ called: undefined, link: local.link, host }, verdict);
    socket.end(encodeFrame(frameType.refused, verdict.refusal));
    socket.setTimeout(farewellMs, () => socket.destroy());
    socket.resume();
  }

  #watchStranger(socket: TLSSocket): void {
    this.#strangers.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#strangers.delete(socket));
  }

  #connection(
    socket: TLSSocket,
    about: { readonly peer: NodeId; readonly link: LinkId; readonly fingerprint: string },
    peer: StreamPeer,
    call?: { readonly onWelcome: () => void; readonly onEnd: (end: StreamEnd) => void },
  ): StreamConnection {
    const connection: StreamConnection = new StreamConnection(socket, about, this.#limits, {
      onMessage: (message) => {
        this.#counters.messagesReceived += 1;
        this.#settings.onMessage(about.peer, message);
      },
      onWelcome: () => call?.onWelcome(),
      onRefused: (refusal) => this.#refusedByPeer(about.peer, refusal),
      onUse: () => peer.used(connection),
      onEnd: (end) => {
        count(this.#counters.ended, end);
        call?.onEnd(end);
        peer.ended(connection, end);
      },
    });
    return connection;
  }

  #refusedByPeer(peer: NodeId, refusal: StreamRefusal): void {
    count(this.#counters.refusedByPeer, refusal);
    this.#settings.onRefusedByPeer(peer, refusal);
  }

  /** Calls a peer: TCP and TLS, then its certificate is judged, then it must say `welcome`. */
  #dial(peer: StreamPeer, to: StreamLink): Dial {
    this.#counters.dialled += 1;
    const local = this.#settings.links.find(({ link }) => link === to.link);
    const socket = connect({
      ...secureOptions(this.#credentials),
      host: to.host,
      port: to.port,
      ...(local === undefined ? {} : { localAddress: local.host }),
      ALPNProtocols: [streamProtocol],
      rejectUnauthorized: false, // Judged afterwards, so that the reason can be told.
      checkServerIdentity: () => undefined,
    });
    this.#watchStranger(socket);
    let open = true;
    /** The first outcome counts. */
    const settle = (outcome: () => void): void => {
      clearTimeout(timer);
      if (!open) return;
      open = false;
      this.#strangers.delete(socket);
      outcome();
    };
    const fail = (refused: boolean): void =>
      settle(() => {
        socket.destroy();
        this.#counters.dialFailed += 1;
        peer.dialFailed(refused);
      });
    const timer = setTimeout(() => fail(false), this.#limits.dialMs);
    socket.on('close', () => fail(false));
    socket.on('secureConnect', () => {
      const verdict = this.#judge(socket, peer.node);
      if (verdict.kind === 'refused') {
        this.#refused({ called: peer.node, link: to.link, host: to.host }, verdict);
        fail(true);
        return;
      }
      const about = { peer: peer.node, link: to.link, fingerprint: verdict.fingerprint };
      const connection = this.#connection(socket, about, peer, {
        onWelcome: () => settle(() => peer.dialled(connection)),
        onEnd: (end) => fail(end === 'refused'),
      });
    });
    return { link: to.link, cancel: () => settle(() => socket.destroy()) };
  }
}

function count<K extends string>(counts: Partial<Record<K, number>>, key: K): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

function noStreams(): StreamCounters {
  return {
    dialled: 0,
    dialFailed: 0,
    accepted: 0,
    messagesSent: 0,
    messagesReceived: 0,
    messagesDropped: 0,
    joinRequests: 0,
    handshakeFailed: 0,
    bindFailed: 0,
    ended: {},
    refused: {},
    refusedByPeer: {},
  };
}
