import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodyMaxBytes, type HttpRequest, routeOf } from '../../src/api/router.ts';

function route(method: string, url: string, over: Partial<HttpRequest> = {}) {
  return routeOf({ method, url, ifMatch: undefined, by: 'ann', body: '', ...over });
}

const refused = { kind: 'error', error: { code: 'bad-request' } };

describe('the routes of the control API', () => {
  test('each leads to its request', () => {
    expect(route('GET', '/v1/status')).toEqual({ kind: 'request', request: { kind: 'status' } });
    expect(route('POST', '/v1/resources/web/move', { body: '{"to":"alpha"}' })).toEqual({
      kind: 'request',
      request: { kind: 'move', resource: 'web', to: 'alpha', by: 'ann' },
    });
    expect(route('POST', '/v1/resources/web/move')).toMatchObject({ request: { to: undefined } });
    expect(route('POST', '/v1/cleanup', { body: '{"node":"alpha"}' })).toMatchObject({
      request: { kind: 'cleanup', resource: undefined, node: 'alpha' },
    });
    expect(route('DELETE', '/v1/nodes/alpha')).toMatchObject({ request: { kind: 'remove-node' } });
    expect(route('GET', '/v1/events?after=5&limit=7&wait=100')).toEqual({
      kind: 'events',
      after: 5,
      limit: 7,
      waitMs: 100,
    });
    expect(
      route('PUT', '/v1/config?dry-run&what=a%20b', { ifMatch: '12', body: 'cluster: x' }),
    ).toEqual({
      kind: 'configure-text',
      text: 'cluster: x',
      ifVersion: 12,
      by: 'ann',
      what: 'a b',
      dryRun: true,
    });
  });

  test('a write without the version that it changes is refused', () => {
    expect(route('PUT', '/v1/config', { body: 'cluster: x' })).toMatchObject(refused);
    expect(route('PUT', '/v1/config', { ifMatch: 'x', body: 'cluster: x' })).toMatchObject(refused);
  });

  test('unknown paths, methods, query keys and body keys are refused', () => {
    expect(route('GET', '/v1/statsu')).toMatchObject({
      error: { code: 'not-found', hint: 'did you mean /v1/status?' },
    });
    expect(route('POST', '/v1/status')).toMatchObject(refused);
    expect(route('GET', '/v1/events?aftr=1')).toMatchObject(refused);
    expect(route('GET', '/v1/events?after=1&after=2')).toMatchObject(refused);
    expect(route('POST', '/v1/resources/web/move', { body: '{"too":"x"}' })).toMatchObject(refused);
    expect(route('POST', '/v1/resources/web/move', { body: '[]' })).toMatchObject(refused);
    expect(route('POST', '/v1/resources/web/move', { body: '{' })).toMatchObject(refused);
  });

  test('nobody admits a node through the socket', () => {
    expect(route('POST', '/v1/admit', { body: '{}' })).toMatchObject({ kind: 'error' });
  });

  test('names that could break something and numbers out of bounds are refused', () => {
    for (const url of ['/v1/nodes/..', '/v1/nodes/a%2Fb', '/v1/nodes/%1b', '/v1/nodes/%zz']) {
      expect(route('DELETE', url), url).toMatchObject({ kind: 'error' });
    }
    for (const query of ['after=-1', 'after=1e3', 'limit=0', 'limit=99999', 'wait=999999']) {
      expect(route('GET', `/v1/events?${query}`), query).toMatchObject(refused);
    }
    const token = { tokenId: 't1', secretHash: 'ab'.repeat(32), lifetimeMs: 60_000 };
    const ask = (over: object) =>
      route('POST', '/v1/tokens', { body: JSON.stringify({ ...token, ...over }) });
    expect(ask({})).toMatchObject({ request: { kind: 'create-token', lifetimeMs: 60_000 } });
    expect(ask({ lifetimeMs: 10 })).toMatchObject(refused);
    expect(ask({ secretHash: 'short' })).toMatchObject(refused);
    expect(ask({ tokenId: '../x' })).toMatchObject(refused);
  });

  test('who asks is bounded and harmless, and somebody in any case', () => {
    const by = `\u{1b}[2J${'x'.repeat(500)}`;
    const found = route('POST', '/v1/leave', { by });
    const text = found.kind === 'request' && 'by' in found.request ? found.request.by : '';
    expect(text).toMatch(/^\u{fffd}\[2Jx+$/u);
    expect(text.length).toBeLessThanOrEqual(64);
    expect(route('POST', '/v1/leave', { by: undefined })).toMatchObject({
      request: { by: 'local' },
    });
  });

  test('only a configuration may be long', () => {
    expect(bodyMaxBytes('PUT', '/v1/config?what=x')).toBeGreaterThan(1_000_000);
    expect(bodyMaxBytes('POST', '/v1/cleanup')).toBeLessThan(100_000);
  });

  test('no request makes it throw', () => {
    const method = fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH');
    const url = fc.oneof(
      fc.string(),
      fc.string().map((text) => `/v1/resources/${text}/move`),
      fc.string().map((text) => `/v1/events?${text}`),
    );
    const body = fc.oneof(fc.string(), fc.json());
    fc.assert(
      fc.property(method, url, body, fc.string(), (m, u, b, by) => {
        expect(route(m, u, { body: b, by }).kind).toBeTypeOf('string');
      }),
      { numRuns: 1000 },
    );
  });
});
