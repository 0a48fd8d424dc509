import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { NodeCredentials } from '../pki/node-credentials.ts';
import { portError } from './port-error.ts';
import {
  joinProtocol,
  type StreamCounters,
  type StreamLimits,
  type StreamLink,
  streamProtocol,
} from './stream-contract.ts';

/** More connections than a cluster needs; the rest are turned away before they cost anything. */
const connectionsMax = 512;
const handshakeMs = 5000;

/** Listens for streams on one link. While the link's address is missing it tries again and again. */
export class StreamListener {
  readonly local: StreamLink;
  readonly #limits: StreamLimits;
  readonly #counters: StreamCounters;
  readonly #onConnection: (socket: TLSSocket, link: StreamLink) => void;
  readonly #server: Server;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    local: StreamLink,
    credentials: NodeCredentials,
    limits: StreamLimits,
    counters: StreamCounters,
    onConnection: (socket: TLSSocket, link: StreamLink) => void,
  ) {
    this.local = local;
    this.#limits = limits;
    this.#counters = counters;
    this.#onConnection = onConnection;
    this.#server = this.#makeServer(credentials);
  }

  /** Rejects with a `PortError` where the port is taken; a missing address is no error. */
  async start(): Promise<void> {
    const error = await this.#listen();
    if (error === undefined) return;
    const fatal = portError(error, 'TCP', this.local.host, this.local.port);
    if (fatal !== undefined) throw fatal;
    this.#retryLater();
  }

  setCredentials(credentials: NodeCredentials): void {
    this.#server.setSecureContext(secureOptions(credentials));
  }

  /** Takes no more connections. Those that are there are not this class's to end. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#server.close();
  }

  #makeServer(credentials: NodeCredentials): Server {
    const server = createServer({
      ...secureOptions(credentials),
      requestCert: true,
      rejectUnauthorized: false, // Judged afterwards, so that the reason can be told.
      ALPNProtocols: [streamProtocol, joinProtocol],
      handshakeTimeout: handshakeMs,
    });
    server.maxConnections = connectionsMax;
    server.on('secureConnection', (socket: TLSSocket) => this.#onConnection(socket, this.local));
    server.on('tlsClientError', () => {
      this.#counters.handshakeFailed += 1;
    });
    return server;
  }

  #listen(): Promise<NodeJS.ErrnoException | undefined> {
    const server = this.#server;
    return new Promise((resolve) => {
      const settle = (error?: NodeJS.ErrnoException): void => {
        server.off('error', settle);
        server.off('listening', settle);
        // From here on: nothing that happens to the listening socket may end the process.
        if (error === undefined) server.on('error', () => this.#broke());
        else this.#counters.bindFailed += 1;
        resolve(error);
      };
      server.on('error', settle);
      server.on('listening', settle);
      const { host, port } = this.local;
      server.listen({ host, port, ipv6Only: true, exclusive: true });
    });
  }

  #broke(): void {
    this.#counters.bindFailed += 1;
    if (!this.#server.listening) this.#retryLater();
  }

  #retryLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      void this.#listen().then((error) => {
        if (error !== undefined) this.#retryLater();
      });
    }, this.#limits.rebindMs);
  }
}

/** What both ends of a stream need. */
export function secureOptions(credentials: NodeCredentials): {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.3';
} {
  const { authorityPem, certificatePem, keyPem } = credentials;
  // The authority goes along, so that a newcomer can compare it with its token.
  const cert = `${certificatePem.trimEnd()}\n${authorityPem}`;
  return { ca: authorityPem, cert, key: keyPem, minVersion: 'TLSv1.3' };
}
