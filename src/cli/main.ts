// Only what every command needs is imported here: a plain `holdfast status` loads nothing else.
import { finishProcess, showError } from './process-end.ts';

/** Runs one command line; sets the exit code of the process. */
export async function main(argv: readonly string[]): Promise<void> {
  const json = argv.includes('--json');
  try {
    if (argv.length === 1 && argv[0] === 'status') {
      const { plainStatus } = await import('./plain-status.ts');
      await plainStatus();
    } else {
      const { dispatch } = await import('./dispatch.ts');
      await dispatch(argv);
    }
  } catch (error) {
    await showError(error, json);
  }
}

finishProcess();
await main(process.argv.slice(2));
