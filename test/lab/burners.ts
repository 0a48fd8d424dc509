import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { signalQuietly } from './processes.ts';

/** Processes that do nothing but use up processor time. */
export interface Burners {
  stop(): void;
}

/**
 * Saturates the machine with `count` processes (default: one per core), outside all hosts and at normal priority.
 * They end by themselves after `seconds`, even if this process dies before.
 */
export function startBurners(options: {
  readonly seconds: number;
  readonly count?: number;
}): Burners {
  const { seconds, count = availableParallelism() } = options;
  const burn = ['--kill-after=1', String(seconds), '/bin/sh', '-c', 'while :; do :; done'];
  // Each is the leader of a process group of its own: `timeout` ends the whole group.
  const burners = Array.from({ length: count }, () =>
    spawn('timeout', burn, { stdio: 'ignore', detached: true }),
  );
  for (const burner of burners) {
    burner.on('error', () => {});
    burner.unref();
  }
  const stop = (): void => {
    for (const { pid } of burners) {
      if (pid !== undefined) signalQuietly(-pid, 'SIGKILL');
    }
  };
  return { stop };
}
