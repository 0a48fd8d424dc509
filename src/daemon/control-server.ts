import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { apiError } from '../api/api-error.ts';
import { httpStatuses } from '../api/exit-codes.ts';
import { API_VERSION, type ApiRequest, type ApiResponse } from '../api/requests.ts';
import { bodyMaxBytes, type Route, routeOf } from '../api/router.ts';

export interface ControlServerOptions {
  /** Path of the socket; its directory is made if it is not there. */
  readonly socket: string;
  /** Group that may use the socket; left out where there is no such group. */
  readonly group: string;
  /** Carries out a request and calls `respond` once, at once or later. Must not throw. */
  readonly handle: (request: ApiRequest, respond: (response: ApiResponse) => void) => void;
  /** An answer that takes longer is given up, in ms. */
  readonly answerTimeoutMs?: number;
}

type EventsRoute = Extract<Route, { readonly kind: 'events' }>;
type ConfigureRoute = Extract<Route, { readonly kind: 'configure-text' }>;

/** Clients that may be connected at a time. */
const CONNECTIONS_MAX = 128;
/** Waiting readers of events look again after this time, even if nobody called `eventsChanged`. */
const EVENTS_RECHECK_MS = 1000;

/** Serves the control API over a unix socket. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  constructor(options: ControlServerOptions) {
    this.#options = options;
    // An `import` would load the fetch implementation with it: memory that the agent never uses.
    const http = process.getBuiltinModule('node:http');
    this.#server = http.createServer({ requestTimeout: 20_000, headersTimeout: 5000 });
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.keepAliveTimeout = 5000;
    this.#server.on('request', (request, response) => this.#receive(request, response));
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Starts to listen. Rejects where another agent listens already, or the path cannot be used. */
  async listen(): Promise<void> {
    const { socket, group } = this.#options;
    mkdirSync(dirname(socket), { recursive: true, mode: 0o755 });
    if (await isAnswering(socket)) throw new Error(`another agent is listening on ${socket}`);
    rmSync(socket, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      // The socket is made during this call; nobody may connect before its rights are set.
      const mask = process.umask(0o177);
      this.#server.listen(socket, () => resolve());
      process.umask(mask);
    });
    const gid = groupId(group);
    if (gid !== undefined && process.geteuid?.() === 0) chownSync(socket, 0, gid);
    chmodSync(socket, 0o660);
  }

  /** Wakes clients that wait for events. To be called when there are new ones. */
  eventsChanged(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Stops listening and ends every connection. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.eventsChanged();
      this.#server.closeAllConnections();
    });
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '' } = request;
    const limit = bodyMaxBytes(method, url);
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('error', () => response.destroy());
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
    });
    request.on('end', () => {
      if (size > limit) {
        const message = `the body has more than ${limit} bytes`;
        send(response, apiError('bad-request', message));
        return;
      }
      const body = Buffer.concat(chunks).toString('utf8');
      const ifMatch = request.headers['if-match']?.replace(/^"|"$/g, '');
      const by = headerText(request.headers['holdfast-by']);
      this.#dispatch(routeOf({ method, url, ifMatch, by, body }), response);
    });
  }

  #dispatch(route: Route, response: ServerResponse): void {
    switch (route.kind) {
      case 'error':
        send(response, route.error);
        return;
      case 'request':
        this.#ask(route.request, (answer) => send(response, answer));
        return;
      case 'events':
        this.#answerEvents(route, response);
        return;
      case 'configure-text':
        void this.#configure(route, response);
        return;
    }
  }

  /** Hands a request to the node; answers once, with `timeout` if the node does not. */
  #ask(request: ApiRequest, respond: (response: ApiResponse) => void): void {
    let open = true;
    const answer = (response: ApiResponse): void => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      respond(response);
    };
    const timeoutMs = this.#options.answerTimeoutMs ?? 30_000;
    const timer = setTimeout(() => answer(timedOut(request, timeoutMs)), timeoutMs);
    this.#options.handle(request, answer);
  }

  async #configure(route: ConfigureRoute, response: ServerResponse): Promise<void> {
    const { text, ifVersion, by, what, dryRun } = route;
    try {
      // Loaded only when somebody writes: YAML and schemas stay out of a node that only runs.
      const { readConfig } = await import('../model/config-file/read-config.ts');
      const read = readConfig(text);
      if (read.kind === 'invalid') {
        const { problems } = read;
        const message = `the configuration has ${problems.length} problem(s)`;
        send(response, { ...apiError('invalid-config', message), problems });
        return;
      }
      const { config } = read;
      const request = { kind: 'configure', config, source: text, ifVersion, by, what, dryRun };
      this.#ask(request as ApiRequest, (answer) => send(response, answer));
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      send(response, apiError('internal', `the configuration could not be read: ${words}`));
    }
  }

  #answerEvents({ after, limit, waitMs }: EventsRoute, response: ServerResponse): void {
    const endsAt = performance.now() + waitMs;
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      clearTimeout(timer);
      this.#waiting.delete(look);
      this.#ask({ kind: 'events', after, limit }, (answer) => {
        const leftMs = endsAt - performance.now();
        const empty = answer.kind === 'events' && answer.events.length === 0;
        if (!empty || leftMs <= 0 || response.destroyed || !this.#server.listening) {
          send(response, answer);
          return;
        }
        timer = setTimeout(look, Math.min(leftMs, EVENTS_RECHECK_MS));
        this.#waiting.add(look);
      });
    };
    response.on('close', () => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    });
    look();
  }
}

function timedOut(request: ApiRequest, timeoutMs: number): ApiResponse {
  const message = `no answer to '${request.kind}' within ${timeoutMs / 1000} s`;
  return apiError('timeout', message, 'it may still happen: look at `holdfast events`');
}

function send(response: ServerResponse, answer: ApiResponse): void {
  if (response.destroyed || response.writableEnded) return;
  const body = `${JSON.stringify(answer)}\n`;
  response.writeHead(answer.kind === 'error' ? httpStatuses[answer.code] : 200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'holdfast-api': String(API_VERSION),
  });
  response.end(body);
}

function headerText(value: string | string[] | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function isAnswering(socket: string): Promise<boolean> {
  const net = process.getBuiltinModule('node:net');
  return new Promise((resolve) => {
    const probe = net.connect(socket);
    const end = (answering: boolean): void => {
      probe.destroy();
      resolve(answering);
    };
    probe.on('connect', () => end(true));
    probe.on('error', () => end(false));
  });
}

function groupId(name: string): number | undefined {
  try {
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`));
    const gid = Number(line?.split(':')[2]);
    return line !== undefined && Number.isInteger(gid) ? gid : undefined;
  } catch {
    return undefined; // A system without that file has no such group either.
  }
}
