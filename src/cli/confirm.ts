import { UserError } from './user-error.ts';

/** Asks at the terminal to type a name; refuses where nobody can be asked and `--yes` is missing. */
export async function confirm(what: string, typed: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UserError('unsafe', `not done without a confirmation: ${what}`, 'add --yes');
  }
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${what}\nType '${typed}' to go on: `);
    if (answer.trim() !== typed) throw new UserError('unsafe', 'nothing was changed');
  } finally {
    lines.close();
  }
}
