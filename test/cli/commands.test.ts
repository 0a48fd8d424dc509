import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiError } from '../../src/api/api-error.ts';
import { instanceId, nodeId } from '../../src/model/ids.ts';
import { FakeAgent } from './support/fake-agent.ts';
import { type CommandEnd, runCommand } from './support/run-command.ts';
import { calm, failedResource, member, noQuorum, siteText } from './support/status-fixture.ts';

let agent: FakeAgent;
const run = (...argv: readonly string[]): Promise<CommandEnd> => runCommand(agent.socket, ...argv);

beforeEach(async () => {
  agent = await FakeAgent.start();
});

afterEach(() => agent.stop());

/** Every writing verb: first it changes, the second time it says `unchanged`. */
const twice: readonly (readonly string[])[] = [
  ['node', 'standby', 'alpha'],
  ['node', 'maintenance', 'bravo'],
  ['resource', 'stop', 'web'],
  ['resource', 'create', 'db', 'systemd:db', '--start-timeout=90s', '--group', 'site'],
  ['resource', 'create', 'cache', 'process', 'command=sleep 100', '--clone', '--stopped'],
  ['resource', 'delete', 'proxy', '--yes'],
  ['maintenance', 'on'],
];

describe('writing verbs', () => {
  for (const argv of twice) {
    test(`${argv.join(' ')}: run twice says unchanged, with exit code 0`, async () => {
      const first = await run(...argv, '--json');
      expect(JSON.parse(first.out)).toMatchObject({ version: 1, changed: true });
      const version = agent.version;
      const second = await run(...argv, '--json');
      expect(JSON.parse(second.out)).toMatchObject({ version: 1, changed: false });
      expect(second.exitCode).toBe(0);
      expect(agent.version).toBe(version);
      expect((await run(...argv)).out).toMatch(/^unchanged: /);
    });
  }

  test('apply twice changes nothing the second time', async () => {
    const file = join(agent.directory, 'c.yaml');
    writeFileSync(file, `${siteText}# more\n`);
    expect((await run('apply', '-f', file)).out).toMatch(/^the cluster has/);
    expect(agent.text).toBe(`${siteText}# more\n`);
    const again = await run('apply', '-f', file, '--json');
    expect(JSON.parse(again.out)).toMatchObject({ changed: false });
  });

  test('there and back leaves the very text that was there', async () => {
    for (const [there, back] of [
      ['node standby alpha', 'node online alpha'],
      ['node maintenance alpha', 'node maintenance alpha --off'],
      ['resource stop site', 'resource start site'],
      ['maintenance on', 'maintenance off'],
    ] as const) {
      await run(...there.split(' '));
      expect(agent.text, there).not.toBe(siteText);
      await run(...back.split(' '));
      expect(agent.text, back).toBe(siteText);
    }
  });

  test('a write that meets another one is tried again on the new text', async () => {
    agent.otherWrites = 2;
    const { exitCode } = await run('node', 'standby', 'alpha');
    expect(exitCode).toBe(0);
    expect(agent.text).toContain('standby: true');
  });

  test('a write that always meets another one gives up with exit code 75', async () => {
    agent.otherWrites = 100;
    expect((await run('node', 'standby', 'alpha')).exitCode).toBe(75);
    expect(agent.text).toBe(siteText);
  });

  test('--dry-run changes nothing and says what would be', async () => {
    const { out } = await run('resource', 'stop', 'web', '--dry-run');
    expect(out).toMatch(/^would change: /);
    expect(agent.text).toBe(siteText);
    expect((await run('resource', 'start', 'web', '--dry-run')).out).toBe('unchanged\n');
  });

  test('creating a different resource of the same name is refused with 108', async () => {
    const end = await run('resource', 'create', 'web', 'systemd:apache2');
    expect(end.exitCode).toBe(108);
    expect(agent.text).toBe(siteText);
  });

  test('a resource that cannot be is refused with the place and 65', async () => {
    const end = await run('resource', 'create', 'ip2', 'address', 'ip=10.0.0.999');
    expect(end.exitCode).toBe(65);
    expect(end.error).toContain("'10.0.0.999' is not an IP address");
    expect(agent.text).toBe(siteText);
  });

  test('deleting a group takes its members and says so before', async () => {
    const refused = await run('resource', 'delete', 'site');
    expect(refused.exitCode).toBe(107);
    expect(refused.error).toContain('and with it ip, web');
    expect(agent.text).toBe(siteText);
    await run('resource', 'delete', 'site', '--yes');
    expect(agent.text).not.toContain('10.77.0.100');
  });

  test('the cluster without a text of its own gets one from its configuration', async () => {
    agent.text = undefined;
    await run('node', 'standby', 'charlie');
    expect(agent.text).toContain('charlie: { standby: true }');
    expect(agent.config.nodes).toMatchObject({ charlie: { standby: true } });
  });

  test('who asked and what is told to the agent', async () => {
    await run('node', 'standby', 'alpha');
    const write = agent.asked.find((request) => request.kind === 'configure');
    expect(write).toMatchObject({ what: 'node standby alpha' });
    expect(write).toHaveProperty('by', expect.stringMatching(/^\S+$/));
  });

  test('move, restart, cleanup and leave reach the agent', async () => {
    await run('resource', 'move', 'web', 'alpha');
    await run('resource', 'restart', 'site');
    await run('resource', 'cleanup', 'web', '--node', 'bravo');
    await run('leave');
    expect(agent.asked).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'move', resource: 'web', to: 'alpha' }),
        expect.objectContaining({ kind: 'restart', resource: 'site' }),
        expect.objectContaining({ kind: 'cleanup', resource: 'web', node: 'bravo' }),
        expect.objectContaining({ kind: 'leave' }),
      ]),
    );
  });

  test('a move to where it runs already is unchanged and asks for nothing', async () => {
    const { out } = await run('resource', 'move', 'web', 'bravo');
    expect(out).toBe('unchanged: web runs on bravo\n');
    expect(agent.asked.some(({ kind }) => kind === 'move')).toBe(false);
  });
});

