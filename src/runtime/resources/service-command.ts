import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { InstanceId } from '../../model/ids.ts';

/** PATH of everything that is started here. */
export const servicePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const journalSocket = '/run/systemd/journal/stdout';
const journalProgram = '/usr/bin/systemd-cat';

/** Group and user ids, as setpriv(1) takes them. */
export interface RunAs {
  readonly user: string;
  readonly group: string;
}

/** The ids of a user, or in words why there is none. */
export async function lookUpUser(user: string): Promise<RunAs | string> {
  try {
    const { stdout } = await promisify(execFile)('id', ['-g', '--', user]);
    return { user, group: stdout.trim() };
  } catch {
    return `there is no user ${user}`;
  }
}

/**
 * The command that becomes a service: its output goes to the journal under the instance's name where there is one (by
 * systemd-cat, which becomes the program itself), and it runs as its user from the start. No process stays in between.
 */
export function serviceCommand(
  instance: InstanceId,
  argv: readonly string[],
  runAs: RunAs | undefined,
): readonly string[] {
  const journal =
    existsSync(journalSocket) && existsSync(journalProgram)
      ? [journalProgram, '-t', `holdfast/${instance}`, '--']
      : [];
  const identity =
    runAs === undefined
      ? []
      : ['setpriv', `--reuid=${runAs.user}`, `--regid=${runAs.group}`, '--init-groups', '--'];
  return [...journal, ...identity, ...argv];
}
