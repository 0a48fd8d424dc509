import { join } from 'node:path';
import { bundle } from '../../build/bundle.ts';
import type { Host } from '../lab/host.ts';
import { projectRoot } from '../lab/project.ts';
import { benchCluster, untilSteady } from './bench-cluster.ts';
import { measurement } from './measurement.ts';
import type { BenchOptions } from './options.ts';

const socket = '/run/holdfast/agent.sock';
const askAgent = `curl -s -o /dev/null --unix-socket ${socket}`;

/** What is asked, as a line of a shell. */
const questions: Readonly<Record<string, string>> = {
  'holdfast status': 'holdfast status',
  'holdfast status --json': 'holdfast status --json',
  'holdfast events': 'holdfast events',
  'holdfast --version': 'holdfast --version',
  'status by the control API (with curl)': `${askAgent} http://agent/v1/status`,
  'a committed write (with curl)': `${askAgent} -X POST -H 'content-type: application/json' -d '{}' http://agent/v1/cleanup`,
};

/** How long a person or a script waits for an answer. */
export async function commands(options: BenchOptions): Promise<void> {
  await bundle();
  const cluster = await benchCluster();
  try {
    await untilSteady(cluster);
    const host = cluster.host('alpha');
    for (const [metric, line] of Object.entries(questions)) {
      const samples = await timesOf(host, line, options.runs);
      options.report(measurement({ name: 'commands', metric, unit: 'ms' }, samples));
    }
  } finally {
    await cluster.down();
  }
}

/** Measured by a shell on the host, which is not itself a part of the time. */
async function timesOf(host: Host, line: string, runs: number): Promise<readonly number[]> {
  const script = `PATH=${join(projectRoot, 'bin')}:$PATH
    for run in $(seq ${runs}); do
      began=$EPOCHREALTIME
      ${line} >/dev/null || exit 1
      ended=$EPOCHREALTIME
      echo $(( \${ended/./} - \${began/./} ))
    done`;
  const env = { HOLDFAST_DIST: '1' };
  const text = await host.execOrThrow(['/bin/bash', '-c', script], { env });
  return text
    .trim()
    .split('\n')
    .map((microseconds) => Number(microseconds) / 1000);
}
