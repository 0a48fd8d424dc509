import { ClusterError } from '../client/cluster-error.ts';
import type { ControlClient } from '../client/control-client.ts';
import type { ClusterEvent } from '../model/event.ts';

const WAIT_MS = 30_000;
const RETRY_MS = 500;

/** Hands over new events until the process ends; an agent that restarts is waited for. */
export async function followEvents(
  client: Pick<ControlClient, 'events'>,
  from: number,
  show: (events: readonly ClusterEvent[]) => void,
): Promise<never> {
  for (let after = from; ; ) {
    try {
      const { events } = await client.events(after, 1000, WAIT_MS);
      if (events.length > 0) show(events);
      after = events.at(-1)?.number ?? after;
    } catch (error) {
      if (!(error instanceof ClusterError) || error.code === 'denied') throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
