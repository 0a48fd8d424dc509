import { isIP } from 'node:net';
import { assert, defined } from '../../base/assert.ts';
import type { Packet } from '../../core/membership/packet.ts';
import type { LinkId, NodeId } from '../../model/ids.ts';
import { type DatagramCounters, noDatagrams } from './datagram-counters.ts';
import { DatagramLink, type LocalLink } from './datagram-link.ts';
import {
  clusterTag,
  type DatagramHeader,
  type DatagramKey,
  datagramBytesMax,
  open,
  readHeader,
  seal,
  sealBytes,
  writeHeader,
} from './datagram-seal.ts';
import { NodeNumbers } from './node-numbers.ts';
import { decodePacket, encodePacket, packetBytesMax } from './packet-codec.ts';
import { PortError } from './port-error.ts';
import { ReplayWindow } from './replay-window.ts';

/** Another node and where its heart listens, per link. */
export interface DatagramPeer {
  readonly node: NodeId;
  /** 1 … 65535; not given to another node as long as a key lives under which it was used. */
  readonly number: number;
  readonly addresses: readonly {
    readonly link: LinkId;
    /** Numeric. */
    readonly host: string;
    readonly port: number;
  }[];
}

/** Who takes part and with which keys; replaced as a whole while running. */
export interface DatagramConfiguration {
  readonly peers: readonly DatagramPeer[];
  /** Seals what is sent. */
  readonly key: DatagramKey;
  /** Opened as well, during a rotation: the one before, or the one to come. */
  readonly alsoAccepted: readonly DatagramKey[];
}

export interface DatagramsSettings {
  readonly self: NodeId;
  readonly number: number;
  readonly clusterUuid: string;
  /** Number of this run of the heart, 1 … 2³²-1: never used before by this node, whatever happened. */
  readonly run: number;
  readonly links: readonly LocalLink[];
  readonly onPacket: (from: NodeId, link: LinkId, packet: Packet) => void;
  /** Between two attempts to bind a link whose address is missing. */
  readonly rebindMs?: number;
}

const rebindMsDefault = 250;
const counterMax = 0xffff_ffff_ffff;
const runMax = 0xffff_ffff;

interface Destination {
  readonly link: DatagramLink;
  readonly host: string;
  readonly port: number;
}

/** What is kept of a peer: where it is reached, and what it must not repeat. */
interface PeerState {
  readonly node: NodeId;
  readonly number: number;
  readonly destinations: ReadonlyMap<LinkId, Destination>;
  /** Newest run of which a genuine datagram came. */
  run: number;
  /** One per link number. */
  readonly windows: Map<number, ReplayWindow>;
}

/** Sends and receives sealed heart packets on all links. What cannot be sent or is not genuine is counted, no more. */
export class Datagrams {
  readonly #settings: DatagramsSettings;
  readonly #clusterTag: number;
  readonly #counters = noDatagrams();
  readonly #links: readonly DatagramLink[];
  readonly #plain = Buffer.alloc(datagramBytesMax);
  /** Reused for every datagram in each direction. */
  readonly #outgoing: DatagramHeader;
  readonly #incoming: DatagramHeader;
  #numbers: NodeNumbers;
  #byName = new Map<NodeId, PeerState>();
  #byNumber = new Map<number, PeerState>();
  #key: DatagramKey | undefined;
  #accepted: readonly DatagramKey[] = [];

  constructor(settings: DatagramsSettings) {
    const { run, number, links } = settings;
    assert(Number.isInteger(run) && run > 0 && run <= runMax, `run ${run}`);
    for (const { host, port } of links) {
      if (isIP(host) === 0) throw new PortError('bad-address', 'UDP', host, port);
    }
    this.#settings = settings;
    this.#clusterTag = clusterTag(settings.clusterUuid);
    this.#numbers = new NodeNumbers([[settings.self, number]]);
    this.#outgoing = { ...emptyHeader, clusterTag: this.#clusterTag, sender: number, run };
    this.#incoming = { ...emptyHeader };
    const onDatagram = (datagram: Buffer, link: LocalLink): void => this.#receive(datagram, link);
    this.#links = links.map(
      (link) =>
        new DatagramLink(link, this.#counters, settings.rebindMs ?? rebindMsDefault, onDatagram),
    );
  }

