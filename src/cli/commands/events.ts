import { integer } from '@oclif/core/flags';
import type { FlagInput } from '@oclif/core/interfaces';
import type { ClusterEvent } from '../../model/event.ts';
import { ClusterCommand } from '../cluster-command.ts';
import { switchFlag } from '../flags.ts';
import { followEvents } from '../follow-events.ts';
import { eventLine } from '../render/event-line.ts';

export default class Events extends ClusterCommand {
  static override summary = 'Show what happened, oldest first; with --follow, as it happens.';
  static override examples: string[] = ['events', 'events --follow', 'events --lines 200 --json'];
  static override flags: FlagInput<{
    follow: boolean;
    lines: number;
    after: number | undefined;
  }> = {
    follow: switchFlag('go on with new events until interrupted', 'f'),
    lines: integer({
      char: 'n',
      description: 'the last so many',
      default: 40,
      min: 1,
      max: 10_000,
    }),
    after: integer({ description: 'all after the event of this number', min: 0 }),
  };

  async run(): Promise<{ readonly events: readonly ClusterEvent[]; readonly last: number }> {
    const { flags } = await this.parse(Events);
    const { last } = await this.client.events(Number.MAX_SAFE_INTEGER, 1, 0);
    const after = flags.after ?? Math.max(0, last - flags.lines);
    const answer = await this.client.events(after, 10_000, 0);
    this.#show(answer.events, flags.follow);
    if (flags.follow) {
      const from = answer.events.at(-1)?.number ?? after;
      await followEvents(this.client, from, (events) => this.#show(events, true));
    }
    return { events: answer.events, last: answer.last };
  }

  /** With --json and --follow: one object a line, as there is no end to print one result at. */
  #show(events: readonly ClusterEvent[], follow: boolean): void {
    if (!this.jsonEnabled()) for (const event of events) this.log(eventLine(event, this.paint));
    else if (follow) for (const event of events) process.stdout.write(`${JSON.stringify(event)}\n`);
  }
}
