import type { ClusterEvent, Happening } from '../../src/model/event.ts';
import { floatingIp, type TestCluster } from '../e2e/cluster.ts';
import { gapAfter, type ObserverReport } from '../lab/observation.ts';
import { benchCluster, placeSite, untilSteady } from './bench-cluster.ts';
import { type JournalLine, JournalWatch } from './journal-watch.ts';
import { measurement } from './measurement.ts';
import type { BenchOptions, Profile } from './options.ts';

/** All that tells of one failover; times are of the wall clock, ms. */
interface Story {
  readonly active: string;
  readonly events: readonly ClusterEvent[];
  readonly lines: readonly JournalLine[];
  readonly report: ObserverReport;
}

/** When a phase ended, or undefined where the story does not tell. */
type Phase = (story: Story) => number | undefined;

/** In their order; each counts from the last answer of the host whose power went. */
const phases: Readonly<Record<string, Phase>> = {
  'silence seen by one': (story) => lineAt(story, /hears nothing of/),
  'silence seen by all': (story) => lastLineAt(story, /hears nothing of/),
  'new leader': (story) => eventAt(story, (what) => what.kind === 'leader-elected'),
  'voters asked': (story) => lineAt(story, /asks the voters/),
  'first promise': (story) => lineAt(story, /promised to hear/),
  'last promise': (story) => lastLineAt(story, /promised to hear/),
  'majority gathered': (story) => lineAt(story, /a majority of the voters has lost/),
  'lost, by the log': (story) => eventAt(story, (what) => what.kind === 'node-lost'),
  'down, by the log': (story) => eventAt(story, (what) => what.kind === 'node-down'),
  'address ordered': (story) => eventAt(story, isOf('ordered', 'ip')),
  'address announced': announcedAt,
  'address started': (story) => eventAt(story, isOf('done', 'ip')),
  'web server ordered': (story) => eventAt(story, isOf('ordered', 'web')),
  'first answer': answeredAt,
  'web server started': (story) => eventAt(story, isOf('done', 'web')),
};

/** Where the time of a failover goes. */
export async function phasesOfFailover(options: BenchOptions): Promise<void> {
  for (const profile of options.profiles) {
    const cluster = await benchCluster(profile);
    try {
      for (const leaderToo of [false, true]) await tell(cluster, profile, leaderToo, options);
    } finally {
      await cluster.down();
    }
  }
}

async function tell(
  cluster: TestCluster,
  profile: Profile,
  leaderToo: boolean,
  options: BenchOptions,
): Promise<void> {
  const stories: Story[] = [];
  for (let number = 0; number < options.runs; number += 1) {
    stories.push(await live(cluster, leaderToo));
    options.progress(`${profile} · leader ${leaderToo ? 'lost' : 'kept'} · ${number + 1}`);
  }
  for (const [phase, find] of Object.entries(phases)) {
    const samples = stories.flatMap((story) => {
      const atMs = find(story);
      return atMs === undefined ? [] : [atMs - faultAt(story)];
    });
    if (samples.length === 0) continue;
    const metric = `${phase} (${profile}, leader ${leaderToo ? 'lost' : 'kept'})`;
    options.report(measurement({ name: 'phases', metric, unit: 'ms' }, samples));
  }
}

async function live(cluster: TestCluster, leaderToo: boolean): Promise<Story> {
  await untilSteady(cluster);
  await placeSite(cluster, leaderToo);
  await cluster.untilCalm(30_000);
  const active = await cluster.activeHost();
  const since = await cluster.lastEvent();
  const observer = await cluster.lab.observe({ address: floatingIp });
  await observer.waitForAnswer();
  const watch = new JournalWatch(cluster.lab.hosts.filter((host) => host !== active));
  await observer.mark('fault');
  await active.powerOff();
  await observer.waitForAnswer({ notFrom: active.name, timeoutMs: 30_000 });
  await cluster.untilEvent(({ what }) => isOf('done', 'web')(what), since);
  const lines = watch.stop();
  const report = await observer.stop();
  if (report.overlaps.length > 0) throw new Error(JSON.stringify(report.overlaps));
  const events = await cluster.events(undefined, since);
  return { active: active.name, events, lines, report };
}

/** The last answer before the gap. */
function faultAt({ report }: Story): number {
  return report.startedAt + (gapAfter(report, 'fault')?.startMs ?? Number.NaN);
}

function answeredAt({ report }: Story): number | undefined {
  const gap = gapAfter(report, 'fault');
  return gap === undefined ? undefined : report.startedAt + gap.startMs + gap.durationMs;
}

function announcedAt({ report, active }: Story): number | undefined {
  const from = report.marks[0]?.atMs ?? 0;
  const found = report.announcements.find(({ host, atMs }) => host !== active && atMs > from);
  return found === undefined ? undefined : report.startedAt + found.atMs;
}

function eventAt({ events }: Story, holds: (what: Happening) => boolean): number | undefined {
  return events.find(({ what }) => holds(what))?.atMs;
}

function isOf(kind: 'ordered' | 'done', instance: string): (what: Happening) => boolean {
  return (what) => what.kind === kind && what.action === 'start' && what.instance === instance;
}

function lineAt({ lines }: Story, pattern: RegExp): number | undefined {
  return lines.find(({ text }) => pattern.test(text))?.wallMs;
}

function lastLineAt({ lines }: Story, pattern: RegExp): number | undefined {
  return lines.findLast(({ text }) => pattern.test(text))?.wallMs;
}
