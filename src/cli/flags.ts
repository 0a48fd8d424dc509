import { boolean, custom } from '@oclif/core/flags';
import type { BooleanFlag, OptionFlag } from '@oclif/core/interfaces';
import { parseDuration } from '../model/duration.ts';
import { UserError } from './user-error.ts';

/** `--wait` without a time waits so long. */
export const WAIT_DEFAULT = '60s';

/** The milliseconds of a duration on the command line. */
export function durationArgument(text: string, flag: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new UserError('bad-request', `${flag}: '${text}' is not a duration`, `${flag}=30s`);
}

export function durationFlag(flag: string, description: string): OptionFlag<number | undefined> {
  return custom<number>({
    description,
    helpValue: 'DURATION',
    parse: async (text) => durationArgument(text, `--${flag}`),
  })();
}

export function waitFlag(): OptionFlag<number | undefined> {
  return custom<number>({
    description: `wait until the cluster has settled, at most so long (${WAIT_DEFAULT})`,
    helpValue: `[=${WAIT_DEFAULT}]`,
    parse: async (text) => durationArgument(text, '--wait'),
  })();
}

/** A flag that is there or not. */
export function switchFlag(description: string, char?: 'f' | 'y'): BooleanFlag<boolean> {
  return boolean({ description, ...(char === undefined ? {} : { char }), default: false });
}

export function dryRunFlag(): BooleanFlag<boolean> {
  return switchFlag('show what would happen and change nothing');
}

export function yesFlag(): BooleanFlag<boolean> {
  return switchFlag('do not ask', 'y');
}
