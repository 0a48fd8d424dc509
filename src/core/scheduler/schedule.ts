import type { Assignment, Plan, Snapshot } from '../../model/plan.ts';
import { assign } from './assign.ts';
import { draftActions } from './drafts.ts';
import { readLinks } from './links.ts';
import { collectPreferences, type Preferences } from './preferences.ts';
import { sequenceActions } from './sequence.ts';
import { nodeAt, partOf, readSituation, type Situation } from './situation.ts';
import { reachVerdicts, type Verdict } from './verdicts.ts';
import { findWaits } from './waits.ts';
import { wishesDone } from './wishes-done.ts';

/**
 * Decides where everything shall run, what is to be done for that, and why. A pure function: equal snapshots give
 * equal plans, whatever the order of their keys. Nothing is remembered from plan to plan; the facts say it all.
 */
export function schedule(snapshot: Snapshot): Plan {
  const situation = readSituation(snapshot);
  const preferences = collectPreferences(situation);
  const assignments = assign(situation, preferences);
  const links = readLinks(situation);
  const verdicts = reachVerdicts(situation, assignments, links);
  const drafts = draftActions(situation, verdicts);
  const waits = findWaits({ situation, verdicts, drafts, links, ties: assignments.ties });
  const all = [...drafts.ofStrays.map((stray) => stray.draft), ...drafts.ofInstance.flat()];
  return {
    assignments: situation.instances.map((instance): Assignment => {
      return assignmentOf(situation, verdicts[instance.index], instance.index);
    }),
    actions: sequenceActions(all, waits),
    wishesDone: wishesDone(situation, preferences, verdicts),
    recheckAtMs: recheckAt(situation, preferences),
  };
}

function assignmentOf(
  situation: Situation,
  verdict: Verdict | undefined,
  index: number,
): Assignment {
  const instance = situation.instances[index];
  if (instance === undefined || verdict === undefined) throw new RangeError(`no verdict ${index}`);
  return {
    instance: instance.id,
    resource: partOf(situation, instance).primitive.id,
    node: verdict.node === undefined ? undefined : nodeAt(situation, verdict.node).id,
    reason: verdict.reason,
    candidates: verdict.candidates,
  };
}

/** A failure is forgotten, or a rule ends: then everything is looked at again. */
function recheckAt(situation: Situation, preferences: Preferences): number | undefined {
  const times = preferences.bans.map((ban) => ban.untilMs);
  for (const rule of situation.rules) {
    if (rule.kind === 'location' && rule.untilMs !== undefined) times.push(rule.untilMs);
  }
  return times.length === 0 ? undefined : Math.min(...times);
}
