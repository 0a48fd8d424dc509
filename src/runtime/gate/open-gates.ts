import { join } from 'node:path';
import { findControlGroupRoot } from './control-group.ts';
import { ControlGroupGate } from './control-group-gate.ts';
import type { Gate } from './gate.ts';
import { MarkerGate } from './marker-gate.ts';

/**
 * The best kind of gate that this machine and user allow. The heart calls it first, and hands the
 * root that it found to the agent (`HOLDFAST_CGROUP_ROOT`), so that both use the same.
 *
 * @param runDirectory where the node keeps what a reboot clears, `/run/holdfast`
 */
export function openGates(
  runDirectory: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Gate {
  const root = findControlGroupRoot(environment);
  return root === undefined
    ? new MarkerGate(join(runDirectory, 'gate'))
    : new ControlGroupGate(root);
}
