import { connect, type Socket } from 'node:net';

/** How one poll ended. */
export type PollResult =
  | { readonly kind: 'answer'; readonly host: string; readonly atMs: number }
  | { readonly kind: 'failure'; readonly what: string };

/**
 * One HTTP request over a connection of its own. It ends with the first of: a whole answer, an error, `abandon`.
 * The answer names its host in a header `X-Host`, or else in the first line of its body.
 */
export class HttpPoll {
  readonly startedMs: number;
  readonly #socket: Socket;
  readonly #now: () => number;
  readonly #onEnd: (result: PollResult) => void;
  #received = '';
  #connected = false;
  #ended = false;

  constructor(
    target: { readonly address: string; readonly port: number },
    now: () => number,
    onEnd: (result: PollResult) => void,
  ) {
    this.#now = now;
    this.#onEnd = onEnd;
    this.startedMs = now();
    this.#socket = connect({ host: target.address, port: target.port, noDelay: true });
    const host = target.address.includes(':') ? `[${target.address}]` : target.address;
    this.#socket.setEncoding('latin1');
    this.#socket.on('connect', () => {
      this.#connected = true;
      this.#socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    });
    this.#socket.on('data', (data: string) => this.#read(data));
    this.#socket.on('end', () => this.#closed());
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.code ?? 'error'));
  }

  get isConnected(): boolean {
    return this.#connected;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Gives the poll up. */
  abandon(): void {
    this.#fail(this.#connected ? 'no answer in time' : 'no connection in time');
  }

  #read(data: string): void {
    this.#received += data;
    const head = this.#received.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = /^content-length: *(\d+)/im.exec(this.#received.slice(0, head))?.[1];
    if (length !== undefined && this.#received.length >= head + 4 + Number(length)) {
      this.#evaluate(head);
    }
  }

  #closed(): void {
    const head = this.#received.indexOf('\r\n\r\n');
    if (head < 0) this.#fail('closed without an answer');
    else this.#evaluate(head);
  }

  #evaluate(head: number): void {
    if (this.#ended) return;
    const headers = this.#received.slice(0, head);
    const status = /^HTTP\/1\.[01] (\d+)/.exec(headers)?.[1] ?? 'none';
    const body = this.#received.slice(head + 4).split('\n', 1)[0] ?? '';
    const host = (/^x-host: *(.*)$/im.exec(headers)?.[1] ?? body).trim().slice(0, 64);
    if (!/^[23]/.test(status)) this.#fail(`status ${status}`);
    else if (host === '') this.#fail('answer without the name of a host');
    else this.#end({ kind: 'answer', host, atMs: this.#now() });
  }

  #fail(what: string): void {
    if (!this.#ended) this.#end({ kind: 'failure', what });
  }

  #end(result: PollResult): void {
    this.#ended = true;
    this.#socket.destroy();
    this.#onEnd(result);
  }
}
