import type { Picture } from '../../core/scheduler/policy/carry-out.ts';
import type { NetChange } from '../../core/scheduler/policy/changes.ts';
import { runPolicy } from '../../core/scheduler/policy/run-policy.ts';
import { readCib } from './read-cib.ts';

/** One transition of a Pacemaker cluster, or why it cannot be told. */
export type Simulation =
  | {
      readonly actions: readonly NetChange[];
      readonly initial: Picture;
      readonly final: Picture;
    }
  | { readonly unsupported: string };

/** Decides on a Pacemaker configuration and its status, and carries it out on paper. */
export function simulateCib(text: string, nowS: number): Simulation {
  const { initial, final, changes } = runPolicy(readCib(text, nowS));
  return { actions: changes, initial, final };
}
