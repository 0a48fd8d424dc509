import { setTimeout as pause } from 'node:timers/promises';
import type { TestCluster } from '../e2e/cluster.ts';
import type { Host } from '../lab/host.ts';
import { benchCluster, untilSteady } from './bench-cluster.ts';
import { measurement } from './measurement.ts';
import type { BenchOptions } from './options.ts';

const idleMs = 60_000;
/** Ticks of /proc/PID/stat: 100 a second on Linux, whatever the kernel's own clock. */
const tickMs = 10;
/** The heart, the agent, and what they keep running. */
const programs = 'heart[.](js|ts)|agent[.]js|daemon/main[.]ts|ip .*-[b]atch';

interface Process {
  readonly pid: string;
  readonly name: string;
  readonly pssKb: number;
  readonly ticks: number;
}

/** Memory and idle processor time of what runs on each node. */
export async function footprint(options: BenchOptions): Promise<void> {
  for (const profile of options.profiles) {
    const cluster = await benchCluster(profile);
    try {
      await untilSteady(cluster);
      // What was busy at the start settles.
      await pause(10_000);
      await measure(cluster, profile, options);
    } finally {
      await cluster.down();
    }
  }
}

async function measure(
  cluster: TestCluster,
  profile: string,
  options: BenchOptions,
): Promise<void> {
  options.progress(`${profile} · idle for ${idleMs / 1000} s`);
  const { hosts } = cluster.lab;
  const before = await Promise.all(hosts.map(processesOf));
  const began = performance.now();
  await pause(idleMs);
  const after = await Promise.all(hosts.map(processesOf));
  const percents = (performance.now() - began) / 100;
  const report = (metric: string, unit: string, samples: readonly number[], most: number): void => {
    const title = { name: 'footprint', metric: `${metric} (${profile})`, unit };
    options.report(measurement(title, samples, { medianMost: most }));
  };
  const megabytes = after.map((processes) => sum(processes, ({ pssKb }) => pssKb) / 1024);
  report('memory of a node', 'MB', megabytes, 130);
  const used = after.map((processes, at) => {
    const ticks = sum(processes, (found) => found.ticks) - sum(before[at] ?? [], (p) => p.ticks);
    return (ticks * tickMs) / percents;
  });
  report('idle processor time of a node', '% of a core', used, 1);
  for (const [at, host] of hosts.entries()) {
    options.progress(`${host.name}: ${describe(before[at] ?? [], after[at] ?? [], percents)}`);
  }
}

/** Which process uses what, for whoever looks for the cause. */
function describe(before: readonly Process[], after: readonly Process[], percents: number): string {
  const parts = after.map(({ pid, name, pssKb, ticks }) => {
    const earlier = before.find((other) => other.pid === pid)?.ticks ?? 0;
    const percent = ((ticks - earlier) * tickMs) / percents;
    return `${name} ${(pssKb / 1024).toFixed(1)} MB ${percent.toFixed(2)} %`;
  });
  return parts.join(', ');
}

function sum(processes: readonly Process[], figure: (found: Process) => number): number {
  return processes.reduce((total, found) => total + figure(found), 0);
}

/** With the ticks of children that have ended, such as monitors. */
async function processesOf(host: Host): Promise<readonly Process[]> {
  const script = `for pid in $(pgrep -f '${programs}'); do
    pss=$(sed -n 's/^Pss: *\\([0-9]*\\) kB/\\1/p' /proc/$pid/smaps_rollup) || continue
    echo "$pid $pss $(tr '\\0' ' ' </proc/$pid/cmdline | grep -oE 'heart|agent|batch|daemon' | tail -1) $(sed 's/.*) //' /proc/$pid/stat)"
  done`;
  const text = await host.execOrThrow(['/bin/bash', '-c', script]);
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '' && !line.includes('/bin/bash'))
    .map(readProcess);
}

/** Fields from `state` on (proc_pid_stat(5)): utime, stime, cutime, cstime are the 12th to 15th. */
function readProcess(line: string): Process {
  const [pid = '', pss, name = '', ...stat] = line.split(' ');
  const ticks = stat.slice(11, 15).reduce((total, field) => total + Number(field), 0);
  return { pid, name, pssKb: Number(pss), ticks };
}