describe('--wait', () => {
  test('ends with 124 and says what is pending', async () => {
    agent.status = calm({
      settled: false,
      actions: [
        {
          id: 'start web on alpha',
          action: 'start',
          instance: instanceId('web'),
          node: nodeId('alpha'),
          inFlight: true,
          after: [],
          blockedBy: undefined,
          takeover: false,
          reason: { rule: 'cluster-maintenance' },
        },
      ],
    });
    const end = await run('node', 'standby', 'bravo', '--wait=200ms');
    expect(end.exitCode).toBe(124);
    expect(end.error).toContain('start web on alpha (running)');
  });

  test('waits for the entry of the write, not for the calm before it', async () => {
    agent.status = calm({ raft: { ...calm().raft, appliedIndex: 39 } });
    expect((await run('node', 'standby', 'bravo', '--wait=150ms')).exitCode).toBe(124);
  });

  test('ends at once in a settled cluster', async () => {
    const end = await run('node', 'standby', 'bravo', '--wait');
    expect(end.exitCode).toBe(0);
  });

  test('a resource that does not run after all gives 113 and points to why', async () => {
    agent.status = failedResource();
    agent.text = siteText.replace('start: {', 'stopped: true\n    start: {');
    const end = await run('resource', 'start', 'web', '--wait');
    expect(end.exitCode).toBe(113);
    expect(end.error).toContain('holdfast why web');
  });

  test('leave waits until this node is no member any more', async () => {
    const still = await run('leave', '--wait=150ms');
    expect(still.exitCode).toBe(124);
    const base = calm();
    const [, ...others] = base.facts.members;
    const left = member('alpha', { presence: 'left' });
    agent.status = { ...base, facts: { ...base.facts, members: [left, ...others] } };
    expect((await run('leave', '--wait=5s')).out).toBe(
      'unchanged: alpha is no member of the cluster\n',
    );
  });

  test('refuses a time that is none', async () => {
    expect((await run('node', 'standby', 'bravo', '--wait=soon')).exitCode).toBe(64);
  });
});

