import type { StatusReport } from '../api/requests.ts';
import { ClusterError } from '../client/cluster-error.ts';
import type { ControlClient } from '../client/control-client.ts';
import type { PlannedAction } from '../model/plan.ts';
import { UserError } from './user-error.ts';

const POLL_MS = 100;

/** Errors that pass by themselves: an agent that restarts, an election. */
const passing = new Set(['unavailable', 'no-leader', 'no-quorum', 'timeout']);

/**
 * Waits until this node has applied the entry `index` and nothing is left to be done.
 * Rejects with `timeout` and what is pending.
 */
export async function waitUntilSettled(
  client: Pick<ControlClient, 'status'>,
  index: number,
  timeoutMs: number,
): Promise<StatusReport> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const status = await client.status().catch(ignorePassing);
    if (status !== undefined && status.raft.appliedIndex >= index && status.settled) return status;
    if (performance.now() >= endsAt) throw pendingError(status, timeoutMs);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Waits until this node has put everything down and is no member any more. */
export async function waitUntilLeft(
  client: Pick<ControlClient, 'status'>,
  timeoutMs: number,
): Promise<void> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const status = await client.status().catch(ignorePassing);
    if (status !== undefined && presenceOf(status) === 'left') return;
    if (performance.now() >= endsAt) throw pendingError(status, timeoutMs);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function presenceOf({ facts, self }: StatusReport): string | undefined {
  return facts.members.find(({ node }) => node === self)?.presence;
}

function ignorePassing(error: unknown): undefined {
  if (error instanceof ClusterError && passing.has(error.code)) return undefined;
  throw error;
}

function pendingError(status: StatusReport | undefined, timeoutMs: number): UserError {
  const pending = status === undefined ? ['the agent does not answer'] : pendingTexts(status);
  const message = [`not finished within ${timeoutMs / 1000} s; pending:`, ...pending].join('\n');
  return new UserError('timeout', message, 'holdfast status');
}

function pendingTexts(status: StatusReport): readonly string[] {
  const texts = status.actions.filter(({ blockedBy }) => blockedBy === undefined).map(actionText);
  return texts.length === 0 ? ['orders that are not answered yet'] : texts;
}

export function actionText({ action, instance, node, inFlight }: PlannedAction): string {
  return `${action} ${instance} on ${node}${inFlight ? ' (running)' : ''}`;
}
