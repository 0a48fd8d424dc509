import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-disk-'));
  chmodSync(directory, 0o755);
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const program = (name: string): string => join(import.meta.dirname, name);

/** Runs a program in a mount namespace of its own, after the mounts that a shell makes there. */
function withMounts(mounts: string, ...args: string[]): string {
  const script = `set -e; ${mounts}; exec "$@"`;
  return execFileSync('unshare', ['-m', 'sh', '-c', script, 'sh', process.execPath, ...args], {
    encoding: 'utf8',
    env: { ...process.env, DIRECTORY: directory },
    timeout: 30_000,
  });
}

describe('log store', () => {
  it('waits on a full file system and goes on by itself when there is room', () => {
    const mounts = 'mount -t tmpfs -o size=2m none "$DIRECTORY"';
    const events = withMounts(mounts, program('full-disk.ts'), directory);
    expect(JSON.parse(events)).toEqual(['trouble full for now', 'recovered']);
  });

  it('says that its file system is read-only', () => {
    const mounts = 'mount -t tmpfs -o ro none "$DIRECTORY"';
    const said = withMounts(mounts, program('open-log.ts'), join(directory, 'state'), 'create');
    expect(said).toMatch(/^read-only .*state.*: .*it cannot be written; check its owner, mode/);
  });

  it('says that a log which is there already is read-only now', () => {
    const state = join(directory, 'state');
    expect(withMounts('true', program('open-log.ts'), state, 'create')).toBe('opened');
    const mounts = 'mount --bind "$DIRECTORY" "$DIRECTORY"; mount -o remount,ro,bind "$DIRECTORY"';
    expect(withMounts(mounts, program('open-log.ts'), state)).toMatch(/^read-only /);
  });

  it('says that the directory belongs to somebody else', () => {
    const args = [program('open-log.ts'), join(directory, 'state'), 'create'];
    const { stdout } = spawnSync(process.execPath, args, { uid: 65_534, encoding: 'utf8' });
    expect(stdout).toMatch(/^read-only /);
  });
});
