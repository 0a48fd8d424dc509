import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { instant } from '../../src/base/instant.ts';
import type { HeartMemory } from '../../src/core/membership/heart-machine.ts';
import { FormerAgent } from '../../src/heart/former-agent.ts';
import { HeartMemoryFile, nextRun } from '../../src/heart/heart-memory.ts';
import { holdAlone } from '../../src/heart/sole-heart.ts';
import { AlreadyRunning, isShortage, startProblem } from '../../src/heart/start-problem.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'heart-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const memory: HeartMemory = {
  incarnation: 5,
  leaseUntil: instant(1000.25),
  selfStopMs: 500,
  gateOpen: true,
  addresses: [],
  guards: [],
  retired: 2,
  configure: undefined,
  voters: undefined,
};

describe('the memory of a heart', () => {
  it('is found by the next heart on the same boot', () => {
    new HeartMemoryFile(directory).store(memory);
    expect(new HeartMemoryFile(directory).load()).toEqual(memory);
  });

  it('is nothing where there is none, where it is torn, and after a reboot', () => {
    const file = new HeartMemoryFile(directory);
    expect(file.load()).toBeUndefined();
    writeFileSync(join(directory, 'heart.json'), '{"boot":"x","mem');
    expect(file.load()).toBeUndefined();
    writeFileSync(join(directory, 'heart.json'), JSON.stringify({ boot: 'another', memory }));
    expect(file.load()).toBeUndefined();
  });
});

describe('the number of a run', () => {
  it('is greater than each before, also where the counter was lost or damaged', () => {
    const first = nextRun(directory);
    const second = nextRun(directory);
    expect(second).toBeGreaterThan(first);
    writeFileSync(join(directory, 'heart-run'), 'damaged\n');
    expect(nextRun(directory)).toBeGreaterThanOrEqual(first);
    writeFileSync(join(directory, 'heart-run'), `${second + 1_000_000_000}\n`);
    expect(nextRun(directory)).toBe(second + 1_000_000_001);
  });
});

describe('the agent of the heart before', () => {
  it('is ended if it is still there, and never another process with its number', async () => {
    const child = spawn('sleep', ['100']);
    const ended = once(child, 'exit');
    new FormerAgent(directory).remember(child.pid);
    expect(new FormerAgent(directory).end()).toBe(true);
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
    expect(new FormerAgent(directory).end()).toBe(false);
    const other = JSON.stringify({ pid: process.pid, startTime: 1 });
    writeFileSync(join(directory, 'agent.json'), other);
    expect(new FormerAgent(directory).end()).toBe(false);
  });

  it('is nobody where nothing is known', () => {
    expect(new FormerAgent(directory).end()).toBe(false);
    writeFileSync(join(directory, 'agent.json'), '{"pid":0,"startTime":0}');
    expect(new FormerAgent(directory).end()).toBe(false);
  });
});

describe('one heart on a machine', () => {
  it('keeps another one of the same node away, and not that of another node', async () => {
    const held = await holdAlone(directory);
    await expect(holdAlone(directory)).rejects.toThrow('another agent of this node runs already');
    const other = await holdAlone(`${directory}-other`);
    other.close();
    held.close();
    await once(held, 'close');
    (await holdAlone(directory)).close();
  });
});

describe('why a heart cannot start', () => {
  it('is one line where a person can mend it, and unknown otherwise', () => {
    const error = (code: string): Error => Object.assign(new Error('x'), { code, path: '/run/h' });
    expect(startProblem(new AlreadyRunning('it runs'))).toBe('it runs');
    expect(startProblem(error('EROFS'))).toBe('/run/h: the file system is read-only');
    expect(startProblem(error('EACCES'))).toContain('must run as root');
    expect(startProblem(new TypeError('a bug'))).toBeUndefined();
    expect(isShortage(error('ENOSPC'))).toBe(true);
    expect(isShortage(error('EROFS'))).toBe(false);
  });
});
