import { execFile } from 'node:child_process';
import { setPriority } from 'node:os';
import { journal } from '../runtime/journal.ts';

/**
 * Puts this process under the real-time scheduler, so that heartbeats go on while everything else wants the processors.
 * Its children do not inherit that (SCHED_RESET_ON_FORK). Where it is not allowed, a high priority must do.
 */
export function becomeRealTime(): void {
  const args = ['--all-tasks', '--reset-on-fork', '--rr', '--pid', '1', String(process.pid)];
  execFile('chrt', args, (error) => {
    if (error === null) return;
    try {
      setPriority(-20);
      journal('notice', 'heart: no real-time priority here; runs at nice -20');
    } catch {
      journal(
        'warning',
        'heart: no raised priority here; a starved processor can look like a lost node',
      );
    }
  });
}
