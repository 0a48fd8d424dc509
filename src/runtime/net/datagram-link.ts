import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { LinkId } from '../../model/ids.ts';
import type { DatagramCounters } from './datagram-counters.ts';
import { datagramBytesMax } from './datagram-seal.ts';
import { portError } from './port-error.ts';

/** This node's end of one link. */
export interface LocalLink {
  readonly link: LinkId;
  /** 0 … 255, the same on all nodes of the cluster. */
  readonly number: number;
  /** Numeric address of this node on the link. */
  readonly host: string;
  readonly port: number;
}

const queueMax = 64;
const receiveBufferBytes = 1 << 20;

/**
 * The socket of one link, bound to that link's own address and port. While the address is missing the socket is
 * bound again and again; a failure here is trouble of this path only.
 */
export class DatagramLink {
  readonly local: LocalLink;
  readonly #counters: DatagramCounters;
  readonly #onDatagram: (datagram: Buffer, link: LocalLink) => void;
  /** Bytes under way must not change; libuv sends at once except when the kernel's buffer is full. */
  readonly #buffers: readonly Buffer[];
  readonly #sent: (error: Error | null) => void;
  #nextBuffer = 0;
  /** Set exactly while it is bound. */
  #socket: Socket | undefined;
  #binding: Socket | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #retryMs: number;
  #closed = false;

  constructor(
    local: LocalLink,
    counters: DatagramCounters,
    retryMs: number,
    onDatagram: (datagram: Buffer, link: LocalLink) => void,
  ) {
    this.local = local;
    this.#counters = counters;
    this.#retryMs = retryMs;
    this.#onDatagram = onDatagram;
    this.#buffers = Array.from({ length: 2 * queueMax }, () => Buffer.alloc(datagramBytesMax));
    this.#sent = (error) => {
      if (error) counters.sendFailed += 1;
      else counters.sent += 1;
    };
  }

  get bound(): boolean {
    return this.#socket !== undefined;
  }

  /** Binds once. An address that is not there (yet) is no error; all else rejects with a `PortError`. */
  async start(): Promise<void> {
    const error = await this.#bind();
    if (error === undefined) return;
    const fatal = portError(error, 'UDP', this.local.host, this.local.port);
    if (fatal !== undefined) throw fatal;
    this.#retryLater();
  }

  /** A buffer to write the next datagram into; it must be sent, or left alone, before the next call. */
  buffer(): Buffer | undefined {
    const socket = this.#socket;
    if (socket === undefined || socket.getSendQueueCount() >= queueMax) {
      this.#counters.notSent += 1;
      return undefined;
    }
    this.#nextBuffer = (this.#nextBuffer + 1) % this.#buffers.length;
    return this.#buffers[this.#nextBuffer];
  }

  send(datagram: Buffer, length: number, host: string, port: number): void {
    this.#socket?.send(datagram, 0, length, port, host, this.#sent);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    this.#binding?.close();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    await new Promise<void>((resolve) => socket.close(resolve));
  }

  #bind(): Promise<NodeJS.ErrnoException | undefined> {
    const { host, port } = this.local;
    const type = isIPv6(host) ? 'udp6' : 'udp4';
    const socket = createSocket({ type, lookup: numericLookup, ipv6Only: type === 'udp6' });
    this.#binding = socket;
    socket.on('message', (datagram) => this.#onDatagram(datagram, this.local));
    return new Promise((resolve) => {
      socket.on('error', (error: NodeJS.ErrnoException) => {
        this.#broke(socket);
        resolve(error);
      });
      socket.on('close', () => resolve(undefined));
      socket.bind({ address: host, port, exclusive: true }, () => {
        this.#binding = undefined;
        if (this.#closed) socket.close();
        else this.#adopt(socket);
        resolve(undefined);
      });
    });
  }

  #adopt(socket: Socket): void {
    this.#socket = socket;
    try {
      socket.setRecvBufferSize(receiveBufferBytes); // Survives a stall of some seconds.
    } catch {
      // The kernel's own size serves as well.
    }
  }

  #broke(socket: Socket): void {
    this.#counters.bindFailed += 1;
    const wasBound = this.#socket === socket;
    if (this.#binding === socket) this.#binding = undefined;
    if (wasBound) this.#socket = undefined;
    try {
      socket.close();
    } catch {
      // A socket that never got as far as bound needs no closing.
    }
    if (wasBound) this.#retryLater();
  }

  #retryLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => {
      void this.#bind().then((error) => {
        if (error !== undefined && !this.bound) this.#retryLater();
      });
    }, this.#retryMs);
  }
}

/** Addresses are numeric already: answers at once, without a thread of the resolver. The family is not asked for. */
function numericLookup(
  host: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  done(null, host, 0);
}
