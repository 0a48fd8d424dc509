import { access, constants } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBurners } from './burners.ts';
import { type CommandResult, run } from './command.ts';
import type { LabSummary } from './lab.ts';
import type { ObserverReport } from './observation.ts';
import { childrenOf, isAlive } from './processes.ts';
import { labFile, nodePath } from './project.ts';

const name = 'test-verbs';

async function lab(...argv: readonly string[]): Promise<CommandResult> {
  return run([nodePath, labFile('main.ts'), ...argv]);
}

describe('the verbs', () => {
  beforeAll(async () => {
    expect(await lab('up', name, '--hosts', 'one,two', '--links', '1')).toMatchObject({
      exitCode: 0,
      stdout: 'one          10.77.0.1\ntwo          10.77.0.2\n',
    });
  });
  afterAll(async () => {
    expect(await lab('down', name)).toMatchObject({ exitCode: 0, stdout: '' });
  });

  async function summary(): Promise<LabSummary | undefined> {
    const { stdout } = await lab('list', '--json');
    return (JSON.parse(stdout) as readonly LabSummary[]).find((one) => one.name === name);
  }

  test('a lab made by one command is used by the next ones', async () => {
    expect(await lab('exec', name, 'two', 'hostname')).toMatchObject({ stdout: 'two\n' });
    expect(await lab('exec', name, 'client', 'ip', '-br', 'address')).toMatchObject({
      stdout: expect.stringContaining('10.77.0.254/24'),
    });
  });

  test('exec passes options, input and the exit code through', async () => {
    const argv = [nodePath, labFile('main.ts'), 'exec', name, 'one', 'sh', '-c', 'cat; exit 9'];
    expect(await run(argv, { input: 'in' })).toMatchObject({ exitCode: 9, stdout: 'in' });
    expect(await lab('exec', name, 'one', 'sh', '-c', 'kill -9 $$')).toMatchObject({
      exitCode: 137,
    });
  });

  test('power and freeze change the state that list shows', async () => {
    for (const [verb, state] of [
      ['freeze', 'frozen'],
      ['thaw', 'on'],
      ['poweroff', 'off'],
      ['poweron', 'on'],
    ] as const) {
      expect(await lab(verb, name, 'two')).toMatchObject({ exitCode: 0 });
      expect((await summary())?.hosts).toContainEqual({ name: 'two', state });
    }
  });

  test('faults of the network are shown until they are healed', async () => {
    await lab('cut', name, 'one', '0', '--direction', 'in');
    await lab('loss', name, 'two', '0', '12.5');
    await lab('partition', name, 'one,client', 'two');
    expect(await lab('list')).toMatchObject({
      stdout: expect.stringContaining(
        'cut one 0 in; loss two 0 both 12.5 %; partition one,client | two',
      ),
    });
    await lab('heal', name, 'one');
    expect((await summary())?.faults.cuts).toEqual([]);
    await lab('heal', name);
    expect((await summary())?.faults).toEqual({ cuts: [], losses: [], partition: [] });
  });

  test('observe prints a report, as words or as JSON', async () => {
    const { stdout } = await lab('observe', name, '10.77.0.1', '--seconds', '0.3', '--json');
    const report = JSON.parse(stdout) as ObserverReport;
    expect(report.polls).toBeGreaterThan(20);
    expect(report.failures.ECONNREFUSED).toBeGreaterThan(10);
    expect(Object.keys(report.arpReplies)).toEqual(['one']);
    const words = await lab('observe', name, '10.77.0.1:8080', '--seconds', '0.3');
    expect(words).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('longest gap') });
  });

  test.each([
    ['', 'no verb ""'],
    ['toString', 'no verb "toString"'],
    ['up', 'usage: lab up'],
    ['up ../x', 'lab name "../x"'],
    ['up x --hosts 0', '0 hosts'],
    ['up x --links two', '--links two: want a number'],
    ['down', 'usage: lab down'],
    ['down ../x', 'lab name "../x"'],
    ['list --yaml', "Unknown option '--yaml'"],
    ['exec test-verbs one', 'usage: lab exec'],
    ['exec nolab one true', 'no lab "nolab" is up'],
    ['poweroff test-verbs three', 'no host "three"'],
    ['cut test-verbs one 4', 'no link 4'],
    ['cut test-verbs one 0 --direction up', '--direction up'],
    ['heal test-verbs three', 'no host "three"'],
    ['partition test-verbs one', 'usage: lab partition'],
    ['partition test-verbs one one,two', 'two groups'],
    ['loss test-verbs one 0 101', 'loss of 101 per cent'],
    ['loss test-verbs one 0 much', 'PERCENT much: want a number'],
    ['observe test-verbs 10.77.0.1', '--seconds N is missing'],
    ['observe test-verbs 10.77.9.1 --seconds 1', 'in no path'],
    ['observe test-verbs 10.77.0.1:0 --seconds 1', 'want ADDRESS'],
    ['burn --seconds 0', '--seconds 0'],
    ['burn --seconds 1 --processes 0', '--processes 0'],
  ])('wrong input is one line and exit code 64: lab %s', async (line, words) => {
    const result = await lab(...line.split(' '));
    expect(result).toMatchObject({ exitCode: 64, stdout: '' });
    expect(result.stderr).toMatch(/^lab: .*\n$/);
    expect(result.stderr).toContain(words);
  });

  test('what the lab cannot do now is one line and exit code 69', async () => {
    const result = await lab('thaw', name, 'one');
    expect(result).toMatchObject({ exitCode: 69, stderr: 'lab: one is not frozen\n' });
  });
});

