import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findControlGroupRoot } from '../../../src/runtime/gate/control-group.ts';
import { ControlGroupGate } from '../../../src/runtime/gate/control-group-gate.ts';
import type { Cell, Gate } from '../../../src/runtime/gate/gate.ts';
import { MarkerGate } from '../../../src/runtime/gate/marker-gate.ts';

/** Waits until something holds, looking every few milliseconds. @returns ms waited */
export async function until(holds: () => boolean, timeoutMs: number = 5_000): Promise<number> {
  const begun = performance.now();
  while (!holds()) {
    if (performance.now() - begun > timeoutMs)
      throw new Error(`not within ${timeoutMs} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return performance.now() - begun;
}

export function temporaryDirectory(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The kinds of gate that can be had here, each made anew below a directory of its own. */
export function gateKinds(): {
  readonly kind: string;
  readonly make: (directory: string) => Gate;
}[] {
  const marker = {
    kind: 'marked processes',
    make: (path: string) => new MarkerGate(join(path, 'gate')),
  };
  const root = findControlGroupRoot(process.env);
  if (root === undefined) return [marker];
  const groups = (path: string): Gate => {
    const own = findControlGroupRoot({
      HOLDFAST_CGROUP_ROOT: join(root, path.replaceAll('/', '-')),
    });
    if (own === undefined) throw new Error('no control groups');
    return new ControlGroupGate(own);
  };
  return [{ kind: 'control groups', make: groups }, marker];
}

/** Ends everything in the gates and removes them, as far as they are control groups. */
export async function clearGate(gate: Gate, directory: string): Promise<void> {
  for (const instance of gate.instances()) {
    for (const cell of gate.cellsOf(instance)) {
      await until(() => {
        cell.kill();
        return cell.remove();
      });
    }
  }
  for (const incarnation of gate.incarnations()) {
    await until(() => gate.putDown(incarnation, 'kill', []).length === 0);
  }
  const root = findControlGroupRoot(process.env);
  if (gate.kind !== 'control-groups' || root === undefined) return;
  const path = join(root, directory.replaceAll('/', '-'));
  execFileSync('find', [path, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
}

/** The cell, which must be there. */
export function opened(cell: Cell | undefined): Cell {
  if (cell === undefined) throw new Error('the gate is shut');
  return cell;
}
