import type { TLSSocket } from 'node:tls';
import type { LinkId, NodeId } from '../../model/ids.ts';
import { encodeFrame, FrameReader, parseBody } from './frames.ts';
import {
  frameType,
  type StreamEnd,
  type StreamLimits,
  type StreamRefusal,
  streamRefusals,
} from './stream-contract.ts';

export interface ConnectionCallbacks {
  readonly onMessage: (message: unknown) => void;
  /** The end that was called accepts this one. */
  readonly onWelcome: () => void;
  readonly onRefused: (refusal: StreamRefusal) => void;
  /** The other end asks to use this connection. */
  readonly onUse: () => void;
  /** Called once, however it ended. */
  readonly onEnd: (end: StreamEnd) => void;
}

/** One connection to a peer whose certificate was accepted. */
export class StreamConnection {
  readonly peer: NodeId;
  readonly link: LinkId;
  /** Of the certificate at the other end. */
  readonly fingerprint: string;
  readonly #socket: TLSSocket;
  readonly #limits: StreamLimits;
  readonly #callbacks: ConnectionCallbacks;
  /** Why it will have ended, once it is known. */
  #end: StreamEnd | undefined;
  #ended = false;
  #heardAtMs: number;
  #pinged = false;

  constructor(
    socket: TLSSocket,
    about: { readonly peer: NodeId; readonly link: LinkId; readonly fingerprint: string },
    limits: StreamLimits,
    callbacks: ConnectionCallbacks,
  ) {
    this.peer = about.peer;
    this.link = about.link;
    this.fingerprint = about.fingerprint;
    this.#socket = socket;
    this.#limits = limits;
    this.#callbacks = callbacks;
    this.#heardAtMs = performance.now();
    const reader = new FrameReader(limits.messageBytesMax, (type, body) => this.#take(type, body));
    socket.on('data', (chunk: Buffer) => {
      this.#heardAtMs = performance.now();
      this.#pinged = false;
      if (!reader.push(chunk)) this.cut('malformed');
    });
    socket.on('error', () => this.cut('failed'));
    socket.on('close', () => this.#closed());
  }

  /**
   * False where it is not sent: too much waits already (the connection is cut then), or the message is larger than the
   * other end would take (it would cut the connection, again and again).
   */
  send(message: unknown): boolean {
    return this.#write(frameType.message, JSON.stringify(message));
  }

  /** Tells the end that called that it may stay. */
  sendWelcome(): void {
    this.#write(frameType.welcome, '');
  }

  /** Tells the other end to use this connection from now on. */
  sendUse(): void {
    this.#write(frameType.use, '');
  }

  /** Ends it at once. What is under way is lost. */
  cut(end: StreamEnd): void {
    this.#end ??= end;
    this.#socket.destroy();
  }

  /** Ends it after what waits has been sent. What comes meanwhile is still taken. */
  finish(end: StreamEnd): void {
    this.#end ??= end;
    this.#socket.end();
  }

  /** To be called about once a second: pings a quiet connection, cuts a silent one. */
  check(nowMs: number): void {
    const quietMs = nowMs - this.#heardAtMs;
    if (quietMs > this.#limits.silenceMaxMs) {
      this.cut('silent');
    } else if (quietMs > this.#limits.pingAfterMs && !this.#pinged) {
      this.#pinged = true;
      this.#write(frameType.ping, '');
    }
  }

  /** This process was stalled: what came meanwhile was not read yet, so the silence does not count. */
  forgive(nowMs: number): void {
    this.#heardAtMs = nowMs;
  }

  #write(type: number, text: string): boolean {
    const socket = this.#socket;
    if (this.#end !== undefined || !socket.writable) return false;
    const frame = encodeFrame(type, text);
    if (frame.length > this.#limits.messageBytesMax) return false;
    socket.write(frame);
    if (socket.writableLength <= this.#limits.queuedBytesMax) return true;
    this.cut('too-slow');
    return false;
  }

  #take(type: number, body: Buffer): void {
    if (this.#socket.destroyed) return;
    switch (type) {
      case frameType.message:
        this.#takeMessage(body);
        break;
      case frameType.ping:
        this.#write(frameType.pong, '');
        break;
      case frameType.pong:
        break;
      case frameType.welcome:
        this.#callbacks.onWelcome();
        break;
      case frameType.refused:
        this.#takeRefused(body);
        break;
      case frameType.use:
        this.#callbacks.onUse();
        break;
      default:
        this.cut('malformed');
    }
  }

  #takeRefused(body: Buffer): void {
    const refusal = streamRefusals.find((known) => known === body.toString('latin1'));
    if (refusal !== undefined) this.#callbacks.onRefused(refusal);
    this.cut('refused');
  }

  #takeMessage(body: Buffer): void {
    const message = parseBody(body);
    if (message === undefined) this.cut('malformed');
    else this.#callbacks.onMessage(message);
  }

  #closed(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#callbacks.onEnd(this.#end ?? 'closed');
  }
}