test('burners keep their processors busy until they are stopped', async () => {
  const before = new Set(childrenOf(process.pid));
  const burners = startBurners({ seconds: 20, count: 2 });
  const started = childrenOf(process.pid).filter((pid) => !before.has(pid));
  expect(started).toHaveLength(2);
  await expect.poll(() => started.flatMap(childrenOf)).toHaveLength(2);
  const all = [...started, ...started.flatMap(childrenOf)];
  burners.stop();
  await expect.poll(() => all.filter(isAlive)).toEqual([]);
});

test('a normal user can have a lab', async () => {
  const directory = `/tmp/holdfast-lab-test-${process.pid}`;
  const user = await normalUser();
  const asUser = async (...argv: readonly string[]): Promise<CommandResult> =>
    run([...user, 'env', `HOLDFAST_LAB_DIR=${directory}`, nodePath, labFile('main.ts'), ...argv]);
  try {
    expect(await asUser('up', 'test-user', '--hosts', '2')).toMatchObject({ exitCode: 0 });
    const script = 'echo x > /etc/holdfast/x && arping -c1 -I net1 beta-net1 && hostname';
    expect(await asUser('exec', 'test-user', 'alpha', 'sh', '-c', script)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/alpha\n$/),
    });
    expect(await asUser('freeze', 'test-user', 'beta')).toMatchObject({ exitCode: 0 });
    expect(await asUser('poweroff', 'test-user', 'beta')).toMatchObject({ exitCode: 0 });
    expect(await asUser('cut', 'test-user', 'alpha', '0')).toMatchObject({ exitCode: 0 });
    const observed = await asUser(
      'observe',
      'test-user',
      '10.77.1.1',
      '--seconds',
      '0.2',
      '--json',
    );
    expect(JSON.parse(observed.stdout)).toMatchObject({
      arpReplies: { alpha: expect.any(Number) },
    });
  } finally {
    expect(await asUser('down', 'test-user')).toMatchObject({ exitCode: 0, stdout: '' });
    await run(['rmdir', directory]);
  }
});

/** How root becomes a user who may nothing, if such a user can read the project at all. */
async function normalUser(): Promise<readonly string[]> {
  const become = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
  if (process.getuid?.() !== 0) return [];
  await access('/usr/bin/setpriv', constants.X_OK);
  const reads = await run([...become, nodePath, labFile('main.ts'), 'help']);
  return reads.exitCode === 0 ? become : [];
}
