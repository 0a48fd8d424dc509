import { statSync } from 'node:fs';
import { ClusterError } from './cluster-error.ts';

/** The control socket: `HOLDFAST_SOCKET`, or that in the run directory of this node. */
export function socketPath(environment: NodeJS.ProcessEnv): string {
  const { HOLDFAST_SOCKET, HOLDFAST_RUN } = environment;
  return HOLDFAST_SOCKET || `${HOLDFAST_RUN || '/run/holdfast'}/agent.sock`;
}

/**
 * Refuses a socket that neither root nor the user owns: somebody else could listen there and read
 * what is sent.
 */
export function checkSocket(path: string): void {
  const uid = ownerOf(path);
  const own = process.geteuid?.() ?? 0;
  if (uid === 0 || uid === own) return;
  throw new ClusterError(
    'denied',
    `${path} belongs to user ${uid}, neither to root nor to you`,
    'check HOLDFAST_SOCKET',
  );
}

function ownerOf(path: string): number {
  try {
    return statSync(path).uid;
  } catch (cause) {
    throw connectError(path, cause);
  }
}

/** Turns what the system says about a socket into words and the next step. */
export function connectError(path: string, cause: unknown): ClusterError {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : '';
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new ClusterError(
        'unavailable',
        'the agent is not running on this node',
        'systemctl start holdfast',
        { cause },
      );
    case 'EACCES':
    case 'EPERM':
      return new ClusterError(
        'denied',
        `no permission to use ${path}`,
        'be root, or a member of the group holdfast',
        { cause },
      );
    default: {
      const words = cause instanceof Error ? cause.message : String(cause);
      return new ClusterError(
        'unavailable',
        `cannot ask the agent at ${path}: ${words}`,
        undefined,
        {
          cause,
        },
      );
    }
  }
}