  /** Binds all links. Rejects with a `PortError` where a port is taken; a missing address is no error. */
  async start(): Promise<void> {
    try {
      await Promise.all(this.#links.map((link) => link.start()));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** What is known of the runs and counters of peers that stay is kept. */
  configure(configuration: DatagramConfiguration): void {
    const { self, number } = this.#settings;
    const peers = configuration.peers.filter((peer) => peer.node !== self);
    assert(sealBytes + packetBytesMax(peers.length + 1) <= datagramBytesMax, 'too many nodes');
    this.#numbers = new NodeNumbers([
      [self, number],
      ...peers.map((peer): [NodeId, number] => [peer.node, peer.number]),
    ]);
    const states = peers.map((peer) => this.#stateOf(peer));
    this.#byName = new Map(states.map((state) => [state.node, state]));
    this.#byNumber = new Map(states.map((state) => [state.number, state]));
    this.#key = configuration.key;
    this.#accepted = [configuration.key, ...configuration.alsoAccepted];
  }

  /** Seals a packet and hands it to the kernel. Whatever hinders that is counted. */
  send(to: NodeId, link: LinkId, packet: Packet): void {
    const peer = this.#byName.get(to);
    const destination = peer?.destinations.get(link);
    const key = this.#key;
    const datagram = destination?.link.buffer();
    if (!peer || !destination || !key || !datagram) {
      if (!destination) this.#counters.notSent += 1;
      return;
    }
    const header = this.#outgoing;
    header.counter += 1;
    assert(header.counter <= counterMax, 'datagram counter is used up');
    header.link = destination.link.local.number;
    header.generation = key.generation;
    header.receiver = peer.number;
    writeHeader(header, datagram);
    const plainBytes = encodePacket(packet, this.#numbers, this.#plain, 0);
    const length = seal(key.key, this.#plain.subarray(0, plainBytes), datagram);
    destination.link.send(datagram, length, destination.host, destination.port);
  }

  /** A copy of the counters. */
  counters(): Readonly<DatagramCounters> {
    return { ...this.#counters };
  }

  /** Links whose socket is bound at present. */
  boundLinks(): readonly LinkId[] {
    return this.#links.filter((link) => link.bound).map((link) => link.local.link);
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
  }

  #stateOf(peer: DatagramPeer): PeerState {
    const destinations = new Map<LinkId, Destination>();
    for (const { link: id, host, port } of peer.addresses) {
      const link = this.#links.find(({ local }) => local.link === id);
      if (link !== undefined && isIP(host) !== 0) destinations.set(id, { link, host, port });
    }
    const known = this.#byNumber.get(peer.number);
    const kept = known?.node === peer.node ? known : undefined;
    return {
      node: peer.node,
      number: peer.number,
      destinations,
      run: kept?.run ?? 0,
      windows: kept?.windows ?? new Map(),
    };
  }

  #receive(datagram: Buffer, link: LocalLink): void {
    const counters = this.#counters;
    const header = this.#incoming;
    if (!readHeader(datagram, header)) {
      counters.dropMalformed += 1;
    } else if (header.clusterTag !== this.#clusterTag) {
      counters.dropForeignCluster += 1;
    } else if (header.receiver !== this.#settings.number) {
      counters.dropMisaddressed += 1;
    } else if (header.link !== link.number) {
      counters.dropWrongLink += 1;
    } else {
      this.#open(datagram, header, link);
    }
  }

  #open(datagram: Buffer, header: DatagramHeader, link: LocalLink): void {
    const counters = this.#counters;
    const key = this.#accepted.find(({ generation }) => generation === header.generation);
    if (key === undefined) {
      counters.dropUnknownKey += 1;
      return;
    }
    const peer = this.#byNumber.get(header.sender);
    if (peer === undefined) {
      counters.dropUnknownSender += 1;
      return;
    }
    if (header.run < peer.run) {
      counters.dropOldRun += 1;
      return;
    }
    const window = windowOf(peer, link.number);
    if (header.run === peer.run && !window.admits(header.counter)) {
      counters.dropReplayed += 1;
      return;
    }
    const plain = open(key.key, datagram);
    if (plain === undefined) {
      counters.dropForged += 1;
      return;
    }
    if (header.run > peer.run) beginRun(peer, header.run);
    window.mark(header.counter);
    this.#deliver(peer.node, link.link, plain);
  }

  #deliver(from: NodeId, link: LinkId, plain: Buffer): void {
    const packet = decodePacket(plain, this.#numbers);
    if (typeof packet === 'string') {
      this.#counters.dropUndecodable += 1;
      return;
    }
    this.#counters.received += 1;
    this.#settings.onPacket(from, link, packet);
  }
}

const emptyHeader: DatagramHeader = {
  link: 0,
  clusterTag: 0,
  generation: 0,
  receiver: 0,
  sender: 0,
  run: 0,
  counter: 0,
};

function windowOf(peer: PeerState, link: number): ReplayWindow {
  if (!peer.windows.has(link)) peer.windows.set(link, new ReplayWindow());
  return defined(peer.windows.get(link), 'replay window');
}

/** Only a genuine datagram may begin a run. */
function beginRun(peer: PeerState, run: number): void {
  peer.run = run;
  for (const window of peer.windows.values()) window.reset();
}
