import type { StatusReport } from '../api/requests.ts';
import { ClusterError } from '../client/cluster-error.ts';
import type { ControlClient, DoneAnswer } from '../client/control-client.ts';
import type { ClusterConfig } from '../model/config.ts';
import type { PlannedAction } from '../model/plan.ts';
import { waitUntilSettled } from './wait-until-settled.ts';

/** Options that every writing verb has. */
export interface ChangeOptions {
  /** How long to wait for the cluster to settle; undefined: not at all. */
  readonly waitMs: number | undefined;
  readonly dryRun: boolean;
}

/** What a writing verb did. */
export interface ChangeResult {
  readonly changed: boolean;
  readonly dryRun: boolean;
  /** Index of the log entry whose effects are the change's; 0 where nothing was written. */
  readonly index: number;
  /** With --dry-run: what the cluster would do. */
  readonly plan: readonly PlannedAction[];
  /** The cluster after it has settled, with --wait. */
  readonly status: StatusReport | undefined;
}

export type ConfigEdit = (text: string, config: ClusterConfig) => string;

/** A write that met somebody else's is tried again so often. */
const TRIES = 5;

/**
 * Reads the text of the configuration, edits it and writes it back, unless somebody else was
 * faster: then again with the new text.
 */
export async function changeConfig(
  client: ControlClient,
  what: string,
  edit: ConfigEdit,
  options: ChangeOptions,
): Promise<ChangeResult> {
  for (let attempt = 1; ; attempt += 1) {
    const { version, config, source } = await client.config();
    const text = source ?? (await generatedText(config));
    const edited = edit(text, config);
    if (edited === text) return finish(client, unchanged, options);
    try {
      const { dryRun } = options;
      const done = await client.configure({ text: edited, ifVersion: version, what, dryRun });
      // A dry run changes nothing, but it would: the texts differ.
      return await finish(client, { ...done, changed: done.changed || dryRun }, options);
    } catch (error) {
      const met = error instanceof ClusterError && error.code === 'conflict';
      if (!met || attempt >= TRIES) throw error;
    }
  }
}

const unchanged: Pick<DoneAnswer, 'changed' | 'index' | 'plan'> = {
  changed: false,
  index: 0,
  plan: undefined,
};

/** The text of a configuration that nobody wrote as a text. */
export async function generatedText(config: ClusterConfig): Promise<string> {
  const { writeConfig } = await import('../model/config-file/write-config.ts');
  return writeConfig(config);
}

/** Waits where that is wanted, and gives the result of a write. */
export async function finish(
  client: ControlClient,
  done: Pick<DoneAnswer, 'changed' | 'index' | 'plan'>,
  { waitMs, dryRun }: ChangeOptions,
): Promise<ChangeResult> {
  const { changed, index } = done;
  const wait = waitMs !== undefined && !dryRun;
  const status = wait ? await waitUntilSettled(client, index, waitMs) : undefined;
  return { changed, dryRun, index, plan: done.plan ?? [], status };
}
