import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labCgroup } from './cgroup.ts';
import { run } from './command.ts';
import type { Host } from './host.ts';
import { Lab } from './lab.ts';
import { labProcesses } from './processes.ts';
import { labFile, nodePath } from './project.ts';
import { resetRequests } from './unit.ts';
import { installWeb } from './web.ts';

/** How many datagrams to closed ports a host has received, as its kernel counts them. */
async function datagramsAt(host: Host): Promise<number> {
  const lines = (await host.readFile('/proc/net/snmp')).split('\n');
  const [names = [], values = []] = lines
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('NoPorts')]);
}

/** Sends datagrams from one host to another over one path, and returns how many arrived. */
async function arriving(from: Host, to: Host, link: number, count = 1): Promise<number> {
  const before = await datagramsAt(to);
  // A known neighbour: with a cut in one direction nobody could ask for it.
  const neighbour = `ip neigh replace ${to.address(link)} lladdr ${to.mac(link)} dev net${link}`;
  const send = `for i in $(seq ${count}); do echo > /dev/udp/${to.address(link)}/9; done`;
  await from.exec(['bash', '-c', `${neighbour}; ${send}`], { timeoutMs: 20_000 });
  return (await datagramsAt(to)) - before;
}

function remains(name: string, directory: string): readonly unknown[] {
  const cgroup = labCgroup(name);
  const paths = [directory, ...(cgroup === undefined ? [] : [cgroup])];
  return [...labProcesses(directory), ...paths.filter((path) => existsSync(path))];
}

