import { Socket } from 'node:net';
import { encodeFrame, FrameReader, parseBody } from './frames.ts';

/** The file descriptor on which an agent finds the channel to the heart that started it. */
export const agentChannelFd = 3;

const messageType = 1;
const messageBytesMax = 4 << 20;
const queuedBytesMax = 1 << 20;

export type ChannelEnd =
  /** The other process ended, or closed the channel. */
  | 'closed'
  /** It does not read: more than 1 MiB waits for it. */
  | 'stuck'
  /** What came was no message: another version, or a bug. */
  | 'malformed';

export interface ChannelCallbacks<In> {
  /** In the order in which they were sent. The two processes are one program and trust each other's types. */
  readonly onMessage: (message: In) => void;
  /** Called once, unless `close` was called here. */
  readonly onClose: (end: ChannelEnd) => void;
}

/**
 * Messages between the two processes of a node, over a socket pair that the heart makes when it starts the agent
 * (`stdio: [..., 'pipe']`). Sending never waits: a side that does not read is cut off.
 */
export class LocalChannel<Out, In> {
  readonly #socket: Socket;
  readonly #callbacks: ChannelCallbacks<In>;
  #open = true;

  constructor(socket: Socket, callbacks: ChannelCallbacks<In>) {
    this.#socket = socket;
    this.#callbacks = callbacks;
    const reader = new FrameReader(messageBytesMax, (_type, body) => this.#take(body));
    socket.on('data', (chunk: Buffer) => {
      if (this.#open && !reader.push(chunk)) this.#end('malformed');
    });
    socket.on('error', () => this.#end('closed'));
    socket.on('end', () => this.#end('closed'));
    socket.on('close', () => this.#end('closed'));
  }

  /** The agent's side. */
  static toHeart<Out, In>(callbacks: ChannelCallbacks<In>): LocalChannel<Out, In> {
    return new LocalChannel(new Socket({ fd: agentChannelFd }), callbacks);
  }

  /** Queues a message; it is lost if the channel is closed or closes before it was read. */
  send(message: Out): void {
    if (!this.#open) return;
    this.#socket.write(encodeFrame(messageType, JSON.stringify(message)));
    if (this.#socket.writableLength > queuedBytesMax) this.#end('stuck');
  }

  close(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  #take(body: Buffer): void {
    if (!this.#open) return;
    const message = parseBody(body);
    if (message === undefined) this.#end('malformed');
    else this.#callbacks.onMessage(message as In);
  }

  #end(end: ChannelEnd): void {
    if (!this.#open) return;
    this.close();
    this.#callbacks.onClose(end);
  }
}
