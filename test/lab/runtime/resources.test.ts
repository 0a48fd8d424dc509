import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentSpec } from '../../../src/model/agent-spec.ts';
import { instanceId } from '../../../src/model/ids.ts';
import type { Operation, OperationResult } from '../../../src/model/operation.ts';
import type { Gate } from '../../../src/runtime/gate/gate.ts';
import { type ResourceEvent, Resources } from '../../../src/runtime/resources/resources.ts';
import { clearGate, gateKinds, temporaryDirectory, until } from './support.ts';

const web = instanceId('web');
const process_: AgentSpec = { kind: 'process' };

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

for (const { kind, make } of gateKinds()) {
  describe(`resources in a gate of ${kind}`, () => {
    let directory: ReturnType<typeof temporaryDirectory>;
    let gate: Gate;
    let resources: Resources;
    let events: ResourceEvent[];
    let nextId = 1;

    function openResources(): Resources {
      return new Resources({
        gate: make(directory.path),
        runDirectory: directory.path,
        node: 'alpha',
        heart: {
          setAddress: () => Promise.resolve('no heart here'),
          removeAddress: () => Promise.resolve(undefined),
        },
        onEvent: (event) => events.push(event),
        places: {
          ocfRoot: join(directory.path, 'ocf'),
          lsbDirectory: join(directory.path, 'init.d'),
          unitDirectories: [],
        },
      });
    }

    beforeEach(() => {
      directory = temporaryDirectory();
      events = [];
      gate = make(directory.path);
      gate.open(5);
      resources = openResources();
    });

    afterEach(async () => {
      resources.close();
      await clearGate(gate, directory.path);
      directory.remove();
    });

    function perform(
      action: Operation['action'],
      agent: AgentSpec,
      parameters: Record<string, string>,
      more: Partial<Operation> = {},
    ): Promise<OperationResult> {
      const operation: Operation = {
        id: nextId++,
        instance: web,
        agent,
        action,
        parameters,
        meta: {},
        timeoutMs: 5_000,
        incarnation: 5,
        exclusive: true,
        ...more,
      };
      return new Promise((resolve) => resources.perform(operation, resolve));
    }

    function writeAgent(type: string, script: string): AgentSpec {
      const above = join(directory.path, 'ocf/resource.d/test');
      mkdirSync(above, { recursive: true });
      writeFileSync(join(above, type), `#!/bin/sh\n${script}\n`);
      chmodSync(join(above, type), 0o755);
      return { kind: 'ocf', provider: 'test', type };
    }

    test('a process starts, runs, and stops', async () => {
      const parameters = { command: 'sleep 1000' };
      expect(await perform('monitor', process_, parameters)).toMatchObject({ exitCode: 7 });
      expect(await perform('start', process_, parameters)).toMatchObject({ exitCode: 0 });
      expect(await perform('monitor', process_, parameters)).toMatchObject({ exitCode: 0 });
      expect(await perform('start', process_, parameters)).toMatchObject({ exitCode: 0 });
      expect(resources.running()).toEqual([web]);
      expect(await perform('stop', process_, parameters)).toMatchObject({ exitCode: 0 });
      expect(await perform('monitor', process_, parameters)).toMatchObject({ exitCode: 7 });
      expect(resources.running()).toEqual([]);
      expect(events).toEqual([]);
    });

    test('the death of a process is told at once', async () => {
      const answer = await perform('start', process_, { command: 'sleep 1000' });
      const pid = Number(/process (\d+)/.exec(answer.reason)?.[1]);
      process.kill(pid, 'SIGKILL');
      const tookMs = await until(() => events.length > 0);
      expect(events).toMatchObject([{ kind: 'exited', instance: web }]);
      expect(tookMs).toBeLessThan(500);
    });

    test('a process outlives this agent, and the next one sees its death', async () => {
      const parameters = { command: 'sleep 1000' };
      const answer = await perform('start', process_, parameters);
      const pid = Number(/process (\d+)/.exec(answer.reason)?.[1]);
      resources.close();
      resources = openResources();
      expect(resources.running()).toEqual([web]);
      expect(await perform('monitor', process_, parameters)).toMatchObject({ exitCode: 0 });
      expect(isRunning(pid)).toBe(true);
      process.kill(pid, 'SIGKILL');
      await until(() => events.some((event) => event.kind === 'exited'));
    });

    test('a process that ends at once is a failed start that quotes its last line', async () => {
      const answer = await perform('start', process_, {
        command: 'echo "cannot open the file" >&2; exit 3',
        shell: 'yes',
        ready: 'false',
      });
      expect(answer).toMatchObject({ status: 'done', exitCode: 1 });
      expect(answer.reason).toBe('ended at once, exit code 3: cannot open the file');
    });

    test('a process that puts itself into the background is a failed start, and its rest is ended', async () => {
      const parameters = { command: 'sleep 1000 & exit 0', shell: 'yes', ready: 'false' };
      expect(await perform('start', process_, parameters)).toMatchObject({
        exitCode: 1,
        reason: 'ended at once; it must stay in the foreground',
      });
      expect(await perform('stop', process_, parameters)).toMatchObject({ exitCode: 0 });
      expect(resources.running()).toEqual([]);
    });

    test('a program that does not exist is a failed start', async () => {
      const answer = await perform('start', process_, { command: '/nowhere/at-all' });
      expect(answer.exitCode).toBe(1);
      expect(answer.reason).toMatch(/not found/);
    });

    test('a process that ignores its stop signal is killed within the timeout', async () => {
      await perform('start', process_, {
        command: 'trap "" TERM; while :; do sleep 0.1; done',
        shell: 'yes',
      });
      const answer = await perform('stop', process_, { command: 'x' }, { timeoutMs: 500 });
      expect(answer).toMatchObject({ exitCode: 0, reason: 'stopped by SIGKILL after 400 ms' });
      expect(resources.running()).toEqual([]);
    });

    test('a start waits until the port answers', async () => {
      const server = createServer((socket) => socket.destroy());
      const port = await new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          const address = server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : 0);
        });
      });
      const good = { command: 'sleep 1000', ready: String(port) };
      expect(await perform('start', process_, good)).toMatchObject({ exitCode: 0 });
      await new Promise((resolve) => server.close(resolve));
      const deep = await perform('monitor', process_, good, { checkLevel: 10 });
      expect(deep).toMatchObject({ exitCode: 1 });
      expect(deep.reason).toMatch(/runs but is not ready: .*ECONNREFUSED/);
      await perform('stop', process_, good);
      const late = await perform('start', process_, good, { timeoutMs: 300 });
      expect(late).toMatchObject({ status: 'timed-out', exitCode: 1 });
    });

    test('a ready command is run until it succeeds', async () => {
      const file = join(directory.path, 'is-ready');
      const answer = await perform('start', process_, {
        command: `sleep 0.2; touch ${file}; exec sleep 1000`,
        shell: 'yes',
        ready: `test -e ${file}`,
      });
      expect(answer).toMatchObject({ exitCode: 0 });
      expect(answer.durationMs).toBeGreaterThan(150);
    });

    test('a process runs as its user, in its directory, with its environment', async () => {
      const out = join(directory.path, 'out');
      writeFileSync(out, '');
      chmodSync(out, 0o666);
      chmodSync(directory.path, 0o755);
      await perform('start', process_, {
        command: `(id -un; pwd; echo "$COLOUR") > ${out}; exec sleep 1000`,
        shell: 'yes',
        user: 'nobody',
        directory: '/usr',
        environment: 'COLOUR="deep blue"',
      });
      await until(() => readFileSync(out, 'utf8') === 'nobody\n/usr\ndeep blue\n');
    });

    test('what is wrong with the parameters is told', async () => {
      const cases: [Record<string, string>, string][] = [
        [{}, 'command is missing'],
        [{ command: 'a "b' }, 'command has a quote without end: a "b'],
        [{ command: 'true', user: 'nosuch' }, 'there is no user nosuch'],
        [{ command: 'true', directory: '/nosuch' }, 'there is no directory /nosuch'],
        [{ command: 'true', 'stop-signal': 'BOO' }, 'stop-signal is no signal: BOO'],
      ];
      for (const [parameters, reason] of cases) {
        expect(await perform('start', process_, parameters)).toMatchObject({ exitCode: 6, reason });
      }
    });

    test('nothing starts once the gate is shut', async () => {
      gate.putDown(5, 'kill', []);
      const answer = await perform('start', process_, { command: 'sleep 1000' });
      expect(answer).toMatchObject({
        status: 'refused',
        reason: 'the gate of incarnation 5 is shut',
      });
      const agent = writeAgent('simple', 'exit 0');
      expect(await perform('start', agent, {})).toMatchObject({ status: 'refused' });
    });

    test('a resource that is not exclusive starts outside of the gates', async () => {
      gate.putDown(5, 'kill', []);
      const answer = await perform(
        'start',
        process_,
        { command: 'sleep 1000' },
        { exclusive: false },
      );
      expect(answer).toMatchObject({ exitCode: 0 });
    });

    test('an OCF agent gets its environment and its answer comes back', async () => {
      const agent = writeAgent('env', 'env; echo "ocf-exit-reason:because" >&2; exit 191');
      const answer = await perform(
        'monitor',
        agent,
        { ip: '1.2.3.4' },
        {
          meta: { 'clone-max': '2' },
          checkLevel: 10,
          timeoutMs: 4_000,
        },
      );
      expect(answer).toMatchObject({ status: 'done', exitCode: 191, reason: 'because' });
      const root = join(directory.path, 'ocf');
      for (const line of [
        'OCF_RESKEY_ip=1.2.3.4',
        'OCF_RESKEY_CRM_meta_clone_max=2',
        'OCF_RESKEY_CRM_meta_timeout=4000',
        'OCF_RESKEY_CRM_meta_on_node=alpha',
        'OCF_RESOURCE_INSTANCE=web',
        'OCF_RESOURCE_TYPE=env',
        'OCF_RESOURCE_PROVIDER=test',
        'OCF_CHECK_LEVEL=10',
        `OCF_ROOT=${root}`,
      ]) {
        expect(answer.stdout.split('\n')).toContain(line);
      }
    });

    test('an agent describes itself, and is asked again only when its file has changed', async () => {
      const asked = join(directory.path, 'asked');
      const describe_ = (summary: string): string =>
        `echo x >> ${asked}; echo '<resource-agent name="a"><shortdesc>${summary}</shortdesc></resource-agent>'`;
      const agent = writeAgent('a', describe_('one'));
      expect(await resources.metadata(agent)).toMatchObject({ name: 'a', summary: 'one' });
      await resources.metadata(agent);
      expect(readFileSync(asked, 'utf8')).toBe('x\n');
      writeAgent('a', describe_('two'));
      expect(await resources.metadata(agent)).toMatchObject({ summary: 'two' });
      writeAgent('mute', 'exit 0');
      expect(await resources.metadata({ ...agent, type: 'mute' } as AgentSpec)).toMatchObject({
        reason: expect.stringContaining('printed no agent description'),
      });
    });

    test('the real agent of a real nginx works, unchanged', async () => {
      const configfile = join(directory.path, 'nginx.conf');
      const pidFile = join(directory.path, 'nginx.pid');
      const port = await freePort();
      const site = `listen 127.0.0.1:${port}; location / { return 200 ok; }`;
      const http = `http { access_log off; server { ${site} } }`;
      writeFileSync(
        configfile,
        `pid ${pidFile}; error_log ${directory.path}/errors; events {} ${http}`,
      );
      const real = new Resources({
        gate,
        runDirectory: directory.path,
        node: 'alpha',
        heart: {
          setAddress: () => Promise.resolve('no heart here'),
          removeAddress: () => Promise.resolve(undefined),
        },
        onEvent: (event) => events.push(event),
      });
      resources.close();
      resources = real;
      const nginx: AgentSpec = { kind: 'ocf', provider: 'heartbeat', type: 'nginx' };
      const parameters = { configfile, httpd: '/usr/sbin/nginx', port: String(port) };
      const more = { timeoutMs: 20_000 };
      expect(await perform('monitor', nginx, parameters, more)).toMatchObject({ exitCode: 7 });
      expect(await perform('start', nginx, parameters, more)).toMatchObject({ exitCode: 0 });
      expect(await perform('monitor', nginx, parameters, more)).toMatchObject({ exitCode: 0 });
      process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
      expect(await until(() => events.length > 0)).toBeLessThan(500);
      expect(events).toMatchObject([{ kind: 'main-exited', certain: true }]);
      expect(await perform('stop', nginx, parameters, more)).toMatchObject({ exitCode: 0 });
      expect(resources.running()).toEqual([]);
    });

    test('an agent that hangs is killed with all its children, and its last line is told', async () => {
      const agent = writeAgent(
        'hang',
        `trap '' TERM; echo "waiting for the disk" >&2; sleep 1000 & echo $! > ${directory.path}/pid; wait; sleep 1000`,
      );
      const answer = await perform('start', agent, {}, { timeoutMs: 300 });
      expect(answer).toMatchObject({
        status: 'timed-out',
        exitCode: 1,
        reason: 'no answer within 0.3 s; its last line: waiting for the disk',
      });
      expect(answer.durationMs).toBeLessThan(1_500);
      expect(resources.running()).toEqual([]);
    });

    test('a daemon that its agent left behind lives on after a timeout, until the stop', async () => {
      const file = join(directory.path, 'daemon');
      const agent = writeAgent(
        'slow',
        `if [ "$1" = stop ]; then exit 0; fi
         setsid sh -c 'echo $$ > ${file}; exec sleep 1000' & sleep 1000`,
      );
      expect(await perform('start', agent, {}, { timeoutMs: 400 })).toMatchObject({
        status: 'timed-out',
      });
      const pid = Number(readFileSync(file, 'utf8'));
      expect(isRunning(pid)).toBe(true);
      expect(await perform('stop', agent, {})).toMatchObject({ exitCode: 0 });
      await until(() => !isRunning(pid));
    });

    test('the death of a main process that leaves workers behind is told', async () => {
      const file = join(directory.path, 'main');
      const agent = writeAgent(
        'daemon',
        `setsid sh -c 'sleep 1001 & echo $$ > ${file}; exec sleep 1000' >/dev/null 2>&1 &
         while [ ! -s ${file} ]; do sleep 0.01; done`,
      );
      await perform('start', agent, {});
      process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
      const tookMs = await until(() => events.length > 0);
      expect(events).toMatchObject([{ kind: 'main-exited', instance: web, certain: true }]);
      expect(tookMs).toBeLessThan(500);
    });

    test('an operation that is cancelled ends and says so', async () => {
      const agent = writeAgent('hang', `touch ${directory.path}/up; exec sleep 1000`);
      const answer = perform('start', agent, {}, { id: 777 });
      await until(() => resources.running().length > 0);
      resources.cancel(777);
      expect(await answer).toMatchObject({ status: 'cancelled', reason: 'cancelled' });
    });

    test('a missing agent is told with the nearest one', async () => {
      writeAgent('nginx', 'exit 0');
      const answer = await perform('start', { kind: 'ocf', provider: 'test', type: 'ngnix' }, {});
      expect(answer).toMatchObject({
        status: 'not-installed',
        exitCode: 5,
        reason: 'there is no agent ocf:test:ngnix; did you mean ocf:test:nginx?',
      });
    });

    test('an agent that others can write is not run', async () => {
      const agent = writeAgent('loose', `touch ${directory.path}/ran`);
      const above = join(directory.path, 'ocf/resource.d/test');
      chmodSync(join(above, 'loose'), 0o775);
      expect(await perform('start', agent, {})).toMatchObject({ status: 'refused', exitCode: 4 });
      chmodSync(join(above, 'loose'), 0o755);
      chmodSync(above, 0o777);
      const answer = await perform('start', agent, {});
      expect(answer).toMatchObject({ status: 'refused', exitCode: 4 });
      expect(answer.reason).toContain('can be written by others (mode 777)');
    });

    test('an init script is asked for its status, and its codes are translated', async () => {
      mkdirSync(join(directory.path, 'init.d'));
      const path = join(directory.path, 'init.d/thing');
      writeFileSync(path, '#!/bin/sh\n[ "$1" = status ] && exit 3\nexit 0\n');
      chmodSync(path, 0o755);
      const lsb: AgentSpec = { kind: 'lsb', script: 'thing' };
      expect(await perform('monitor', lsb, {})).toMatchObject({ exitCode: 7 });
      expect(await perform('start', lsb, {})).toMatchObject({ exitCode: 0 });
      expect(await perform('start', { kind: 'lsb', script: 'none' }, {})).toMatchObject({
        status: 'not-installed',
      });
    });

    test('output without end is bounded', async () => {
      const agent = writeAgent('loud', 'seq 1 200000; seq 1 200000 >&2; exit 0');
      const answer = await perform('monitor', agent, {});
      expect(answer.exitCode).toBe(0);
      expect(answer.stdout.length).toBeLessThanOrEqual(16 * 1024);
      expect(answer.stderr.endsWith('\n200000\n')).toBe(true);
      expect(execFileSync('ls', [join(directory.path, 'output')], { encoding: 'utf8' })).toBe('');
    });
  });
}
