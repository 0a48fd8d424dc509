import { nearestWord } from '../base/nearest-word.ts';
import { isName, nodeId, resourceId } from '../model/ids.ts';
import { apiError, type ErrorResponse } from './api-error.ts';
import type { ApiRequest } from './requests.ts';

/** Largest body of a request, in bytes: a configuration text, and anything else. */
export const CONFIG_BODY_MAX_BYTES = 4_000_000;
export const BODY_MAX_BYTES = 65_536;

/** Longest time for which a client may ask to wait for events, in ms. */
export const WAIT_MAX_MS = 60_000;

/** An HTTP request, as far as the contract looks at it. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** `If-Match`, without its quotes. */
  readonly ifMatch: string | undefined;
  /** Who asks, as the client says: for events, no proof. */
  readonly by: string | undefined;
  readonly body: string;
}

/** What a request asks for. */
export type Route =
  | { readonly kind: 'request'; readonly request: ApiRequest }
  /** The text is read with `model/config-file` before it becomes a `configure` request. */
  | {
      readonly kind: 'configure-text';
      readonly text: string;
      readonly ifVersion: number;
      readonly by: string;
      readonly what: string;
      readonly dryRun: boolean;
    }
  /** Answered when there is an event after `after`, at the latest after `waitMs`. */
  | {
      readonly kind: 'events';
      readonly after: number;
      readonly limit: number;
      readonly waitMs: number;
    }
  | { readonly kind: 'error'; readonly error: ErrorResponse };

interface Call {
  readonly params: readonly string[];
  readonly query: ReadonlyMap<string, string>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly by: string;
  readonly http: HttpRequest;
}

interface RouteSpec {
  readonly method: string;
  /** `*` stands for one part that is handed on. */
  readonly path: string;
  readonly query?: readonly string[];
  /** Keys of the JSON body; undefined: the body is taken as it is. */
  readonly body?: readonly string[] | 'text';
  readonly route: (call: Call) => Route;
}

const request = (value: ApiRequest): Route => ({ kind: 'request', request: value });
const refuse = (message: string, hint?: string): Route => ({
  kind: 'error',
  error: apiError('bad-request', message, hint),
});

/** Every route of the control API. */
const routes: readonly RouteSpec[] = [
  { method: 'GET', path: '/v1/status', route: () => request({ kind: 'status' }) },
  { method: 'GET', path: '/v1/config', route: () => request({ kind: 'config' }) },
  {
    method: 'PUT',
    path: '/v1/config',
    query: ['dry-run', 'what'],
    body: 'text',
    route: routeConfigure,
  },
  { method: 'GET', path: '/v1/events', query: ['after', 'limit', 'wait'], route: routeEvents },
  { method: 'POST', path: '/v1/resources/*/move', body: ['to'], route: routeMove },
  {
    method: 'POST',
    path: '/v1/resources/*/restart',
    route: ({ params: [id], by }) =>
      withName(id, 'resource', (name) =>
        request({ kind: 'restart', resource: resourceId(name), by }),
      ),
  },
  { method: 'POST', path: '/v1/cleanup', body: ['resource', 'node'], route: routeCleanup },
  { method: 'POST', path: '/v1/leave', route: ({ by }) => request({ kind: 'leave', by }) },
  {
    method: 'POST',
    path: '/v1/tokens',
    body: ['tokenId', 'secretHash', 'lifetimeMs'],
    route: routeToken,
  },
  {
    method: 'DELETE',
    path: '/v1/nodes/*',
    route: ({ params: [id], by }) => withName(id, 'node', (name) => routeRemove(name, by)),
  },
  { method: 'POST', path: '/v1/leadership', body: ['to'], route: routeLeadership },
];

/** What an HTTP request asks for, or the coded error that says what is wrong with it. */
export function routeOf(http: HttpRequest): Route {
  const [path = '', queryText = ''] = http.url.split('?', 2);
  const parts = path.split('/');
  const here = routes.filter(({ path: pattern }) => matches(pattern.split('/'), parts));
  const spec = here.find(({ method }) => method === http.method);
  if (spec === undefined) return notThere(http.method, path, here);
  const params = parts.filter((_, i) => spec.path.split('/')[i] === '*').map(decode);
  const query = parseQuery(queryText, spec.query ?? []);
  if (query.kind === 'error') return query;
  const body = parseBody(http.body, spec.body ?? []);
  if (body.kind === 'error') return body;
  return spec.route({ params, query: query.value, body: body.value, by: cleanBy(http.by), http });
}

/** Longest body that a request may have, in bytes. */
export function bodyMaxBytes(method: string, url: string): number {
  const config = method === 'PUT' && url.split('?')[0] === '/v1/config';
  return config ? CONFIG_BODY_MAX_BYTES : BODY_MAX_BYTES;
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length && pattern.every((part, i) => part === '*' || part === parts[i])
  );
}

function notThere(method: string, path: string, here: readonly RouteSpec[]): Route {
  if (here.length > 0) {
    return refuse(`${path} is asked with ${here.map((spec) => spec.method).join(' or ')}`);
  }
  const near = nearestWord(
    path,
    routes.map((spec) => spec.path),
  );
  const hint = near === undefined ? undefined : `did you mean ${near}?`;
  const message = `the control API has no ${clean(method, 10)} ${clean(path, 100)}`;
  return { kind: 'error', error: apiError('not-found', message, hint) };
}