describe('one lab', () => {
  let lab: Lab;
  let alpha: Host;
  let beta: Host;
  let gamma: Host;

  beforeAll(async () => {
    lab = await Lab.up({ name: 'test-one', owned: true });
    alpha = lab.host('alpha');
    beta = lab.host('beta');
    gamma = lab.host('gamma');
  });
  afterAll(async () => lab.down());

  test('a host has its own name, addresses, processes, /run and /tmp', async () => {
    expect(await alpha.execOrThrow(['hostname'])).toBe('alpha\n');
    const addresses = await alpha.execOrThrow(['ip', '-br', 'address']);
    expect(addresses).toContain('net0');
    expect(addresses).toContain('10.77.1.1/24');
    expect(await alpha.execOrThrow(['sh', '-c', 'echo /proc/[0-9]*'])).not.toContain(
      `/proc/${process.pid} `,
    );
    await alpha.writeFile('/run/mine', 'x');
    expect((await beta.exec(['ls', '/run/mine'])).exitCode).toBe(2);
    expect(existsSync('/run/mine')).toBe(false);
  });

  test('exec hands over input, output, environment and exit code', async () => {
    const script = 'cat; echo "$WORD" >&2; exit 7';
    const result = await alpha.exec(['sh', '-c', script], { input: 'in', env: { WORD: 'err' } });
    expect(result).toMatchObject({ exitCode: 7, stdout: 'in', stderr: 'err\n', timedOut: false });
  });

  test('exec ends a command that takes too long, inside the host', async () => {
    const result = await alpha.exec(['sleep', '1234'], { timeoutMs: 100 });
    expect(result).toMatchObject({ timedOut: true, signal: 'SIGKILL' });
    await expect.poll(() => alpha.exec(['pgrep', '-x', 'sleep'])).toMatchObject({ exitCode: 1 });
  });

  test('a cut takes one path away and leaves the other', async () => {
    expect(await arriving(alpha, beta, 0)).toBe(1);
    await lab.cut('beta', 0);
    expect(await arriving(alpha, beta, 0)).toBe(0);
    expect(await arriving(beta, alpha, 0)).toBe(0);
    expect(await arriving(alpha, beta, 1)).toBe(1);
    expect(await beta.readFile('/sys/class/net/net0/carrier')).toBe('0\n');
    await lab.heal('beta', 0);
    await expect.poll(() => arriving(alpha, beta, 0)).toBe(1);
  });

  test('a cut inwards leaves what the host sends, and the link up', async () => {
    await lab.cut('beta', 0, { direction: 'in' });
    expect(await arriving(alpha, beta, 0)).toBe(0);
    expect(await arriving(beta, alpha, 0)).toBe(1);
    expect(await beta.readFile('/sys/class/net/net0/carrier')).toBe('1\n');
    await lab.heal('beta');
    expect(await arriving(alpha, beta, 0)).toBe(1);
  });

  test('a cut outwards leaves what the host receives', async () => {
    await lab.cut('beta', 1, { direction: 'out' });
    expect(await arriving(alpha, beta, 1)).toBe(1);
    expect(await arriving(beta, alpha, 1)).toBe(0);
    await lab.heal();
    expect(await arriving(beta, alpha, 1)).toBe(1);
  });

  test('a partition separates its groups on all paths, and nobody else', async () => {
    await lab.partition([['alpha'], ['beta']]);
    for (const link of [0, 1]) {
      expect(await arriving(alpha, beta, link)).toBe(0);
      expect(await arriving(beta, alpha, link)).toBe(0);
      expect(await arriving(alpha, gamma, link)).toBe(1);
      expect(await arriving(gamma, beta, link)).toBe(1);
    }
    await lab.partition([]);
    expect(await arriving(alpha, beta, 0)).toBe(1);
  });

  test('loss takes about the share of packets that it says', async () => {
    await lab.loss('beta', 0, 30);
    const arrived = await arriving(alpha, beta, 0, 400);
    expect(arrived).toBeGreaterThan(220); // 280 expected; the standard deviation is 9.
    expect(arrived).toBeLessThan(340);
    await lab.loss('beta', 0, 0);
    expect(await arriving(alpha, beta, 0, 100)).toBe(100);
  });

  test('faults made at the same time, by several makers, all hold', async () => {
    const other = Lab.attach(lab.name);
    await Promise.all([lab.cut('alpha', 1), other.cut('beta', 1), lab.cut('gamma', 1)]);
    expect(lab.faults.cuts.map((cut) => cut.host).toSorted()).toEqual(['alpha', 'beta', 'gamma']);
    await lab.heal();
  });

  test('a power-off loses processes, /run and /tmp, and keeps the disk', async () => {
    const script = 'echo kept > /var/lib/holdfast/a; echo kept > /etc/holdfast/b; echo > /run/c';
    await gamma.execOrThrow(['sh', '-c', `${script}; echo > /tmp/d`]);
    const left = gamma.spawn(['sleep', '1234']);
    await gamma.powerOff();
    expect(gamma.state).toBe('off');
    expect((await left.ended).signal).toBe('SIGKILL');
    await expect(gamma.exec(['true'])).rejects.toThrow('gamma is off');
    expect(await arriving(alpha, beta, 0)).toBe(1);
    await gamma.powerOn();
    expect(await gamma.readFile('/var/lib/holdfast/a')).toBe('kept\n');
    expect(await gamma.readFile('/etc/holdfast/b')).toBe('kept\n');
    expect((await gamma.exec(['ls', '/run/c', '/tmp/d'])).exitCode).toBe(2);
    expect((await gamma.exec(['pgrep', '-x', 'sleep'])).exitCode).toBe(1);
    expect(await arriving(alpha, gamma, 1)).toBe(1);
  });

  test('a cut made while a host is off holds when it is on again', async () => {
    await gamma.powerOff();
    await lab.cut('gamma', 0, { direction: 'in' });
    await lab.cut('gamma', 1);
    await gamma.powerOn();
    expect(await arriving(alpha, gamma, 0)).toBe(0);
    expect(await gamma.readFile('/sys/class/net/net1/carrier')).toBe('0\n');
    await lab.heal();
    expect(await arriving(alpha, gamma, 0)).toBe(1);
  });

  test('a frozen host does nothing until it is thawed, and then goes on', async () => {
    const script = 'while :; do date +%s%N > /run/beat.new; mv /run/beat.new /run/beat; done';
    const clock = beta.spawn(['sh', '-c', script]);
    const beats = (): Promise<string> => beta.exec(['cat', '/run/beat']).then((r) => r.stdout);
    await expect.poll(beats).not.toBe('');
    await beta.freeze();
    expect(beta.state).toBe('frozen');
    await expect(beta.exec(['true'])).rejects.toThrow('beta is frozen');
    expect(await alpha.exec(['arping', '-c1', '-I', 'net0', 'beta'])).toMatchObject({
      exitCode: 0,
    });
    await beta.thaw();
    const before = await beats();
    await expect.poll(beats).not.toBe(before);
    clock.kill();
    expect((await clock.ended).signal).toBe('SIGTERM');
  });

  test('a frozen host can lose its power', async () => {
    await beta.freeze();
    await beta.powerOff();
    await beta.powerOn();
    expect(beta.state).toBe('on');
  });

  test('a reset that a host asks for ends that host, not the machine', async () => {
    await gamma.exec(['sh', '-c', `echo b > ${resetRequests}`]);
    await gamma.waitUntilOff();
    expect(await arriving(alpha, beta, 0)).toBe(1);
    await gamma.powerOn();
    await gamma.exec(['reboot', '-f', '-f']);
    await gamma.waitUntilOff();
    await gamma.powerOn();
    expect(await arriving(alpha, gamma, 0)).toBe(1);
  });

  test('all hosts can lose and get their power at the same time', async () => {
    await Promise.all(lab.hosts.map((host) => host.powerOff()));
    expect(lab.hosts.map((host) => host.state)).toEqual(['off', 'off', 'off']);
    await Promise.all(lab.hosts.map((host) => host.powerOn()));
    expect(await arriving(alpha, gamma, 0)).toBe(1);
    expect(await arriving(gamma, beta, 1)).toBe(1);
  });

  test("a host has no disks and no watchdog, and cannot set the machine's clock", async () => {
    const devices = (await alpha.execOrThrow(['ls', '/dev'])).split('\n');
    expect(devices.filter((device) => /^(vd|sd|nvme|loop|watchdog|mem)/.test(device))).toEqual([]);
    expect((await alpha.exec(['date', '-s', '@1'])).stderr).toContain('not permitted');
    expect((await alpha.exec(['sh', '-c', 'echo x > /dev/null'])).exitCode).toBe(0);
    if (lab.hasCgroups) expect((await alpha.exec(['chrt', '-r', '1', 'true'])).exitCode).toBe(0);
  });

  test('what an orphan leaves behind is reaped', async () => {
    await alpha.execOrThrow(['sh', '-c', '(sleep 0.05 &) ; true']);
    const zombies = ['sh', '-c', 'grep -l "^State:.Z" /proc/[0-9]*/status 2>/dev/null | wc -l'];
    await expect.poll(() => alpha.execOrThrow(zombies)).toBe('0\n');
  });
});

