import { dispatch } from '../../../src/cli/dispatch.ts';
import { errorLines, reportedError } from '../../../src/cli/report-error.ts';

/** What a command left behind. */
export interface CommandEnd {
  readonly out: string;
  readonly error: string;
  readonly exitCode: number;
}

/** Runs a command in this process against a socket; commands run one at a time. */
export async function runCommand(socket: string, ...argv: readonly string[]): Promise<CommandEnd> {
  const write = process.stdout.write;
  const before = { socket: process.env.HOLDFAST_SOCKET, exitCode: process.exitCode };
  let out = '';
  process.env.HOLDFAST_SOCKET = socket;
  process.exitCode = undefined;
  process.stdout.write = (chunk: string | Uint8Array): boolean => {
    out += String(chunk);
    return true;
  };
  try {
    await dispatch(argv);
    return { out, error: '', exitCode: Number(process.exitCode ?? 0) };
  } catch (error) {
    const reported = reportedError(error);
    return { out, error: errorLines(reported), exitCode: reported.exitCode };
  } finally {
    process.stdout.write = write;
    process.exitCode = before.exitCode;
    if (before.socket === undefined) delete process.env.HOLDFAST_SOCKET;
    else process.env.HOLDFAST_SOCKET = before.socket;
  }
}
