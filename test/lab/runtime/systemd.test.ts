import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findUnifiedMount } from '../../../src/runtime/gate/control-group.ts';
import { SystemdMachine } from './machine.ts';
import { until } from './support.ts';

const groups = String(findUnifiedMount());
const root = join(groups, 'holdfast-test');

describe('units of a booted systemd', () => {
  let machine: SystemdMachine;
  let worker: ChildProcess;
  let answers: unknown[];
  let events: { instance: string; detail: string }[];

  beforeAll(async () => {
    machine = new SystemdMachine();
    await machine.booted();
    writeUnit('web', 'ExecStart=/bin/sh -c "sleep 1001 & exec sleep 1000"');
    writeUnit('stray', 'KillMode=process\nExecStart=/bin/sh -c "sleep 1001 & exec sleep 1000"');
    writeUnit('bad', 'Type=oneshot\nExecStart=/bin/sh -c "exit 3"');
    writeUnit('slow', 'Type=notify\nExecStart=/bin/sleep 1000');
    writeUnit('eager', 'Restart=always\nRestartSec=0\nExecStart=/bin/sleep 1000');
    machine.run('systemctl', 'daemon-reload');
  });
  afterAll(() => machine.remove());

  beforeEach(async () => {
    answers = [];
    events = [];
    const script = join(import.meta.dirname, 'systemd-worker.ts');
    const [file, ...argv] = machine.in(process.execPath, script, root);
    worker = spawn(file, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (worker.stdout === null) throw new Error('no output of the worker');
    createInterface({ input: worker.stdout }).on('line', (line) => {
      const { answer, event } = JSON.parse(line);
      if (event === undefined) answers.push(answer);
      else events.push(event);
    });
    await call('open', 5);
  });

  afterEach(async () => {
    for (const unit of ['web', 'stray', 'bad', 'slow', 'eager']) await perform('stop', unit);
    worker.stdin?.end();
    await until(() => worker.exitCode !== null);
  });

  function writeUnit(name: string, lines: string): void {
    const text = `[Service]\n${lines}\n`;
    writeFileSync(join(machine.root, `etc/systemd/system/${name}.service`), text);
  }

  async function call(name: string, ...args: unknown[]): Promise<unknown> {
    worker.stdin?.write(`${JSON.stringify({ call: name, args })}\n`);
    const count = answers.length + 1;
    await until(() => answers.length >= count, 20_000);
    return answers.at(-1);
  }

  function perform(action: string, unit: string, timeoutMs: number = 10_000): Promise<unknown> {
    return call('perform', action, unit, 5, timeoutMs);
  }

  function show(unit: string, property: string): string {
    return machine.run('systemctl', 'show', unit, '--value', '-p', property);
  }

  function killMain(unit: string): void {
    const pid = Number(show(unit, 'MainPID'));
    if (pid <= 1) throw new Error(`${unit} does not run`); // For `kill 0` would end this test too.
    machine.run('kill', '-KILL', String(pid));
  }

  test('a unit starts, runs and stops', async () => {
    expect(await perform('monitor', 'web')).toMatchObject({ exitCode: 7 });
    expect(await perform('start', 'web')).toMatchObject({ status: 'done', exitCode: 0 });
    expect(await perform('monitor', 'web')).toMatchObject({ exitCode: 0 });
    expect(await perform('stop', 'web')).toMatchObject({ exitCode: 0 });
    expect(await perform('monitor', 'web')).toMatchObject({ exitCode: 7 });
    expect(events).toEqual([]);
  });

  test('the death of a unit is told in milliseconds, and its next start works', async () => {
    await perform('start', 'web');
    killMain('web');
    expect(await until(() => events.length > 0)).toBeLessThan(200);
    expect(events).toEqual([
      { instance: 'web', detail: expect.stringContaining('signal, status 9') },
    ]);
    expect(await perform('start', 'web')).toMatchObject({ exitCode: 0 });
  });

  test('a unit that systemd would restart by itself stays down', async () => {
    await perform('start', 'eager');
    expect(show('eager', 'Restart')).toBe('no');
    killMain('eager');
    await until(() => events.length > 0);
    expect(await perform('monitor', 'eager')).toMatchObject({ exitCode: 7 });
  });

  test('processes that a dead unit leaves behind fail its monitor and end before its next start', async () => {
    await perform('start', 'stray');
    killMain('stray');
    await until(() => events.length > 0);
    expect(await perform('monitor', 'stray')).toMatchObject({
      exitCode: 1,
      reason: expect.stringMatching(/its processes are left: process \d+ \(sleep\)/),
    });
    expect(await perform('start', 'stray')).toMatchObject({ exitCode: 0 });
    const file = join(groups, 'system.slice/stray.service/cgroup.procs');
    expect(machine.run('cat', file).split('\n')).toHaveLength(2);
    expect(await perform('stop', 'stray')).toMatchObject({ exitCode: 0 });
    expect(await perform('monitor', 'stray')).toMatchObject({ exitCode: 7 });
  });

  test('once the gate is shut its units are dead and start no more, by whoever asks', async () => {
    await perform('start', 'web');
    const guarded = await call('controlGroups', 'web');
    expect(guarded).toEqual([join(groups, 'system.slice/web.service')]);
    await call('putDown', 5, guarded);
    while (((await call('left', 5, guarded)) as string[]).length > 0)
      await call('putDown', 5, guarded);
    expect(await perform('start', 'web')).toMatchObject({
      status: 'refused',
      reason: 'the gate of incarnation 5 is shut',
    });
    expect(machine.tryRun('systemctl', 'start', 'web')).toBe(false);
    await call('open', 5);
    expect(await perform('start', 'web')).toMatchObject({ exitCode: 0 });
  });

  test('a unit that fails and one that is too slow are told with the reason', async () => {
    expect(await perform('start', 'bad')).toMatchObject({
      exitCode: 1,
      reason: 'bad.service is failed: exit-code, status 3',
    });
    expect(await perform('start', 'slow', 300)).toMatchObject({
      status: 'timed-out',
      reason: 'no end within 0.3 s; the unit is activating (start)',
    });
    expect(await perform('stop', 'slow')).toMatchObject({ exitCode: 0 });
  });

  test('a unit that does not exist is told with the nearest one', async () => {
    expect(await perform('start', 'stary')).toMatchObject({
      status: 'not-installed',
      exitCode: 5,
      reason: 'there is no unit stary.service; did you mean stray?',
    });
    expect(await perform('stop', 'stary')).toMatchObject({ exitCode: 0 });
  });

  test('events go on after a restart of the bus and of systemd itself', async () => {
    for (const restart of [['restart', 'dbus'], ['daemon-reexec']]) {
      await perform('start', 'web');
      events = [];
      machine.run('systemctl', ...restart);
      killMain('web');
      await until(() => events.length > 0);
    }
  });

  test('everything works while there is no bus', async () => {
    machine.run('systemctl', 'stop', 'dbus.socket', 'dbus.service');
    const started = await perform('start', 'web');
    expect(started, JSON.stringify(started)).toMatchObject({ exitCode: 0 });
    killMain('web');
    await until(() => events.length > 0);
    expect(await perform('stop', 'web')).toMatchObject({ exitCode: 0 });
    machine.run('systemctl', 'start', 'dbus.socket', 'dbus.service');
  });
});
