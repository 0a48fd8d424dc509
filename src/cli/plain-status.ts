import { ControlClient } from '../client/control-client.ts';
import { socketPath } from '../client/socket-file.ts';
import { ANSWER_TIMEOUT_MS, invoker, screenWidth } from './invoker.ts';
import { paintFor } from './render/paint.ts';
import { statusScreen } from './render/status-screen.ts';

/** `holdfast status` without a command framework: it is typed most, and in a hurry. */
export async function plainStatus(): Promise<void> {
  const client = new ControlClient({
    socket: socketPath(process.env),
    by: invoker(),
    timeoutMs: ANSWER_TIMEOUT_MS,
  });
  const paint = paintFor(process.stdout.isTTY === true, process.env);
  const screen = statusScreen(await client.status(), { width: screenWidth(), paint });
  process.stdout.write(`${screen}\n`);
}
