import { chmodSync, existsSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClusterError } from '../../src/client/cluster-error.ts';
import { ControlClient } from '../../src/client/control-client.ts';
import { exchange } from '../../src/client/exchange.ts';
import { connectError, socketPath } from '../../src/client/socket-file.ts';
import { ControlServer } from '../../src/daemon/control-server.ts';
import { nodeId } from '../../src/model/ids.ts';
import { FakeAgent } from '../cli/support/fake-agent.ts';

let agent: FakeAgent;
let client: ControlClient;

beforeEach(async () => {
  agent = await FakeAgent.start();
  client = new ControlClient({ socket: agent.socket, by: 'ann é', timeoutMs: 5000 });
});

afterEach(() => agent.stop());

async function errorOf(promise: Promise<unknown>): Promise<ClusterError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ClusterError) return error;
  throw new Error(`no ClusterError: ${String(error)}`);
}

/** Sends bytes as they are and gives what comes back until the end. */
function raw(bytes: string): Promise<string> {
  const { connect } = process.getBuiltinModule('node:net');
  return new Promise((resolve, reject) => {
    const socket = connect(agent.socket, () => socket.end(bytes));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

describe('client and server over a socket', () => {
  test('the socket is for its owner and group only', () => {
    expect(statSync(agent.socket).mode & 0o777).toBe(0o660);
  });

  test('answers come back as they were given', async () => {
    expect(await client.status()).toEqual(agent.status);
    expect(await client.config()).toMatchObject({ version: 12, source: agent.text });
  });

  test('a written configuration arrives as text and as configuration, with who and what', async () => {
    const text = 'cluster: demo\nresources: { ä: {} }\n'.replace(
      'ä: {}',
      'a: { agent: "systemd:a" }',
    );
    await client.configure({ text, ifVersion: 12, what: 'tried & wrote', dryRun: false });
    expect(agent.asked.at(-1)).toMatchObject({
      kind: 'configure',
      source: text,
      by: 'ann é',
      what: 'tried & wrote',
      config: { resources: [{ id: 'a' }] },
    });
  });

  test('an invalid configuration is refused by the server with every problem', async () => {
    const call = { ifVersion: 12, what: 'x', dryRun: false };
    const error = await errorOf(client.configure({ ...call, text: 'clster: demo\nx: 1\n' }));
    expect(error.code).toBe('invalid-config');
    expect(error.problems).toHaveLength(3);
    expect(agent.asked).toEqual([]);
  });

  test('a configuration that somebody else changed gives a conflict', async () => {
    const call = { text: 'cluster: demo\n', what: 'x', dryRun: false };
    expect((await errorOf(client.configure({ ...call, ifVersion: 11 }))).code).toBe('conflict');
  });

  test('a reader of events waits until there is one', async () => {
    const waiting = client.events(0, 10, 10_000);
    agent.events = [
      { number: 1, index: 1, atMs: 0, what: { kind: 'node-added', node: nodeId('alpha') } },
    ];
    agent.server.eventsChanged();
    expect((await waiting).events).toHaveLength(1);
  });

  test('a reader of events without any gets an empty answer when its time has passed', async () => {
    expect((await client.events(0, 10, 50)).events).toEqual([]);
  });

  test('closing the server ends those who wait', async () => {
    const waiting = client.events(0, 10, 30_000).then(
      ({ events }) => events.length,
      (error: ClusterError) => error.code,
    );
    await client.status();
    await agent.server.close();
    expect([0, 'unavailable']).toContain(await waiting);
  });

  test('a second agent on the same socket is refused, and a dead socket is replaced', async () => {
    const options = { socket: agent.socket, group: 'none', handle: () => {} };
    await expect(new ControlServer(options).listen()).rejects.toThrow(/another agent/);
    const left = join(agent.directory, 'left.sock');
    const dead: Server = createServer();
    await new Promise<void>((resolve) => dead.listen(left, resolve));
    await new Promise((resolve) => dead.close(resolve));
    const next = new ControlServer({ ...options, socket: left });
    await next.listen();
    expect(existsSync(left)).toBe(true);
    await next.close();
  });

  test('a node that does not answer gives a timeout, and a late answer harms nothing', async () => {
    const late: (() => void)[] = [];
    const socket = join(agent.directory, 'slow.sock');
    const server = new ControlServer({
      socket,
      group: 'none',
      answerTimeoutMs: 30,
      handle: (_request, respond) =>
        late.push(() => respond({ kind: 'status', status: agent.status })),
    });
    await server.listen();
    const slow = new ControlClient({ socket, by: 'ann', timeoutMs: 5000 });
    expect((await errorOf(slow.status())).code).toBe('timeout');
    for (const answer of late) answer();
    await server.close();
  });

  test('broken and oversized requests are refused and the server goes on', async () => {
    await raw('no http at all\r\n\r\n');
    expect(await raw('GET /v1/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1.1 404/,
    );
    const big = { socket: agent.socket, method: 'POST', path: '/v1/cleanup', timeoutMs: 5000 };
    const answer = await exchange({ ...big, body: JSON.stringify({ node: 'x'.repeat(70_000) }) });
    expect(answer).toContain('more than 65536 bytes');
    expect(await client.status()).toEqual(agent.status);
  });
});

describe('an agent that cannot be asked', () => {
  test('no socket: the agent is not running, and how to start it', async () => {
    const none = new ControlClient({ socket: '/nowhere/agent.sock', by: 'x', timeoutMs: 100 });
    expect(await errorOf(none.status())).toMatchObject({
      code: 'unavailable',
      message: 'the agent is not running on this node',
      hint: 'systemctl start holdfast',
    });
  });

  test('a socket that nobody listens on says the same', async () => {
    await agent.server.close();
    chmodSync(agent.directory, 0o755);
    expect((await errorOf(client.status())).code).toBe('unavailable');
  });

  test('no permission names the group', () => {
    const error = connectError('/run/x', Object.assign(new Error('x'), { code: 'EACCES' }));
    expect(error).toMatchObject({
      code: 'denied',
      hint: expect.stringContaining('group holdfast'),
    });
  });

  test('an agent that never answers is given up', async () => {
    const socket = join(agent.directory, 'mute.sock');
    const mute = createServer((connection) => connection.resume());
    await new Promise<void>((resolve) => mute.listen(socket, resolve));
    const patient = new ControlClient({ socket, by: 'x', timeoutMs: 50 });
    expect((await errorOf(patient.status())).code).toBe('timeout');
    await new Promise((resolve) => mute.close(resolve));
  });

  test('the socket is the one of the environment', () => {
    expect(socketPath({})).toBe('/run/holdfast/agent.sock');
    expect(socketPath({ HOLDFAST_RUN: '/tmp/r' })).toBe('/tmp/r/agent.sock');
    expect(socketPath({ HOLDFAST_RUN: '/tmp/r', HOLDFAST_SOCKET: '/tmp/s' })).toBe('/tmp/s');
  });
});
