import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projectRoot } from '../lab/project.ts';
import { SystemdMachine } from '../lab/runtime/machine.ts';
import { until } from '../lab/runtime/support.ts';

/** Stands in for the command: an agent that has started something, and a `leave` that says when it was called. */
const command = `#!/bin/sh
echo "$1" >> /run/calls
case $1 in
  agent)
    [ -e /run/refuse ] && exit 78
    pgrep -x sleep > /dev/null || setsid sleep 4321 &
    exec tail -f /dev/null ;;
  leave)
    [ -e /run/stuck ] && exit 106
    pkill -x sleep ;;
esac
`;

describe('the unit of a node, under a booted systemd', () => {
  let machine: SystemdMachine;

  beforeAll(async () => {
    machine = new SystemdMachine();
    install('packaging/holdfast.service', 'etc/systemd/system/holdfast.service');
    install('packaging/before-stop', 'usr/lib/holdfast/before-stop');
    writeFileSync(join(machine.root, 'usr/bin/holdfast'), command, { mode: 0o755 });
    await machine.booted();
    machine.run('systemctl', 'daemon-reload');
  });
  afterAll(() => machine.remove());

  beforeEach(async () => {
    machine.run('systemctl', 'start', 'holdfast');
    await until(() => machine.tryRun('pgrep', '-x', 'sleep'));
    machine.run('rm', '-f', '/run/calls');
  });
  afterEach(() => {
    machine.run('rm', '-f', '/run/stuck', '/run/refuse');
    machine.tryRun('systemctl', 'stop', 'holdfast');
    machine.tryRun('systemctl', 'reset-failed', 'holdfast');
    machine.tryRun('pkill', '-x', 'sleep');
  });

  function install(from: string, to: string): void {
    mkdirSync(join(machine.root, to, '..'), { recursive: true });
    copyFileSync(join(projectRoot, from), join(machine.root, to));
  }

  function calls(): readonly string[] {
    return machine.tryRun('test', '-e', '/run/calls')
      ? machine.run('cat', '/run/calls').split('\n')
      : [];
  }

  function show(property: string): string {
    return machine.run('systemctl', 'show', 'holdfast', '--value', '-p', property);
  }

  function service(): string {
    return machine.run('pgrep', '-x', 'sleep');
  }

  test('a stop leaves the cluster first', () => {
    machine.run('systemctl', 'stop', 'holdfast');
    expect(calls()).toEqual(['leave']);
    expect(machine.tryRun('pgrep', '-x', 'sleep')).toBe(false);
  });

  test('a restart leaves nothing, and what runs goes on', () => {
    const before = service();
    machine.run('systemctl', 'restart', 'holdfast');
    expect(calls()).toEqual(['agent']);
    expect(service()).toBe(before);
  });

  test('what cannot leave in an orderly way ends with the unit', () => {
    machine.run('touch', '/run/stuck');
    machine.tryRun('systemctl', 'stop', 'holdfast');
    expect(calls()).toEqual(['leave']);
    expect(machine.tryRun('pgrep', '-x', 'sleep')).toBe(false);
    expect(show('ActiveState')).not.toBe('active');
  });

  test('a heart that was killed is there again at once, and what runs goes on', async () => {
    const [service_, heart] = [service(), show('MainPID')];
    machine.run('kill', '-KILL', heart);
    const tookMs = await until(() => calls().includes('agent'));
    expect(tookMs).toBeLessThan(2000);
    expect(calls()).toEqual(['agent']);
    expect(service()).toBe(service_);
  });

  test('a node that only a person can mend is not started again', async () => {
    machine.run('touch', '/run/refuse');
    machine.run('kill', '-KILL', show('MainPID'));
    await until(() => show('ActiveState') === 'failed');
    expect(show('ExecMainStatus')).toBe('78');
    expect(calls()).toEqual(['agent']);
  });

  test('what the heart leaves to the next one outlives the unit', () => {
    machine.run('touch', '/run/holdfast/heart.json');
    machine.run('systemctl', 'stop', 'holdfast');
    expect(machine.tryRun('test', '-e', '/run/holdfast/heart.json')).toBe(true);
  });

  test('the agent is given a reset command in words of a JSON array', () => {
    const environment = machine.run('cat', `/proc/${show('MainPID')}/environ`).split('\0');
    const value = environment.find((entry) => entry.startsWith('HOLDFAST_RESET='))?.slice(15);
    expect(JSON.parse(value ?? '')).toEqual(['/bin/sh', '-c', 'echo b > /proc/sysrq-trigger']);
  });
});
