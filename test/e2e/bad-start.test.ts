import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CommandResult } from '../lab/command.ts';
import type { Host } from '../lab/host.ts';
import { Lab } from '../lab/lab.ts';
import { nodePath, projectRoot } from '../lab/project.ts';
import { agentUnit } from './cluster.ts';

/** EX_CONFIG: systemd does not start the unit again (RestartPreventExitStatus). */
const exitConfig = 78;
const holdfast = join(projectRoot, 'bin/holdfast');

let lab: Lab;
let alpha: Host;
let beta: Host;
let agent: readonly string[];

beforeAll(async () => {
  lab = await Lab.up({ name: `bs${process.pid}`, hosts: 2, owned: true });
  alpha = lab.host('alpha');
  beta = lab.host('beta');
  agent = (await agentUnit()).argv;
  // Two clusters of one node each, so that things of one can be found in the other.
  for (const host of [alpha, beta]) {
    const links = ['--link', host.address(0), '--link', host.address(1)];
    await host.execOrThrow([holdfast, 'cluster', 'init', `of-${host.name}`, ...links]);
    await shell(
      host,
      'cp -a /etc/holdfast /var/good-etc && cp -a /var/lib/holdfast /var/good-state',
    );
  }
  await alpha.writeFile('/var/foreign.tar', '');
  const packed = await shell(beta, 'tar c -C / etc/holdfast var/lib/holdfast | base64 -w0');
  await alpha.writeFile('/var/foreign.base64', packed.stdout);
  await shell(alpha, 'mkdir /var/foreign && base64 -d /var/foreign.base64 | tar x -C /var/foreign');
});
afterAll(async () => {
  await lab?.down();
});
beforeEach(async () => {
  await shell(
    alpha,
    `umount -q /run/holdfast; rm -rf /etc/holdfast/* /var/lib/holdfast/* /run/holdfast
     cp -a /var/good-etc/. /etc/holdfast && cp -a /var/good-state/. /var/lib/holdfast`,
  );
});

async function shell(host: Host, script: string): Promise<CommandResult> {
  return await host.exec(['sh', '-c', script]);
}

/** Runs the agent as systemd would, until it ends by itself; one that does not end is ended. */
async function start(prefix: readonly string[] = []): Promise<CommandResult> {
  return await alpha.exec(['timeout', '10', ...prefix, ...agent]);
}

/** The agent of a good node is a member within seconds. */
async function expectItStarts(): Promise<void> {
  const unit = { ...(await agentUnit()), restart: 'no' } as const;
  await alpha.startUnit(unit);
  try {
    await alpha.execOrThrow(['timeout', '15', 'sh', '-c', untilMember]);
  } finally {
    await alpha.stopUnit(unit.name);
  }
}

const untilMember = `until ${holdfast} status | grep -q 'all is well'; do sleep 0.1; done`;

