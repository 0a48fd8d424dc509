import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { InstanceId } from '../../model/ids.ts';

/** PATH of everything that is started here. */
export const servicePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const journalSocket = '/run/systemd/journal/stdout';
const journalProgram = '/usr/bin/systemd-cat';

/** Ids of a user, as setpriv(1) takes them. */
export interface RunAs {
  readonly user: string;
  readonly group: string;
}

/**
 * The ids that a service of this user runs with (none if they are those of this process), or why it
 * cannot.
 */
export async function lookUpUser(name: string): Promise<RunAs | undefined | string> {
  const ids = await Promise.all(['-u', '-g'].map((option) => idOf(option, name)));
  const [user, group] = ids;
  if (user === undefined || group === undefined) return `there is no user ${name}`;
  const own = String(process.geteuid?.());
  if (user === own) return undefined;
  return own === '0' ? { user, group } : `only root can run it as user ${name}`;
}

async function idOf(option: string, name: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('id', [option, '--', name]);
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/**
 * The command that becomes a service: its output goes to the journal under the instance's name
 * where there is one (by systemd-cat, which becomes the program itself), and it runs as its user
 * from the start. No process stays in between.
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
