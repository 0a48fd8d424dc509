import type { NodeDirectories } from './node-file.ts';

/** Where a packaged node keeps what it owns; the environment may say otherwise, for tests and several nodes. */
export function nodeDirectories(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): NodeDirectories {
  return {
    etc: environment.HOLDFAST_ETC ?? '/etc/holdfast',
    state: environment.HOLDFAST_STATE ?? '/var/lib/holdfast',
    run: environment.HOLDFAST_RUN ?? '/run/holdfast',
  };
}

/** Path of the control socket. */
export function socketPath(directories: NodeDirectories): string {
  return `${directories.run}/agent.sock`;
}
