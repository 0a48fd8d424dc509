import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  findAgents,
  nearestName,
  writableByOthers,
} from '../../../src/runtime/resources/find-agents.ts';
import { slicePath, unitName } from '../../../src/runtime/resources/systemd.ts';

describe('agents of this host', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-agents-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function write(path: string, mode: number): string {
    const full = join(directory, path);
    mkdirSync(join(full, '..'), { recursive: true });
    writeFileSync(full, '');
    chmodSync(full, mode);
    return full;
  }

  test('programs are listed by class and name, and what lies beside them is not', () => {
    write('ocf/resource.d/heartbeat/nginx', 0o755);
    write('ocf/resource.d/heartbeat/IPaddr2', 0o755);
    write('ocf/resource.d/heartbeat/notes.txt', 0o644);
    write('ocf/resource.d/heartbeat/.ocf-shellfuncs', 0o755);
    write('ocf/resource.d/other/thing.sh', 0o755);
    write('init.d/old', 0o755);
    write('units/web.service', 0o644);
    write('units/getty@.service', 0o644);
    write('units/web.socket', 0o644);
    const places = {
      ocfRoot: join(directory, 'ocf'),
      lsbDirectory: join(directory, 'init.d'),
      unitDirectories: [join(directory, 'units'), join(directory, 'none')],
    };
    expect(findAgents(places)).toEqual([
      ...['address', 'process', 'ocf:heartbeat:IPaddr2', 'ocf:heartbeat:nginx'],
      ...['lsb:old', 'systemd:web'],
    ]);
  });

  test('the nearest name is found, and none where nothing is near', () => {
    const names = ['nginx', 'apache', 'IPaddr2'];
    expect(nearestName('ngnix', names)).toBe('nginx');
    expect(nearestName('ipaddr', names)).toBe('IPaddr2');
    expect(nearestName('postgresql', names)).toBeUndefined();
  });

  test('a program that others can change, itself or through a directory or link, is told', () => {
    const path = write('a/b/agent', 0o755);
    expect(writableByOthers(path)).toBeUndefined();
    const link = join(directory, 'link');
    symlinkSync(path, link);
    expect(writableByOthers(link)).toBeUndefined();
    chmodSync(join(directory, 'a'), 0o770);
    expect(writableByOthers(link)).toMatch(/\/a can be written by others \(mode 770\)/);
    chmodSync(join(directory, 'a'), 0o755);
    chmodSync(path, 0o757);
    expect(writableByOthers(path)).toMatch(/agent can be written by others/);
  });

  test('units and slices have the names that systemd gives them', () => {
    expect(['web', 'web.service', 'data.mount', 'a.b'].map(unitName)).toEqual([
      ...['web.service', 'web.service', 'data.mount', 'a.b.service'],
    ]);
    expect(slicePath('system.slice')).toBe('/system.slice');
    expect(slicePath('a-b-c.slice')).toBe('/a.slice/a-b.slice/a-b-c.slice');
    expect(slicePath('-.slice')).toBe('/');
  });
});
