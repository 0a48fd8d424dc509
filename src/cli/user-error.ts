import type { ErrorCode } from '../api/requests.ts';

/** Something that the person who typed the command can mend. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: ErrorCode | 'no-input' | 'unsatisfied';
  /** What to try next. */
  readonly hint: string | undefined;

  constructor(code: UserError['code'], message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.hint = hint;
  }
}