describe('an agent that cannot work here says why in one line, and ends for good', () => {
  const cases: readonly (readonly [what: string, damage: string, message: RegExp])[] = [
    [
      'this machine belongs to no cluster',
      'rm /etc/holdfast/node.json',
      /heart: \/etc\/holdfast\/node.json is missing: .* run "holdfast cluster init" or "holdfast cluster join"/,
    ],
    [
      'its file is damaged',
      'echo "{" > /etc/holdfast/node.json',
      /heart: \/etc\/holdfast\/node.json is damaged: restore it, or join the cluster anew/,
    ],
    [
      'its file is of another version',
      `sed -i 's/"format": 1/"format": 7/' /etc/holdfast/node.json`,
      /heart: \/etc\/holdfast\/node.json has format 7, this program knows 1/,
    ],
    [
      'its key is missing',
      'rm /etc/holdfast/node.key',
      /agent: \/etc\/holdfast\/node.key is missing/,
    ],
    [
      'its key can be read by others',
      'chmod 644 /etc/holdfast/node.key',
      /agent: \/etc\/holdfast\/node.key: others can read it \(mode 0644\); set mode 0600/,
    ],
    [
      'its key is another one',
      'cp /var/foreign/etc/holdfast/node.key /etc/holdfast/',
      /agent: \/etc\/holdfast\/node.key is not the key of the certificate beside it/,
    ],
    [
      'its certificate is of another cluster',
      'cp /var/foreign/etc/holdfast/node.key /var/foreign/etc/holdfast/node.pem /etc/holdfast/',
      /agent: \/etc\/holdfast\/node.pem was not signed by \/etc\/holdfast\/authority.pem/,
    ],
    [
      'all its credentials are of another cluster',
      'cp /var/foreign/etc/holdfast/*.pem /var/foreign/etc/holdfast/*.key /etc/holdfast/',
      /agent: the certificate in \/etc\/holdfast is for node beta of cluster .*, not for alpha/,
    ],
    [
      'its log is missing',
      'rm -r /var/lib/holdfast/log',
      /agent: \/var\/lib\/holdfast\/log\/log.db: there is no log/,
    ],
    [
      'its log is that of another cluster',
      'rm -r /var/lib/holdfast/log; cp -r /var/foreign/var/lib/holdfast/log /var/lib/holdfast/',
      /agent: .*log.db: belongs to cluster .*, not to .*; move it away if this node is to join anew/,
    ],
    [
      'its log is of a newer version',
      `${nodePath} -e 'new (require("node:sqlite").DatabaseSync)("/var/lib/holdfast/log/log.db").exec("PRAGMA user_version = 99")'`,
      /agent: .*log.db: written in format 99, this program knows up to 1; install the version/,
    ],
    [
      'its log is damaged',
      'dd if=/dev/urandom of=/var/lib/holdfast/log/log.db bs=4096 seek=1 count=2 conv=notrunc 2>&1',
      /agent: .*log.db: .*(?:damaged|malformed).*; the disk lost or changed what was written/,
    ],
    [
      'its directory for sockets cannot be made',
      'touch /run/holdfast',
      /heart: \/run\/holdfast: this is no directory/,
    ],
    [
      'its directory for sockets is read-only',
      'mkdir /run/holdfast && mount -t tmpfs -o ro tmpfs /run/holdfast',
      /\/run\/holdfast.*: the file system is read-only/,
    ],
  ];
  it.each(cases)('%s', async (_what, damage, message) => {
    await shell(alpha, damage);
    const { exitCode, stderr } = await start();
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(exitCode).toBe(exitConfig);
  });

  it('it has not the rights', async () => {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const { exitCode, stderr } = await start(nobody);
    expect(stderr).toMatch(/heart: \/etc\/holdfast\/node.json cannot be read: EACCES/);
    expect(exitCode).toBe(exitConfig);
  });

  it.each([
    ['UDP', 'require("dgram").createSocket("udp4").bind(7400, "10.77.0.1")'],
    ['TCP', 'require("net").createServer().listen(7400, "10.77.0.1")'],
  ])('another program uses its %s port', async (transport, program) => {
    const other = alpha.spawn([nodePath, '-e', program]);
    try {
      await alpha.execOrThrow(['timeout', '5', 'sh', '-c', untilPortIsTaken]);
      const { exitCode, stderr } = await start();
      expect(stderr).toContain(
        `cannot use ${transport} port 7400 of 10.77.0.1: another program uses it`,
      );
      expect(exitCode).toBe(exitConfig);
    } finally {
      other.kill('SIGKILL');
      await other.ended;
    }
  });

  it('it runs already', async () => {
    const unit = { ...(await agentUnit()), restart: 'no' } as const;
    await alpha.startUnit(unit);
    try {
      await alpha.execOrThrow(['timeout', '15', 'sh', '-c', untilMember]);
      const { exitCode, stderr } = await start();
      expect(stderr).toContain('heart: another agent of this node runs already');
      expect(exitCode).toBe(exitConfig);
      const { stdout } = await shell(alpha, `${holdfast} status`);
      expect(stdout).toContain('all is well');
    } finally {
      await alpha.stopUnit(unit.name);
    }
  });
});

const untilPortIsTaken = 'until ss -Hlnut | grep -q 10.77.0.1:7400; do sleep 0.05; done';

describe('an agent that can work does so', () => {
  it('there is no command ip: addresses cannot run here, and all else can', async () => {
    const unit = await agentUnit();
    const env = { ...unit.env, PATH: '/nonexistent' };
    await alpha.startUnit({ ...unit, env, restart: 'no' });
    try {
      await alpha.execOrThrow(['timeout', '15', 'sh', '-c', untilMember]);
      await shell(alpha, `${holdfast} resource create vip address ip=10.77.0.120/24 --wait`);
      const nap = 'resource create nap process command="/bin/sleep 99" --wait';
      expect((await shell(alpha, `${holdfast} ${nap}`)).exitCode).toBe(0);
      const why = await shell(alpha, `${holdfast} why vip`);
      expect(why.stdout).toContain('there is no command ip; install iproute2');
    } finally {
      await alpha.stopUnit(unit.name);
      await shell(alpha, 'pkill -KILL -f "[s]leep 99"');
    }
  });

  it('the last write to its log was torn by a crash', async () => {
    const unit = { ...(await agentUnit()), restart: 'no' } as const;
    await alpha.startUnit(unit);
    await alpha.execOrThrow(['timeout', '15', 'sh', '-c', untilMember]);
    await shell(alpha, 'pkill -KILL -f [h]eart.js; pkill -KILL -f [a]gent.js');
    const torn = await shell(
      alpha,
      'cd /var/lib/holdfast/log && truncate -s -100 log.db-wal; ls -l',
    );
    expect(torn.stdout).toContain('log.db-wal');
    await alpha.stopUnit(unit.name);
    await expectItStarts();
  });

  it('a former agent is stopped and holds the log: the next heart ends it', async () => {
    const unit = { ...(await agentUnit()), restart: 'no' } as const;
    await alpha.startUnit(unit);
    await alpha.execOrThrow(['timeout', '15', 'sh', '-c', untilMember]);
    await shell(alpha, 'pkill -STOP -f [a]gent.js; pkill -KILL -f [h]eart.js');
    await alpha.stopUnit(unit.name);
    await expectItStarts();
    expect(alpha.unitLog(unit.name)).toContain('heart: ended the agent of the heart before');
  });
});
