import { setTimeout as pause } from 'node:timers/promises';
import { floatingIp, type TestCluster } from '../e2e/cluster.ts';
import type { Host } from '../lab/host.ts';
import { gapAfter, type ObserverReport } from '../lab/observation.ts';
import type { ObserverHandle } from '../lab/observer-handle.ts';
import { agentPid, benchCluster, placeSite, powerOn, untilSteady } from './bench-cluster.ts';
import { measurement, type Target } from './measurement.ts';
import type { BenchOptions, Profile } from './options.ts';

const mark = 'fault';
const patienceMs = 30_000;
const quietMs = 2000;

/** One run of a scenario. */
interface Run {
  readonly cluster: TestCluster;
  readonly observer: ObserverHandle;
  readonly active: Host;
  /** Counts from 0; scenarios that have variants alternate by it. */
  readonly number: number;
}

interface Scenario {
  readonly metric: string;
  readonly target: Readonly<Record<Profile, Target>>;
  /** Before the observation begins. */
  readonly prepare?: (cluster: TestCluster) => Promise<void>;
  /** Does the harm and waits until the service answers for good. */
  readonly act: (run: Run) => Promise<void>;
  /** The figure in the report, in ms. Default: the longest gap since the mark. */
  readonly read?: (report: ObserverReport) => number;
}

const both = (target: Target): Scenario['target'] => ({ default: target, fast: target });
const powerOffTarget: Scenario['target'] = {
  default: { medianMost: 1400, maxMost: 2500 },
  fast: { medianMost: 600 },
};
const unnoticed = both({ maxMost: 50 });

const scenarios: readonly Scenario[] = [
  {
    metric: 'power-off, leader kept',
    target: powerOffTarget,
    prepare: (cluster) => placeSite(cluster, false),
    act: powerOffActive,
  },
  {
    metric: 'power-off, leader lost',
    target: powerOffTarget,
    prepare: (cluster) => placeSite(cluster, true),
    act: powerOffActive,
  },
  { metric: 'resource killed', target: both({ medianMost: 300 }), act: killResource },
  { metric: 'planned move', target: both({ medianMost: 300 }), act: moveAway },
  // How long a client waits on this machine as it is now: what the rows after it are to be compared with.
  { metric: 'no fault', target: both({}), act: () => pause(quietMs), read: longestGap },
  { metric: 'path cut', target: unnoticed, act: cutPath, read: longestGap },
  { metric: 'agent killed', target: unnoticed, act: killAgent('KILL'), read: longestGap },
  { metric: 'agent restarted', target: unnoticed, act: killAgent('TERM'), read: longestGap },
  {
    metric: 'cold start of all',
    target: both({ medianMost: 4000 }),
    act: coldStart,
    read: (report) => answerAfter(report, 'on'),
  },
];

/** The gaps that a client sees, for each kind of fault. */
export async function failover(options: BenchOptions): Promise<void> {
  for (const profile of options.profiles) {
    const cluster = await benchCluster(profile);
    try {
      for (const scenario of scenarios) {
        if (isWanted(scenario, options)) await repeat(cluster, profile, scenario, options);
      }
    } finally {
      await cluster.down();
    }
  }
}

function isWanted({ metric }: Scenario, { only }: BenchOptions): boolean {
  return only.length === 0 || only.some((text) => metric.includes(text));
}

async function repeat(
  cluster: TestCluster,
  profile: Profile,
  scenario: Scenario,
  options: BenchOptions,
): Promise<void> {
  const { metric, target } = scenario;
  const samples: number[] = [];
  for (let number = 0; number < options.runs; number += 1) {
    const gapMs = await once(cluster, scenario, number);
    options.progress(`${profile} · ${metric} · ${number + 1}/${options.runs}: ${gapMs} ms`);
    samples.push(gapMs);
  }
  const title = { name: 'failover', metric: `${metric} (${profile})`, unit: 'ms' };
  options.report(measurement(title, samples, target[profile]));
}

async function once(cluster: TestCluster, scenario: Scenario, number: number): Promise<number> {
  await untilSteady(cluster);
  await scenario.prepare?.(cluster);
  await cluster.untilCalm(patienceMs);
  const active = await cluster.activeHost();
  const observer = await cluster.lab.observe({ address: floatingIp, gapFloorMs: 1 });
  await observer.waitForAnswer();
  await observer.mark(mark);
  await scenario.act({ cluster, observer, active, number });
  // What answers must go on to answer: a second of peace.
  await cluster.untilCalm(patienceMs);
  const report = await observer.stop();
  if (report.overlaps.length > 0) {
    const { overlaps, announcements, gaps, marks } = report;
    const evidence = JSON.stringify({ overlaps, announcements, gaps, marks });
    throw new Error(`${scenario.metric}: two owners: ${evidence}`);
  }
  const read = scenario.read ?? ((seen) => gapAfter(seen, mark)?.durationMs ?? 0);
  return Math.round(read(report) * 10) / 10;
}

function longestGap(report: ObserverReport): number {
  return gapAfter(report, mark)?.durationMs ?? report.longestGapMs;
}

/** From a mark to the first answer after it. */
function answerAfter(report: ObserverReport, label: string): number {
  const atMs = report.marks.find((found) => found.label === label)?.atMs ?? Number.NaN;
  const gap = report.gaps.findLast((found) => found.startMs <= atMs);
  return gap === undefined ? 0 : gap.startMs + gap.durationMs - atMs;
}

async function powerOffActive({ observer, active }: Run): Promise<void> {
  await active.powerOff();
  await observer.waitForAnswer({ notFrom: active.name, timeoutMs: patienceMs });
}

async function killResource({ cluster, observer, active }: Run): Promise<void> {
  const since = await cluster.lastEvent();
  await active.execOrThrow(['pkill', '-KILL', 'nginx']);
  // The killed one may still have answered: its failure is in the history before the next one is waited for.
  await cluster.untilEvent(({ what }) => what.kind === 'failed' && what.instance === 'web', since);
  await observer.waitForAnswer({ timeoutMs: patienceMs });
}

async function moveAway({ cluster, observer, active }: Run): Promise<void> {
  const to = cluster.running.find((host) => host !== active);
  await cluster.post('/v1/resources/site/move', { to: to?.name });
  await observer.waitForAnswer({ notFrom: active.name, timeoutMs: patienceMs });
}

/** Path 1 at the active host, or path 0 (where the client is) at another one. */
async function cutPath({ cluster, active, number }: Run): Promise<void> {
  const link = number % 2 === 0 ? 1 : 0;
  const host = link === 1 ? active : cluster.running.find((other) => other !== active);
  await cluster.lab.cut(host?.name ?? '', link);
  await cluster.until('the cut is seen', ({ links }) => links.some((found) => !found.up));
  await cluster.lab.heal();
  await cluster.until('the path is back', ({ links }) => links.every((found) => found.up));
}

function killAgent(signal: 'KILL' | 'TERM'): Scenario['act'] {
  return async ({ cluster, active }) => {
    const before = await agentPid(active);
    await active.execOrThrow(['kill', `-${signal}`, before]);
    await cluster.until('the agent is back', (status) => status.settled && status.lease.standing, {
      host: active,
    });
    if ((await agentPid(active)) === before) throw new Error('the agent did not end');
  };
}

async function coldStart({ cluster, observer }: Run): Promise<void> {
  await Promise.all(cluster.lab.hosts.map((host) => host.powerOff()));
  await observer.mark('on');
  await Promise.all(cluster.lab.hosts.map((host) => powerOn(host)));
  await observer.waitForAnswer({ timeoutMs: patienceMs });
}