describe('units', () => {
  let lab: Lab;
  let alpha: Host;

  beforeAll(async () => {
    lab = await Lab.up({ name: 'test-units', hosts: ['alpha'], owned: true });
    alpha = lab.host('alpha');
  });
  afterAll(async () => lab.down());

  test('a unit is restarted when its main process dies, after its stop command', async () => {
    await alpha.startUnit({
      name: 'main',
      argv: ['sh', '-c', 'echo started; exec sleep 1234'],
      restart: 'always',
      restartDelayMs: 20,
      stopPost: ['sh', '-c', 'echo "after $SERVICE_RESULT"'],
    });
    const starts = (): number => alpha.unitLog('main').match(/^started$/gm)?.length ?? 0;
    await expect.poll(starts).toBe(1);
    const first = (await alpha.unit('main'))?.mainPid;
    await alpha.signalUnit('main', 'SIGKILL');
    await expect.poll(starts).toBe(2);
    expect(await alpha.unit('main')).toMatchObject({
      state: 'running',
      restarts: 1,
      lastEnd: 'SIGKILL',
    });
    expect((await alpha.unit('main'))?.mainPid).not.toBe(first);
    await alpha.stopUnit('main');
    expect(await alpha.unit('main')).toMatchObject({ state: 'stopped', lastEnd: 'SIGTERM' });
    expect(alpha.unitLog('main').match(/^(started|after \w+)$/gm)).toEqual([
      'started',
      'after SIGKILL',
      'started',
      'after SIGTERM',
    ]);
  });

  test('the rest of a unit ends with its main process, unless the kill mode spares it', async () => {
    const argv = ['sh', '-c', 'sleep 4321 & exec sleep 1234'];
    const sleepers = async (): Promise<number> =>
      Number((await alpha.exec(['pgrep', '-fc', '^sleep 4321'])).stdout);
    await alpha.startUnit({ name: 'whole', argv });
    await expect.poll(sleepers).toBe(1);
    await alpha.signalUnit('whole', 'SIGKILL');
    await expect.poll(sleepers).toBe(0);
    await alpha.startUnit({ name: 'single', argv, killMode: 'process' });
    await expect.poll(sleepers).toBe(1);
    await alpha.signalUnit('single', 'SIGKILL');
    await expect.poll(async () => (await alpha.unit('single'))?.state).toBe('stopped');
    expect(await sleepers()).toBe(1);
    await alpha.exec(['pkill', '-f', '^sleep 4321']);
  });

  test('what ignores SIGTERM is killed after the time-out', async () => {
    const argv = ['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.05; done'];
    await alpha.startUnit({ name: 'deaf', argv, stopTimeoutMs: 200 });
    await expect.poll(() => alpha.unitLog('deaf')).toContain('up');
    await alpha.stopUnit('deaf');
    expect(await alpha.unit('deaf')).toMatchObject({ state: 'stopped', lastEnd: 'SIGKILL' });
  });

  test('a unit that cannot be started, or is unknown, is an error in words', async () => {
    await expect(alpha.stopUnit('none')).rejects.toThrow('alpha: no unit none');
    await alpha.startUnit({ name: 'wrong', argv: ['/nonexistent'] });
    await expect.poll(async () => (await alpha.unit('wrong'))?.state).toBe('stopped');
    await expect(alpha.signalUnit('wrong', 'SIGTERM')).rejects.toThrow('does not run');
  });

  test('enabled units run after a power-on, and output is kept', async () => {
    alpha.enableUnits([{ name: 'boot', argv: ['sh', '-c', 'echo booted; exec sleep 1234'] }]);
    await alpha.powerOff();
    await alpha.powerOn();
    expect(await alpha.units()).toMatchObject([{ name: 'boot', state: 'running' }]);
    await expect.poll(() => alpha.unitLog('boot')).toBe('booted\n');
    expect(alpha.unitLog('main')).toContain('started');
  });

  test('units find the control group below which they may make their own', async () => {
    const script =
      'mkdir -p "$HOLDFAST_CGROUP_ROOT/x/y" && echo 0 > "$HOLDFAST_CGROUP_ROOT/x/cgroup.procs"';
    const argv = ['sh', '-c', `${script} && cat /proc/self/cgroup`];
    await alpha.startUnit({ name: 'groups', argv });
    const expected = lab.hasCgroups ? '0::/holdfast/x' : 'cannot create';
    await expect.poll(() => alpha.unitLog('groups')).toContain(expected);
  });
});

