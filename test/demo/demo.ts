/** `npm run demo`: a cluster of three hosts, what happens to it, and what a client sees of that. */
import { parseArgs } from 'node:util';
import { bundle } from '../../build/bundle.ts';
import { demoPackages, prepare } from '../../build/prepare.ts';
import { Lab } from '../lab/lab.ts';
import { LabError } from '../lab/lab-error.ts';
import type { Gap, ObserverReport } from '../lab/observation.ts';
import { DemoCluster, environment, floatingIp } from './demo-cluster.ts';
import { History } from './history.ts';
import { gapText, type Play, type SceneResult } from './play.ts';
import { cutPath, killWeb, move, powerOff } from './scenes.ts';
import { setUp } from './set-up.ts';
import { Stage } from './stage.ts';

const labName = 'demo';
const scenes: readonly ((play: Play) => Promise<SceneResult>)[] = [
  powerOff,
  cutPath,
  killWeb,
  move,
];

/** Exit codes: as sysexits.h has them, and as shells tell of SIGINT. */
const exitUsage = 64;
const exitUnavailable = 69;
const exitInterrupted = 130;

let isInterrupted = false;

async function main(): Promise<number> {
  const stage = new Stage(process.stdout);
  let keep = false;
  try {
    keep = parseArgs({ options: { keep: { type: 'boolean', default: false } } }).values.keep;
  } catch {
    process.stderr.write('usage: npm run demo [-- --keep]\n');
    return exitUsage;
  }
  if (prepare({ packages: demoPackages, say: (line) => stage.say(line, 'dim') }).length > 0) {
    return exitUnavailable;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void interrupted(stage));
  }
  try {
    return await perform(stage, keep);
  } catch (error) {
    // Whoever ends it takes the cluster away under it: that is no failure.
    if (isInterrupted) return await new Promise<never>(() => {});
    stage.quiet();
    process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`);
    if (!(error instanceof LabError)) showLogs();
    return error instanceof LabError ? exitUnavailable : 1;
  } finally {
    if (!keep) await Lab.down(labName);
  }
}

async function perform(stage: Stage, keep: boolean): Promise<number> {
  if (await Lab.down(labName)) stage.say('The cluster of an earlier demo has been ended.', 'dim');
  await bundle();
  stage.scene('Three hosts, two paths between them, and a cluster on them');
  const lab = await Lab.up({ name: labName, hosts: 3, owned: !keep });
  const cluster = new DemoCluster(lab, stage);
  await setUp(cluster, stage);
  const gaps: Gap[] = [];
  const observer = await lab.observe({
    address: floatingIp,
    onEvent: (event) => {
      if (event.kind === 'gap') gaps.push(event.gap);
    },
  });
  await observer.waitForAnswer();
  const witness = await quietHost(cluster);
  const history = new History(witness, environment);
  const results: SceneResult[] = [];
  try {
    for (const scene of scenes) {
      results.push(await scene({ stage, cluster, observer, history, gaps, witness }));
    }
  } finally {
    history.close();
  }
  return conclude(stage, results, await observer.stop(), keep);
}

/** A host that does not run the site now: its power will not go. */
async function quietHost(cluster: DemoCluster): Promise<DemoCluster['lab']['hosts'][number]> {
  const [first, ...others] = cluster.lab.hosts;
  if (first === undefined) throw new Error('a cluster needs a host');
  const active = await cluster.activeHost(first);
  return others.find((host) => host !== active) ?? first;
}

function conclude(
  stage: Stage,
  results: readonly SceneResult[],
  report: ObserverReport,
  keep: boolean,
): number {
  stage.scene('How long nobody answered');
  for (const { what, gapMs, good } of results) {
    const line = `${what.padEnd(28)}${gapText(gapMs).padStart(22)}`;
    stage.line(good ? line : stage.paint('bad', `${line}  not as it should be`));
  }
  const { overlaps, polls } = report;
  const owners =
    overlaps.length === 0
      ? `never two owners, in ${polls} requests`
      : `TWO OWNERS: ${overlaps.map(({ hosts }) => hosts.join(' and ')).join(', ')}`;
  stage.line(stage.paint(overlaps.length === 0 ? 'good' : 'bad', owners));
  if (keep) showHowToTalk(stage);
  return overlaps.length === 0 && results.every(({ good }) => good) ? 0 : 1;
}

function showHowToTalk(stage: Stage): void {
  stage.scene('The cluster goes on');
  const lines = [
    `npm run lab -- exec ${labName} alpha env HOLDFAST_DIST=1 holdfast status`,
    `npm run lab -- exec ${labName} alpha bash      # a shell on a host; also beta, gamma`,
    `npm run lab -- poweroff ${labName} beta        # see: npm run lab -- help`,
    `npm run lab -- observe ${labName} ${floatingIp}:80 --seconds 10`,
    `npm run lab -- down ${labName}                 # ends it`,
  ];
  for (const line of lines) stage.line(`  ${line}`);
}

/** For whoever has to find out what went wrong. */
function showLogs(): void {
  try {
    for (const host of Lab.attach(labName).hosts) {
      process.stderr.write(`--- ${host.name}\n${host.unitLog('holdfast').slice(-4000)}\n`);
    }
  } catch {
    // Without a lab there are no logs.
  }
}

async function interrupted(stage: Stage): Promise<void> {
  isInterrupted = true;
  stage.quiet();
  stage.line('\nThe cluster is taken down.');
  await Lab.down(labName);
  process.exit(exitInterrupted);
}

process.exitCode = await main();
