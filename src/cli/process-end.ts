/** A reader that goes away (`| head`) ends the command quietly. Not for the heart and the agent. */
export function endQuietlyWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}

/** Shows an error where it belongs and sets the exit code. */
export async function showError(error: unknown, json: boolean): Promise<void> {
  const { errorJson, errorLines, reportedError } = await import('./report-error.ts');
  const reported = reportedError(error);
  if (json) process.stdout.write(`${JSON.stringify(errorJson(reported), undefined, 2)}\n`);
  else process.stderr.write(`${errorLines(reported)}\n`);
  process.exitCode = reported.exitCode;
}