/** A path part as it was meant; a broken escape stays as it is and then is no name. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

type Parsed<T> = { readonly kind: 'value'; readonly value: T } | (Route & { kind: 'error' });

function failed(message: string): Route & { kind: 'error' } {
  return { kind: 'error', error: apiError('bad-request', message) };
}

function parseQuery(text: string, known: readonly string[]): Parsed<ReadonlyMap<string, string>> {
  const query = new Map<string, string>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = decode(equals < 0 ? pair : pair.slice(0, equals));
    if (!known.includes(key)) return failed(`unknown query key '${clean(key, 40)}'`);
    if (query.has(key)) return failed(`query key '${key}' is there twice`);
    query.set(key, equals < 0 ? '' : decode(pair.slice(equals + 1).replaceAll('+', ' ')));
  }
  return { kind: 'value', value: query };
}

function parseBody(
  text: string,
  keys: readonly string[] | 'text',
): Parsed<Readonly<Record<string, unknown>>> {
  if (keys === 'text' || text.trim() === '') return { kind: 'value', value: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return failed('the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return failed('the body must be a JSON object');
  }
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) return failed(`unknown key '${clean(key, 40)}' in the body`);
  }
  return { kind: 'value', value: value as Readonly<Record<string, unknown>> };
}

function withName(value: unknown, what: string, then: (name: string) => Route): Route {
  if (typeof value === 'string' && isName(value)) return then(value);
  return refuse(`'${clean(String(value), 40)}' cannot name a ${what}`);
}

function withOptionalName(
  value: unknown,
  what: string,
  then: (name: string | undefined) => Route,
): Route {
  if (value === undefined || value === null) return then(undefined);
  return withName(value, what, then);
}

const optionalNode = (name: string | undefined) => (name === undefined ? undefined : nodeId(name));

function routeConfigure({ query, by, http }: Call): Route {
  const { ifMatch, body } = http;
  const ifVersion =
    ifMatch === undefined ? undefined : wholeNumber(ifMatch, Number.MAX_SAFE_INTEGER);
  if (ifVersion === undefined) {
    return refuse('If-Match must give the version of the configuration that is changed');
  }
  const what = clean(query.get('what') ?? '', 200).trim();
  return {
    kind: 'configure-text',
    text: body,
    ifVersion,
    by,
    what: what === '' ? 'configuration replaced' : what,
    dryRun: query.has('dry-run'),
  };
}

function routeEvents({ query }: Call): Route {
  const after = wholeNumber(query.get('after') ?? '0', Number.MAX_SAFE_INTEGER);
  const limit = wholeNumber(query.get('limit') ?? '100', 10_000);
  const waitMs = wholeNumber(query.get('wait') ?? '0', WAIT_MAX_MS);
  if (after === undefined) return refuse('after must be a whole number');
  if (limit === undefined || limit < 1) return refuse('limit must be a number from 1 to 10000');
  if (waitMs === undefined) return refuse(`wait must be 0 to ${WAIT_MAX_MS} milliseconds`);
  return { kind: 'events', after, limit, waitMs };
}

function routeMove({ params: [id], body, by }: Call): Route {
  return withName(id, 'resource', (name) =>
    withOptionalName(body.to, 'node', (to) =>
      request({ kind: 'move', resource: resourceId(name), to: optionalNode(to), by }),
    ),
  );
}

/** The agent adds the fresh key itself: no client shall choose one. */
function routeRemove(name: string, by: string): Route {
  return request({ kind: 'remove-node', node: nodeId(name), newDatagramSecret: undefined, by });
}

function routeCleanup({ body, by }: Call): Route {
  return withOptionalName(body.resource, 'resource', (name) =>
    withOptionalName(body.node, 'node', (node) => {
      const resource = name === undefined ? undefined : resourceId(name);
      return request({ kind: 'cleanup', resource, node: optionalNode(node), by });
    }),
  );
}

const TOKEN_LIFETIME_MAX_MS = 7 * 86_400_000;

function routeToken({ body, by }: Call): Route {
  const { tokenId, secretHash, lifetimeMs } = body;
  if (typeof tokenId !== 'string' || !isName(tokenId)) return refuse('tokenId must be a name');
  if (typeof secretHash !== 'string' || !/^[A-Za-z0-9+/=_-]{16,128}$/.test(secretHash)) {
    return refuse('secretHash must be a hash in hex or base64');
  }
  const lifetime = typeof lifetimeMs === 'number' ? lifetimeMs : Number.NaN;
  if (!Number.isInteger(lifetime) || lifetime < 1000 || lifetime > TOKEN_LIFETIME_MAX_MS) {
    return refuse('lifetimeMs must be between a second and a week');
  }
  return request({ kind: 'create-token', tokenId, secretHash, lifetimeMs: lifetime, by });
}

function routeLeadership({ body, by }: Call): Route {
  return withOptionalName(body.to, 'node', (to) =>
    request({ kind: 'transfer-leadership', to: optionalNode(to), by }),
  );
}

function wholeNumber(text: string, max: number): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : undefined;
  return value === undefined || value > max ? undefined : value;
}

function cleanBy(by: string | undefined): string {
  const text = clean(by ?? '', 64).trim();
  return text === '' ? 'local' : text;
}

/** Text of strangers: bounded, and without anything that a terminal would obey. */
function clean(text: string, max: number): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}').slice(0, max);
}