describe('names', () => {
  test('a name that nobody has is refused with 105 and the nearest one', async () => {
    for (const argv of ['node standby alhpa', 'status alhpa', 'resource move web alhpa']) {
      const end = await run(...argv.split(' '));
      expect(end.exitCode, argv).toBe(105);
      expect(end.error).toContain("did you mean 'alpha'?");
    }
    for (const argv of ['resource stop wbe', 'why wbe', 'resource restart wbe']) {
      const end = await run(...argv.split(' '));
      expect(end.exitCode, argv).toBe(105);
      expect(end.error).toContain("did you mean 'web'?");
    }
  });

  test('a command that does not exist is refused with 64 and the nearest one', async () => {
    const hints: Readonly<Record<string, string>> = {
      'node stanby alpha': 'holdfast node standby',
      'resorce list': 'holdfast resource list',
      statsu: 'holdfast status',
      node: 'holdfast node list|standby|online|maintenance|remove',
    };
    for (const [argv, hint] of Object.entries(hints)) {
      const end = await run(...argv.split(' '));
      expect(end.exitCode, argv).toBe(64);
      expect(end.error).toContain(hint);
    }
  });

  test('words of other tools work', async () => {
    expect((await run('resource', 'disable', 'web')).exitCode).toBe(0);
    expect(agent.text).toContain('stopped: true');
    expect((await run('node', 'drain', 'alpha')).exitCode).toBe(0);
    expect(agent.text).toContain('standby: true');
  });

  test('unknown flags and missing arguments are refused with 64', async () => {
    expect((await run('status', '--frob')).exitCode).toBe(64);
    expect((await run('node', 'standby')).exitCode).toBe(64);
    expect((await run('node', 'standby', 'alpha', 'bravo')).exitCode).toBe(64);
    expect((await run('resource', 'create', 'x', 'process', 'command')).exitCode).toBe(64);
  });
});

describe('errors of the agent', () => {
  test('each code has its exit code', async () => {
    for (const [code, exitCode] of [
      ['no-quorum', 106],
      ['no-leader', 114],
      ['unsafe', 107],
      ['denied', 77],
      ['disk', 74],
      ['timeout', 124],
      ['internal', 70],
    ] as const) {
      agent.refuse = ({ kind }) => (kind === 'restart' ? apiError(code, 'because') : undefined);
      expect((await run('resource', 'restart', 'web')).exitCode, code).toBe(exitCode);
    }
  });

  test('an agent that is not there gives 69 and the command that starts it', async () => {
    const end = await runCommand(`${agent.directory}/none.sock`, 'node', 'list');
    expect(end.exitCode).toBe(69);
    expect(end.error).toContain('systemctl start holdfast');
  });
});

