// Only what every command line needs is imported here: a plain `holdfast status` and the heart
// load nothing else.
import { endQuietlyWithReader, showError } from './process-end.ts';

/** Runs one command line; sets the exit code of the process. */
async function main(argv: readonly string[]): Promise<void> {
  if (argv.length === 1 && argv[0] === 'agent') {
    // The heart takes this process over: it is the main process of the unit.
    await import('../heart/main.ts');
    return;
  }
  endQuietlyWithReader();
  try {
    if (argv.length === 1 && argv[0] === 'status') {
      const { plainStatus } = await import('./plain-status.ts');
      await plainStatus();
    } else {
      const { dispatch } = await import('./dispatch.ts');
      await dispatch(argv);
    }
  } catch (error) {
    await showError(error, argv.includes('--json'));
  }
}

await main(process.argv.slice(2));
