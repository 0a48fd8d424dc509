import { exitCodes, otherExitCodes } from '../api/exit-codes.ts';
import { API_VERSION } from '../api/requests.ts';
import { type ConfigProblem, problemText } from '../model/config-file/config-problem.ts';
import { safeText } from './render/safe-text.ts';

/** An error as the command line shows it. */
export interface ReportedError {
  readonly code: string;
  readonly exitCode: number;
  readonly message: string;
  readonly hint: string | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** Finds out what an error means to the person at the keyboard, whoever threw it. */
export function reportedError(error: unknown): ReportedError {
  const message = error instanceof Error ? error.message : String(error);
  const code = field(error, 'code');
  const exitCode = typeof code === 'string' ? exitCodeOf(code) : undefined;
  if (typeof code === 'string' && exitCode !== undefined) {
    const hint = field(error, 'hint');
    const problems = field(error, 'problems');
    return {
      code,
      exitCode,
      message,
      hint: typeof hint === 'string' ? hint : undefined,
      problems: Array.isArray(problems) ? problems : [],
    };
  }
  if (field(error, 'oclif') !== undefined) {
    return { code: 'bad-request', exitCode: 64, message, hint: undefined, problems: [] };
  }
  return {
    code: 'internal',
    exitCode: exitCodes.internal,
    message: error instanceof Error ? `this is a bug in holdfast: ${error.stack}` : message,
    hint: undefined,
    problems: [],
  };
}

/** The lines for standard error. */
export function errorLines(error: ReportedError): string {
  const [first = '', ...more] = error.message.split('\n');
  const lines = [`holdfast: ${safeText(first)}`, ...more.map((line) => `  ${safeText(line)}`)];
  for (const problem of error.problems) lines.push(`  ${safeText(problemText(problem))}`);
  if (error.hint !== undefined) lines.push(`  hint: ${safeText(error.hint)}`);
  return lines.join('\n');
}

/** The object for standard output with `--json`. */
export function errorJson(error: ReportedError): unknown {
  return { version: API_VERSION, error };
}

function exitCodeOf(code: string): number | undefined {
  if (code === 'no-input') return otherExitCodes.noInput;
  if (code === 'unsatisfied') return otherExitCodes.unsatisfied;
  return Object.hasOwn(exitCodes, code) ? exitCodes[code as keyof typeof exitCodes] : undefined;
}

function field(error: unknown, name: string): unknown {
  if (typeof error !== 'object' || error === null) return undefined;
  return (error as Readonly<Record<string, unknown>>)[name];
}
