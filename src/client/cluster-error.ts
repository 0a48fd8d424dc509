import type { ErrorCode } from '../api/requests.ts';
import type { ConfigProblem } from '../model/config-file/config-problem.ts';

/** What the agent refused, or why it could not be asked. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly code: ErrorCode;
  /** What to try next. */
  readonly hint: string | undefined;
  readonly problems: readonly ConfigProblem[];

  constructor(
    code: ErrorCode,
    message: string,
    hint?: string,
    more: { readonly problems?: readonly ConfigProblem[]; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.code = code;
    this.hint = hint;
    this.problems = more.problems ?? [];
  }
}
