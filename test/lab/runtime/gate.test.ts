import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { instanceId } from '../../../src/model/ids.ts';
import { type Cell, type Gate, gateShutCode } from '../../../src/runtime/gate/gate.ts';
import { clearGate, gateKinds, opened, temporaryDirectory, until } from './support.ts';

const web = instanceId('web:1');

function enter(cell: Cell, ...argv: string[]): ChildProcess {
  const [file, ...rest] = cell.enter(argv);
  return spawn(file, rest, { stdio: 'ignore', detached: true });
}

function exitOf(child: ChildProcess): Promise<number | string | null> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
}

for (const { kind, make } of gateKinds()) {
  describe(`gate of ${kind}`, () => {
    let directory: ReturnType<typeof temporaryDirectory>;
    let gate: Gate;

    beforeEach(() => {
      directory = temporaryDirectory();
      gate = make(directory.path);
    });

    afterEach(async () => {
      await clearGate(gate, directory.path);
      directory.remove();
    });

    async function startSleepers(count: number, incarnation: number | undefined): Promise<Cell> {
      const cell = opened(gate.makeCell(incarnation, web, 'start-1'));
      for (let i = 0; i < count; i += 1) enter(cell, 'sleep', '1000');
      await until(() => cell.processes().length === count);
      return cell;
    }

    test('an operation runs inside its cell and its result comes back', async () => {
      gate.open(5);
      const cell = opened(gate.makeCell(5, web, 'start-1'));
      expect(await exitOf(enter(cell, 'sh', '-c', 'exit 3'))).toBe(3);
      await until(() => cell.remove());
    });

    test('a gate that was never opened lets nothing in', () => {
      expect(gate.makeCell(7, web, 'start-1')).toBeUndefined();
    });

    test('put down by kill, nothing is left, and nothing new gets in', async () => {
      gate.open(5);
      await startSleepers(10, 5);
      const begun = performance.now();
      gate.putDown(5, 'kill', []);
      await until(() => gate.left(5, []).length === 0);
      const tookMs = performance.now() - begun;
      expect(gate.makeCell(5, web, 'start-2')).toBeUndefined();
      expect(tookMs).toBeLessThan(kind === 'control groups' ? 50 : 500);
    });

    test('a launcher that was made before the gate was shut and enters after it fails', async () => {
      gate.open(5);
      const cell = opened(gate.makeCell(5, web, 'start-1'));
      const witness = `${directory.path}/acted`;
      gate.putDown(5, 'term', []);
      const late = enter(cell, 'touch', witness);
      expect(await exitOf(late)).toBe(gateShutCode);
      expect(existsSync(witness)).toBe(false);
    });

    test('a polite put-down shuts the gate while processes still end in their own way', async () => {
      gate.open(5);
      const cell = opened(gate.makeCell(5, web, 'start-1'));
      enter(
        cell,
        'sh',
        '-c',
        'trap "" TERM; touch "$0"; while :; do sleep 0.05; done',
        `${directory.path}/up`,
      );
      await until(() => existsSync(`${directory.path}/up`));
      expect(gate.putDown(5, 'term', [])).not.toEqual([]);
      expect(gate.makeCell(5, web, 'start-2')).toBeUndefined();
      expect(gate.left(5, []).join()).toMatch(/process \d+ \((sh|sleep)\)/);
      await until(() => gate.putDown(5, 'kill', []).length === 0);
    });

    test('a gate that opens again takes operations again', async () => {
      gate.open(5);
      await startSleepers(2, 5);
      gate.putDown(5, 'term', []);
      gate.open(5);
      const cell = opened(gate.makeCell(5, web, 'start-2'));
      expect(await exitOf(enter(cell, 'true'))).toBe(0);
    });

    test('processes that fork without end are all killed', async () => {
      gate.open(5);
      const cell = opened(gate.makeCell(5, web, 'start-1'));
      const script = 'i=0; while [ $i -lt 3000 ]; do (sleep 0.02; :) & i=$((i+1)); done; wait';
      for (let i = 0; i < 2; i += 1) enter(cell, 'sh', '-c', script);
      await until(() => cell.processes().length > 5);
      await until(() => gate.putDown(5, 'kill', []).length === 0, 20_000);
      expect(gate.left(5, [])).toEqual([]);
    });

    test('a daemon that leaves its session and clears its environment is still found', async () => {
      gate.open(5);
      const cell = opened(gate.makeCell(5, web, 'start-1'));
      enter(cell, 'sh', '-c', 'env -i setsid sleep 1000 & exit 0');
      await until(() => gate.left(5, []).some((text) => text.includes('sleep')));
      await until(() => gate.putDown(5, 'kill', []).length === 0);
    });

    test('what may run on many nodes is not touched by putting an incarnation down', async () => {
      gate.open(5);
      const shared = await startSleepers(2, undefined);
      await until(() => gate.putDown(5, 'kill', []).length === 0);
      expect(shared.processes()).toHaveLength(2);
    });

    test('another incarnation is not touched', async () => {
      gate.open(5);
      gate.open(6);
      const cell = await startSleepers(2, 6);
      await until(() => gate.putDown(5, 'kill', []).length === 0);
      expect(cell.processes()).toHaveLength(2);
    });

    test('a later run of the agent finds the cells of an instance', async () => {
      gate.open(5);
      await startSleepers(1, 5);
      const later = make(directory.path);
      expect(later.incarnations()).toEqual([5]);
      expect(later.instances()).toEqual([web]);
      const [cell] = later.cellsOf(web);
      expect(cell?.name).toBe('start-1');
      expect(cell?.processes()).toHaveLength(1);
    });

    test('the path that shows an open gate goes as soon as it is shut, though processes remain', async () => {
      gate.open(5);
      const path = String(gate.pathWhileOpen(5));
      await startSleepers(1, 5);
      expect(existsSync(path)).toBe(true);
      gate.putDown(5, 'term', []);
      expect(existsSync(path)).toBe(false);
    });
  });
}
