import { unreachable } from '../base/assert.ts';
import { INFINITY_SCORE } from './config.ts';
import type { Reason } from './reason.ts';

/** A reason in words: a lower-case fragment that stands after "because". The only place that makes these sentences. */
export function reasonText(reason: Reason): string {
  switch (reason.rule) {
    case 'new-member':
      return `${reason.node} has joined and nobody knows yet what runs there`;
    case 'not-probed':
      return `nobody has looked yet whether ${reason.resource} runs on ${reason.node}`;
    case 'should-run':
      return `${reason.resource} should run`;
    case 'intended-stop':
      return `${reason.resource} is meant to be stopped`;
    case 'removed':
      return `${reason.resource} is no longer in the configuration`;
    case 'restart-asked':
      return `a restart of ${reason.resource} was asked for`;
    case 'moved-by-hand':
      return `${reason.resource} was moved to ${reason.to} by hand`;
    case 'config-changed':
      return `the definition of ${reason.resource} has changed`;
    case 'balance':
      return `${reason.node} has the least to do`;
    case 'stickiness':
      return `it was on ${reason.node} before`;
    case 'better-node':
      return betterNodeText(reason);
    default:
      return refusalText(reason);
  }
}

type RefusalReason = Exclude<
  Reason,
  {
    readonly rule:
      | 'new-member'
      | 'not-probed'
      | 'should-run'
      | 'intended-stop'
      | 'removed'
      | 'restart-asked'
      | 'moved-by-hand'
      | 'config-changed'
      | 'balance'
      | 'stickiness'
      | 'better-node';
  }
>;

/** What keeps something from running, or from running there. */
function refusalText(reason: RefusalReason): string {
  switch (reason.rule) {
    case 'node-lost':
      return `${reason.node} is lost`;
    case 'node-left':
      return `${reason.node} has left the cluster`;
    case 'node-standby':
      return `${reason.node} is on standby`;
    case 'node-leaving':
      return `${reason.node} is leaving the cluster`;
    case 'node-maintenance':
      return `${reason.node} is in maintenance`;
    case 'not-joined':
      return `${reason.node} is not a member now`;
    case 'witness':
      return `${reason.node} is a witness and runs nothing`;
    case 'cluster-maintenance':
      return 'the cluster is in maintenance';
    case 'resource-maintenance':
      return `${reason.resource} is in maintenance`;
    case 'unmanaged':
      return `${reason.resource} is not managed by the cluster`;
    case 'not-allowed':
      return `no rule allows ${reason.resource} on ${reason.node}`;
    case 'runs-everywhere':
      return `${reason.resource} is a clone: its copies stay on their nodes`;
    case 'clone-limit':
      return `${reason.resource} may have ${counted(reason.max, 'copy', 'copies')} and no more`;
    default:
      return troubleText(reason);
  }
}

type TroubleReason = Extract<
  Reason,
  {
    readonly rule:
      | 'failed'
      | 'too-many-failures'
      | 'unusable'
      | 'blocked'
      | 'active-twice'
      | 'location'
      | 'colocation'
      | 'group'
      | 'order'
      | 'order-cycle'
      | 'waits-for-probe'
      | 'waits-for-lost-node'
      | 'no-node';
  }
>;

function troubleText(reason: TroubleReason): string {
  switch (reason.rule) {
    case 'failed':
      return `${reason.instance} failed on ${reason.node} (${withText(reason.action, reason.text)})`;
    case 'too-many-failures':
      return `${reason.resource} failed ${counted(reason.failures, 'time', 'times')} on ${reason.node} within ${spanText(reason.windowMs)}`;
    case 'unusable':
      return `${reason.resource} cannot run on ${reason.node} (${withText(exitText(reason.exitCode), reason.text)})`;
    case 'blocked':
      return `${reason.instance} could not be stopped on ${reason.node} and may still run there${reason.text === '' ? '' : ` (${reason.text})`}`;
    case 'active-twice':
      return `${reason.instance} was found running on ${listText(reason.nodes)} at once`;
    case 'location':
      return locationText(reason);
    case 'colocation':
      return colocationText(reason);
    case 'group':
      return `${reason.waitsFor} comes before ${reason.member} in group ${reason.group}`;
    case 'order':
      return `rule ${reason.id} starts ${reason.first} before ${reason.then}`;
    case 'order-cycle':
      return `the order rules of ${reason.resource} wait for each other`;
    case 'waits-for-probe':
      return `it is not known yet whether ${reason.resource} runs on ${listText(reason.nodes)}`;
    case 'waits-for-lost-node':
      return `${reason.node} is lost and may still run ${reason.resource}`;
    case 'no-node':
      return noNodeText(reason);
    default:
      return unreachable(reason);
  }
}

type Of<R extends Reason['rule']> = Extract<Reason, { readonly rule: R }>;

function betterNodeText(reason: Of<'better-node'>): string {
  const text = `${reason.to} is better for it than ${reason.from}`;
  return reason.because === undefined ? text : `${text}: ${reasonText(reason.because)}`;
}

function locationText(reason: Of<'location'>): string {
  if (reason.score <= -INFINITY_SCORE) return `rule ${reason.id} forbids ${reason.node}`;
  return `rule ${reason.id} ${reason.score < 0 ? 'avoids' : 'prefers'} ${reason.node}`;
}

function colocationText(reason: Of<'colocation'>): string {
  const { dependent, primary, score, id } = reason;
  const place = score > 0 ? `with ${primary}` : `apart from ${primary}`;
  const must = Math.abs(score) >= INFINITY_SCORE ? 'must be' : 'would be';
  return `${dependent} ${must} ${place} (rule ${id})`;
}

function noNodeText(reason: Of<'no-node'>): string {
  if (reason.refusals.length === 0) return `there is no node that could run ${reason.resource}`;
  const causes = new Set(reason.refusals.map((refusal) => reasonText(refusal.because)));
  return `no node may run ${reason.resource}: ${[...causes].join('; ')}`;
}

function withText(what: string, text: string): string {
  return text === '' ? what : `${what}: ${text}`;
}

/** OCF exit codes 2 to 6. */
function exitText(exitCode: number): string {
  switch (exitCode) {
    case 2:
      return 'wrong parameters';
    case 3:
      return 'the agent cannot do that';
    case 4:
      return 'no permission';
    case 5:
      return 'not installed';
    case 6:
      return 'not configured';
    default:
      return `exit code ${exitCode}`;
  }
}

function listText(items: readonly string[]): string {
  const last = items.at(-1) ?? 'nothing';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function spanText(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  if (ms % 60_000 === 0) return `${ms / 60_000} min`;
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}