describe('several labs', () => {
  test('labs with the same addresses live side by side and do not meet', async () => {
    const options = { hosts: 2, links: 1, owned: true } as const;
    const names = ['test-left', 'test-right'] as const;
    const [left, right] = await Promise.all(names.map((name) => Lab.up({ ...options, name })));
    if (left === undefined || right === undefined) throw new Error('two labs expected');
    try {
      await left.host('alpha').startUnit(await installWeb(left.host('alpha')));
      const fetch = ['curl', '-sS', '--max-time', '5', 'http://10.77.0.1/'];
      await expect.poll(async () => (await left.execOutside(fetch)).stdout).toBe('alpha\n');
      expect((await right.execOutside(fetch)).exitCode).toBe(7); // Refused: another alpha.
      await left.down();
      expect(await arriving(right.host('alpha'), right.host('beta'), 0)).toBe(1);
      expect(remains('test-left', left.directory)).toEqual([]);
    } finally {
      await Promise.all([left.down(), right.down()]);
    }
  });

  test('a lab whose maker was killed is stale, and the next of its name takes its place', async () => {
    const lab = await crashed('test-crash', 'up');
    expect(Lab.list().find(({ name }) => name === 'test-crash')?.stale).toBe(true);
    const next = await Lab.up({ name: 'test-crash', hosts: 1, owned: true });
    expect(labProcesses(lab).filter(({ isInit }) => isInit)).toHaveLength(1);
    await next.down();
    expect(remains('test-crash', lab)).toEqual([]);
  });

  test('a lab whose maker was killed while making it leaves nothing after `down`', async () => {
    const directory = await crashed('test-half', 'made the directory');
    expect(await Lab.downStale()).toContain('test-half');
    expect(remains('test-half', directory)).toEqual([]);
  });

  test('a place that cannot hold a lab is refused', async () => {
    const argv = [nodePath, labFile('main.ts'), 'up', 'test-place'];
    for (const place of ['/tmp/a:b', `/tmp/${'long'.repeat(10)}`]) {
      const result = await run(argv, { env: { ...process.env, HOLDFAST_LAB_DIR: place } });
      expect(result).toMatchObject({ exitCode: 69, stderr: expect.stringContaining(place) });
      expect(existsSync(place)).toBe(false);
    }
  });

  test('without its switch a lab cannot be used, and says what to do', async () => {
    const lab = await Lab.up({ name: 'test-dead', hosts: 1, owned: true });
    const [holder] = labProcesses(lab.directory).filter(({ part }) => part === 'switch');
    process.kill(holder?.pid ?? 0, 'SIGKILL');
    await expect.poll(() => Lab.list().find(({ name }) => name === 'test-dead')?.stale).toBe(true);
    expect(() => Lab.attach('test-dead')).toThrow('has crashed');
    await lab.down();
    expect(() => Lab.attach('test-dead')).toThrow('no lab "test-dead" is up');
  });
});

/** Has another process make a lab and kills it at a given point; returns the lab's directory. */
async function crashed(name: string, point: 'up' | 'made the directory'): Promise<string> {
  const module = new URL('lab.ts', import.meta.url).href;
  const script = `
    const { Lab } = await import(${JSON.stringify(module)});
    await Lab.up({ name: ${JSON.stringify(name)}, owned: true });
    process.stdout.write('up');
    setInterval(() => {}, 1000);`;
  const maker = spawn(nodePath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(maker, 'close');
  if (point === 'up') await Promise.race([once(maker.stdout, 'data'), ended]);
  else await expect.poll(() => existsSync(Lab.directoryOf(name)), { interval: 2 }).toBe(true);
  maker.kill('SIGKILL');
  await ended;
  return Lab.directoryOf(name);
}
