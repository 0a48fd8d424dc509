/** One thing that is wrong with a configuration text, at the place where it is written. */
export interface ConfigProblem {
  /** Name of the file, where the text came from one. */
  readonly file: string | undefined;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  /** Keys from the top, such as `resources.web.monitor.every`; empty for the whole text. */
  readonly path: string;
  readonly message: string;
  /** What was probably meant, or what to do. */
  readonly hint: string | undefined;
}

/** `demo.yaml:12:7: resources.web: unknown key 'moniter' (did you mean 'monitor'?)` */
export function problemText(problem: ConfigProblem): string {
  const { file, line, column } = problem;
  const place = file === undefined ? `line ${line}:${column}` : `${file}:${line}:${column}`;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  const hint = problem.hint === undefined ? '' : ` (${problem.hint})`;
  return `${place}: ${path}${problem.message}${hint}`;
}