describe('reading verbs', () => {
  test('quorum status: 0 with a quorum, 106 without', async () => {
    expect((await run('quorum', 'status')).exitCode).toBe(0);
    agent.status = noQuorum();
    const end = await run('quorum', 'status');
    expect(end.exitCode).toBe(106);
    expect(end.out).toContain('NOT quorate: 1 of 3 voters in reach, 2 needed');
  });

  test('every reading verb has a versioned JSON form', async () => {
    for (const argv of [
      'status',
      'status web',
      'node list',
      'resource list',
      'config show',
      'events',
      'why web',
      'quorum status',
      'link status',
      'cluster status',
    ]) {
      const { out } = await run(...argv.split(' '), '--json');
      expect(JSON.parse(out), argv).toHaveProperty('version', 1);
    }
  });

  test('link status lists both paths to both peers', async () => {
    const { out } = await run('link', 'status');
    expect(out.match(/net[01] +up/g)).toHaveLength(4);
    expect(out).toContain('10.0.1.3:7400');
  });

  test('config diff: 0 for the same text, 1 and the lines for another', async () => {
    const file = join(agent.directory, 'c.yaml');
    writeFileSync(file, siteText);
    expect((await run('config', 'diff', file)).exitCode).toBe(0);
    writeFileSync(file, siteText.replace('40s', '50s'));
    const end = await run('config', 'diff', file);
    expect(end.exitCode).toBe(1);
    expect(end.out).toContain('+     start: { timeout: 50s }');
  });

  test('config show prints the text as it was written', async () => {
    expect((await run('config', 'show')).out).toBe(siteText);
  });

  test('config show as commands builds the same resources again', async () => {
    const { out } = await run('config', 'show', '--output', 'cmd');
    const lines = out.trim().split('\n');
    agent.text = 'cluster: demo\n';
    agent.config = { ...agent.config, resources: [] };
    for (const line of lines) {
      const words = line.replaceAll("'", '').split(' ').slice(1);
      expect((await run(...words)).error, line).toBe('');
    }
    const names = JSON.stringify(agent.config.resources);
    for (const name of ['ip', 'web', 'site', 'backup', 'haproxy']) {
      expect(names).toContain(`"id":"${name}"`);
    }
  });

  test('events prints the sentence of each', async () => {
    agent.events = [
      {
        number: 1,
        index: 3,
        atMs: Date.UTC(2026, 10, 20, 14),
        what: { kind: 'node-lost', node: nodeId('bravo'), incarnation: 12 },
      },
    ];
    const { out } = await run('events');
    expect(out).toMatch(/^2026-11-20T14:00:00.000Z {2}bravo is lost/);
  });

  test('config check and schema need no agent', async () => {
    const file = join(agent.directory, 'c.yaml');
    writeFileSync(file, `${siteText}frob: 1\n`);
    const none = `${agent.directory}/none.sock`;
    const end = await runCommand(none, 'config', 'check', file);
    expect(end.exitCode).toBe(65);
    expect(end.error).toContain(`${file}:14:1: frob: unknown key 'frob'`);
    const schema = await runCommand(none, 'config', 'schema');
    expect(JSON.parse(schema.out)).toHaveProperty('properties.resources');
    expect((await runCommand(none, 'config', 'check', '/nowhere.yaml')).exitCode).toBe(66);
  });
});

describe('help', () => {
  test('the exit codes are those of the documentation', async () => {
    const { out } = await run('help', 'exit-codes');
    const documented = readFileSync(join(import.meta.dirname, '../../docs/commands.md'), 'utf8');
    for (const line of out.trimEnd().split('\n')) {
      const [, code, meaning] = /^ *(\d+) {2}(.*)$/.exec(line) ?? [];
      expect(documented).toContain(`| ${code} | ${meaning} |`);
    }
  });

  test('every command has a summary, an example and a place in the documentation', async () => {
    const { commandTable } = await import('../../src/cli/command-table.ts');
    const documented = readFileSync(join(import.meta.dirname, '../../docs/commands.md'), 'utf8');
    for (const name of commandTable.keys()) {
      const { out, exitCode } = await run('help', ...name.split(' '));
      expect(exitCode, name).toBe(0);
      expect(out, name).toContain(`usage: holdfast ${name}`);
      expect(out, name).toContain('examples:');
      expect(documented, name).toContain(`holdfast ${name}`);
    }
  });

  test('-h on every level', async () => {
    expect((await run('node', '-h')).out).toContain('node standby');
    expect((await run('node', 'standby', '--help')).out).toContain('usage: holdfast node standby');
    expect((await run('--help')).out).toContain('usage: holdfast NOUN VERB');
  });
});
