/** `npm run lab -- VERB …`: the lab by hand. `npm run lab -- help` lists the verbs. */
import { LabError, LabUsageError } from './lab-error.ts';
import { runVerb } from './verbs.ts';

/** Exit codes as sysexits.h has them: wrong usage, and a service of the machine that is not there. */
const exitUsage = 64;
const exitUnavailable = 69;

try {
  process.exitCode = await runVerb(process.argv.slice(2));
} catch (error) {
  if (error instanceof LabUsageError) process.exitCode = exitUsage;
  else if (error instanceof LabError) process.exitCode = exitUnavailable;
  else throw error;
  process.stderr.write(`lab: ${error.message}\n`);
}
