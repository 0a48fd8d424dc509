import { setTimeout as pause } from 'node:timers/promises';
import type { Host } from '../lab/host.ts';
import { floatingIp } from './demo-cluster.ts';
import { type Beginning, begin, gapSince, gapText, type Play, type SceneResult } from './play.ts';

const patienceMs = 30_000;
/** On a busy machine a client waits as long for an answer that nothing has delayed. */
const noGapMs = 100;
const longGapMs = 500;
const watchMs = 2000;

/** The power of the host that runs the site goes. */
export async function powerOff(play: Play): Promise<SceneResult> {
  const { stage, cluster, observer, witness } = play;
  const active = await cluster.activeHost(witness);
  stage.scene(`The power of ${active.name} goes`);
  const beginning = await begin(play);
  await active.powerOff();
  stage.moment(0, `the power of ${active.name} is off; nobody answers at ${floatingIp}`, 'bad');
  const answer = await stage.counting(
    beginning.clockMs,
    'no answer',
    observer.waitForAnswer({ notFrom: active.name, timeoutMs: patienceMs }),
  );
  stage.moment(answer.atMs - beginning.observerMs, `${answer.host} answers`, 'good');
  await started(play, beginning);
  const result = judged(play, beginning, `power of ${active.name} off`);
  await cluster.show(witness, ['holdfast', 'status']);
  await powerBack(play, active);
  return result;
}

async function powerBack(play: Play, host: Host): Promise<void> {
  const { stage, cluster, history, witness } = play;
  stage.line();
  const beginning = await begin(play);
  await host.powerOn();
  stage.moment(0, `the power of ${host.name} is back`);
  const joined = history.until(
    (what) => what.kind === 'node-joined' && what.node === host.name,
    beginning.lastEvent,
  );
  await stage.counting(beginning.clockMs, `${host.name} starts`, joined);
  await stage.counting(
    beginning.clockMs,
    `${host.name} learns what happened`,
    cluster.untilCalm(witness),
  );
  history.listen(undefined);
  stage.say('The site stays where it is: moving it back would be one more gap.', 'dim');
}

/** One of two paths is cut: nothing happens. */
export async function cutPath(play: Play): Promise<SceneResult> {
  const { stage, cluster, history, witness } = play;
  const active = await cluster.activeHost(witness);
  stage.scene(`One of the two paths of ${active.name} is cut`);
  const beginning = await begin(play);
  await cluster.lab.cut(active.name, 1);
  stage.moment(0, `the cable net1 of ${active.name} is pulled out`, 'bad');
  await stage.counting(beginning.clockMs, 'nothing happens', pause(watchMs));
  await cluster.show(witness, ['holdfast', 'link', 'status']);
  const isTouched = history.last > beginning.lastEvent;
  await cluster.lab.heal();
  const isHealed = cluster.until('the path is back', witness, ({ links }) =>
    links.every(({ up }) => up),
  );
  await stage.counting(beginning.clockMs, 'the cable is back', isHealed);
  history.listen(undefined);
  const gapMs = gapSince(play.gaps, beginning, noGapMs);
  sayGap(play, gapMs);
  if (isTouched) stage.say('The cluster did something: it should not have.', 'bad');
  // A busy machine lets a client wait as well: only what is touched, or away for long, is not as it should be.
  const good = !isTouched && (gapMs ?? 0) < longGapMs;
  return { what: `one path of ${active.name} cut`, gapMs, good };
}

/** The web server is killed. */
export async function killWeb(play: Play): Promise<SceneResult> {
  const { stage, cluster, history, observer, witness } = play;
  const active = await cluster.activeHost(witness);
  stage.scene('The web server crashes');
  const beginning = await begin(play);
  await cluster.run(active, ['pkill', '-KILL', 'nginx']);
  const failed = history.until((what) => what.kind === 'failed', beginning.lastEvent);
  await stage.counting(beginning.clockMs, 'no answer', failed);
  await observer.waitForAnswer({ timeoutMs: patienceMs });
  await started(play, beginning);
  return judged(play, beginning, 'web server killed');
}

/** A person moves the site. */
export async function move(play: Play): Promise<SceneResult> {
  const { stage, cluster, observer, witness } = play;
  const active = await cluster.activeHost(witness);
  const to = cluster.lab.hosts.find((host) => host !== active) ?? witness;
  stage.scene(`The site is moved by hand`);
  const beginning = await begin(play);
  const words = ['holdfast', 'resource', 'move', 'site', to.name, '--wait'];
  const said = await cluster.run(witness, words);
  await observer.waitForAnswer({ from: to.name, timeoutMs: patienceMs });
  await started(play, beginning);
  stage.line(said.trim());
  return judged(play, beginning, `moved by hand to ${to.name}`);
}

/** Waits until the web server counts as started again, and until no line is on its way. */
async function started({ history }: Play, beginning: Beginning): Promise<void> {
  await history.until(
    (what) => what.kind === 'done' && what.action === 'start' && what.instance === 'web',
    beginning.lastEvent,
  );
  history.listen(undefined);
}

function judged(play: Play, beginning: Beginning, what: string): SceneResult {
  const gapMs = gapSince(play.gaps, beginning);
  sayGap(play, gapMs);
  return { what, gapMs, good: true };
}

function sayGap({ stage }: Play, gapMs: number | undefined): void {
  stage.say(`Gap, as a client saw it: ${gapText(gapMs)}`, 'strong');
}
