import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../lab/project.ts';
import { SystemdMachine } from '../lab/runtime/machine.ts';
import { until } from '../lab/runtime/support.ts';
import { agentUnit } from './cluster.ts';

const holdfast = join(projectRoot, 'bin/holdfast');

let machine: SystemdMachine;
let program: readonly string[];

beforeAll(async () => {
  program = (await agentUnit()).argv;
  machine = new SystemdMachine();
  await machine.booted();
  const unit = join(machine.root, 'etc/systemd/system/web.service');
  writeFileSync(unit, '[Service]\nExecStart=/bin/sleep 4711\n');
  machine.run('systemctl', 'daemon-reload');
  machine.run('mkdir', '-p', '/etc/holdfast');
  machine.run('chmod', '755', '/etc/holdfast');
  machine.run('ip', 'link', 'set', 'lo', 'up');
  machine.run(holdfast, 'cluster', 'init', 'lab', '--node', 'alpha', '--link', '127.0.0.1');
});
afterAll(async () => {
  await machine?.remove();
});

function isActive(unit: string): boolean {
  return machine.tryRun('systemctl', 'is-active', '--quiet', unit);
}

function status(): string {
  try {
    return machine.run(holdfast, 'status');
  } catch {
    return '';
  }
}

describe('a systemd unit that may run on one node only', () => {
  it('is ended by the heart when the lease ends, though no agent works any more', async () => {
    const [file, ...argv] = machine.in(...program);
    const heart = spawn(file, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
    let journal = '';
    heart.stderr.on('data', (chunk: Buffer) => {
      journal += chunk.toString();
    });
    try {
      await until(() => status().includes('all is well'), 20_000);
      machine.run(holdfast, 'resource', 'create', 'web', 'systemd:web', '--wait');
      expect(isActive('web')).toBe(true);
      const memory = machine.run('cat', '/run/holdfast/heart.json');
      expect(memory).toMatch(/system\.slice\/web\.service/);
      expect(memory).not.toContain('unit:');

      // From now on no agent can start here.
      machine.run('chmod', '644', '/etc/holdfast/node.key');
      machine.run('pkill', '-KILL', '-f', '[a]gent.js');
      expect(isActive('web')).toBe(true);
      await until(() => !isActive('web'), 20_000);
      expect(journal).toContain('heart: no working agent for too long: gives up the lease');
      expect(machine.tryRun('systemctl', 'start', 'web')).toBe(false);
    } finally {
      machine.tryRun('pkill', '-KILL', '-f', '[h]eart.js');
      machine.tryRun('pkill', '-KILL', '-f', '[a]gent.js');
      heart.kill('SIGKILL');
    }
  });
});
