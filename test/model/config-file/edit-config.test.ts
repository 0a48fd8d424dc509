import { describe, expect, test } from 'vitest';
import {
  addRule,
  createResource,
  deleteResource,
  forgetNode,
  setNode,
  setOption,
  setStopped,
} from '../../../src/model/config-file/edit-config.ts';
import { readConfig } from '../../../src/model/config-file/read-config.ts';

const text = `# The shop.  Written by hand,   with odd spaces.
cluster: demo

nodes:
    alpha: {standby: false}   # the old one
resources:
    ip:    # floating
        agent: address
        with: {ip: 192.0.2.10/24}

    web: {agent: "systemd:nginx",   monitor: {every: 10s}}   # nginx
    db:
        agent: 'systemd:postgresql'
groups:
    site: {members: [ip, web]}
# what goes where
rules:
    - prefer: {resource: site, node: alpha}   # near the door
    - apart: {dependent: db, with: site}
`;

const lines = (value: string): readonly string[] => value.split('\n');

/** Lines of the old text that are not in the new one. */
function touched(after: string): readonly string[] {
  const left = new Set(lines(after));
  return lines(text).filter((line) => !left.has(line));
}

function expectValid(edited: string): void {
  const read = readConfig(edited);
  expect(read.kind === 'invalid' ? read.problems : []).toEqual([]);
}

describe('editing a configuration text', () => {
  test('an added resource leaves every other line as it was written', () => {
    const edited = createResource(text, {
      name: 'mail',
      agent: 'systemd:postfix',
      parameters: {},
      startTimeout: '90s',
      stopped: true,
    });
    expectValid(edited);
    expect(touched(edited)).toEqual([]);
    expect(edited).toContain('mail:');
  });

  test('a new member of a group changes the line of the group only', () => {
    const edited = createResource(text, {
      name: 'log',
      agent: 'process',
      parameters: { command: 'sleep 1' },
      stopped: false,
      group: 'site',
    });
    expectValid(edited);
    expect(touched(edited)).toEqual(['    site: {members: [ip, web]}']);
    expect(edited).toContain('[ip, web, log]');
  });

  test('a switch that a comment hangs on is set and not taken out', () => {
    const on = setNode(text, 'alpha', { standby: true });
    expectValid(on);
    expect(on).toContain('standby: true');
    expect(touched(on)).toHaveLength(1);
    expect(on).toContain('# the old one');
    const stopped = setStopped(text, 'db', true);
    expect(touched(stopped)).toEqual([]);
    expect(setStopped(stopped, 'db', false)).toBe(text);
  });

  test('setting what is so already gives the very same text', () => {
    expect(setNode(text, 'alpha', { standby: false, maintenance: false })).toBe(text);
    expect(setNode(text, 'bravo', { standby: false })).toBe(text);
    expect(setStopped(text, 'web', false)).toBe(text);
    expect(setStopped(text, 'nobody', true)).toBe(text);
    expect(deleteResource(text, 'nobody')).toEqual({ text, removed: [] });
  });

  test('a deleted resource takes its rules and an emptied group with it', () => {
    const { text: edited, removed } = deleteResource(text, 'site');
    expectValid(edited);
    expect(removed).toEqual(['site', 'ip', 'web']);
    expect(edited).not.toContain('rules:');
    expect(edited).toContain('# The shop.  Written by hand,   with odd spaces.');
    const last = deleteResource(deleteResource(text, 'ip').text, 'web');
    expect(last.removed).toEqual(['web', 'site']);
    expectValid(last.text);
  });

  test('lists that are not indented stay so', () => {
    const flat =
      'cluster: x\nresources:\n  a: {agent: "systemd:a"}\nrules:\n- prefer: {resource: a, node: n, score: infinity}\n';
    const edited = addRule(flat, { never: { resource: 'a', node: 'm' } });
    expect(edited).toBe(`${flat}- never: {resource: a, node: m}\n`);
  });

  test('a forgotten node takes its rules with it', () => {
    const edited = forgetNode(text, 'alpha');
    expectValid(edited);
    expect(edited).not.toContain('alpha');
    expect(edited).toContain('apart:');
  });

  test('options and rules are added in the form that the file has', () => {
    const edited = addRule(setOption(text, ['detect', 'min'], '300ms'), {
      never: { resource: 'db', node: 'alpha' },
    });
    expectValid(edited);
    expect(touched(edited)).toEqual([]);
    expect(edited).toContain('{min: 300ms}');
    expect(edited).toContain('- never: {resource: db, node: alpha}');
    expect(setOption(edited, ['detect', 'min'], undefined)).not.toContain('options');
  });
});
