import type { ApiResponse, StatusReport } from '../api/requests.ts';
import { ClusterError } from './cluster-error.ts';
import { type Exchange, exchange } from './exchange.ts';
import { checkSocket } from './socket-file.ts';

type Answer<K extends ApiResponse['kind']> = Extract<ApiResponse, { readonly kind: K }>;
export type ConfigAnswer = Answer<'config'>;
export type EventsAnswer = Answer<'events'>;
export type DoneAnswer = Answer<'done'>;

export interface ControlClientOptions {
  /** Path of the control socket. */
  readonly socket: string;
  /** Who asks, for events and audit. */
  readonly by: string;
  /** An answer that takes longer is given up. */
  readonly timeoutMs: number;
}

export interface ConfigureCall {
  readonly text: string;
  readonly ifVersion: number;
  /** One line for the events: what was changed. */
  readonly what: string;
  readonly dryRun: boolean;
}

/** Asks the agent of this node; every method rejects with a `ClusterError`. */
export class ControlClient {
  readonly #options: ControlClientOptions;

  constructor(options: ControlClientOptions) {
    this.#options = options;
  }

  async status(): Promise<StatusReport> {
    return (await this.#ask('status', { method: 'GET', path: '/v1/status' })).status;
  }

  config(): Promise<ConfigAnswer> {
    return this.#ask('config', { method: 'GET', path: '/v1/config' });
  }

  /** Events after a number, oldest first; waits up to `waitMs` until there is one. */
  events(after: number, limit: number, waitMs: number): Promise<EventsAnswer> {
    const path = `/v1/events?after=${after}&limit=${limit}&wait=${waitMs}`;
    const timeoutMs = this.#options.timeoutMs + waitMs;
    return this.#ask('events', { method: 'GET', path, timeoutMs });
  }

  /** Replaces the configuration text if its version still is `ifVersion`. */
  configure({ text, ifVersion, what, dryRun }: ConfigureCall): Promise<DoneAnswer> {
    const query = `what=${encodeURIComponent(what)}${dryRun ? '&dry-run' : ''}`;
    return this.#ask('done', {
      method: 'PUT',
      path: `/v1/config?${query}`,
      headers: { 'if-match': `"${ifVersion}"`, 'content-type': 'application/yaml' },
      body: text,
    });
  }

  move(resource: string, to: string | undefined): Promise<DoneAnswer> {
    return this.#post(`/v1/resources/${encodeURIComponent(resource)}/move`, { to });
  }

  restart(resource: string): Promise<DoneAnswer> {
    return this.#post(`/v1/resources/${encodeURIComponent(resource)}/restart`, {});
  }

  cleanup(resource: string | undefined, node: string | undefined): Promise<DoneAnswer> {
    return this.#post('/v1/cleanup', { resource, node });
  }

  leave(): Promise<DoneAnswer> {
    return this.#post('/v1/leave', {});
  }

  createToken(tokenId: string, secretHash: string, lifetimeMs: number): Promise<DoneAnswer> {
    return this.#post('/v1/tokens', { tokenId, secretHash, lifetimeMs });
  }

  removeNode(node: string): Promise<DoneAnswer> {
    const path = `/v1/nodes/${encodeURIComponent(node)}`;
    return this.#ask('done', { method: 'DELETE', path });
  }

  transferLeadership(to: string | undefined): Promise<DoneAnswer> {
    return this.#post('/v1/leadership', { to });
  }

  #post(path: string, body: unknown): Promise<DoneAnswer> {
    const headers = { 'content-type': 'application/json' };
    return this.#ask('done', { method: 'POST', path, headers, body: JSON.stringify(body) });
  }

  async #ask<K extends ApiResponse['kind']>(
    kind: K,
    call: Omit<Exchange, 'socket' | 'timeoutMs'> & { readonly timeoutMs?: number },
  ): Promise<Answer<K>> {
    const { socket, by, timeoutMs } = this.#options;
    checkSocket(socket);
    const headers = { ...call.headers, 'holdfast-by': encodeURIComponent(by) };
    const text = await exchange({ timeoutMs, ...call, socket, headers });
    const answer = parseAnswer(text);
    if (answer.kind === 'error') {
      const problems = answer.problems ?? [];
      throw new ClusterError(answer.code, answer.message, answer.hint ?? undefined, { problems });
    }
    if (answer.kind !== kind) {
      throw new ClusterError('internal', `the agent answered '${answer.kind}' to '${kind}'`);
    }
    return answer as Answer<K>;
  }
}

function parseAnswer(text: string): ApiResponse {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null && 'kind' in answer) {
      return answer as ApiResponse;
    }
  } catch (cause) {
    throw new ClusterError('internal', 'the answer of the agent is not JSON', undefined, { cause });
  }
  throw new ClusterError('internal', 'the answer of the agent has no kind');
}
