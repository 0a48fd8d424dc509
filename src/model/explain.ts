import type { ResourceConfig } from './config.ts';
import { type InstanceId, type NodeId, primitiveOf, type ResourceId } from './ids.ts';
import { nextStep } from './next-step.ts';
import type { Assignment, PlannedAction } from './plan.ts';
import type { Reason } from './reason.ts';
import { reasonText } from './reason-text.ts';
import { primitivesOf, resourceById } from './resources.ts';
import type { ClusterStatus, InstanceStatus } from './status.ts';

/** What is needed to say why; the status report of the control API has all of it. */
export interface ExplainInput {
  readonly resources: readonly ResourceConfig[];
  readonly assignments: readonly Assignment[];
  readonly actions: readonly PlannedAction[];
  readonly facts: ClusterStatus;
  /** Whether the asked node knows of a leader that a majority follows. */
  readonly quorate: boolean;
}

/** Why a resource runs where it runs, or why it does not. */
export interface Explanation {
  /** One sentence: the cause first, the next command last. */
  readonly sentence: string;
  readonly state: 'running' | 'changing' | 'waiting' | 'stopped' | 'unknown';
  readonly reason: Reason | undefined;
  /** The command at the end of the sentence. */
  readonly command: string | undefined;
}

/** Undefined where the configuration has no such resource and nothing of that name runs. */
export function explain(input: ExplainInput, resource: ResourceId): Explanation | undefined {
  const config = resourceById(input, resource);
  const primitives =
    config === undefined ? [resource] : primitivesOf(config).map((primitive) => primitive.id);
  const own = input.assignments.filter((item) => primitives.includes(item.resource));
  if (own.length === 0) return explainRemoved(input, resource);
  if (!input.quorate) {
    const text = `this node reaches no majority of the voters, so nothing can be decided about ${resource}`;
    return told('unknown', undefined, text, 'holdfast quorum status');
  }
  const isClone = own.some((item) => item.instance.includes(':'));
  const cases = own.map((item) => explainInstance(input, item));
  const worst = mostUrgent(isClone ? cases.filter((item) => !isSpare(item)) : cases);
  if (worst !== undefined && worst.state !== 'running') return worst;
  if (own.length === 1 && worst !== undefined) return worst;
  return explainAll(resource, own, cases);
}

/** A copy that the clone does not need is no trouble. */
function isSpare(item: Explanation): boolean {
  const rule = item.reason?.rule;
  return item.state === 'stopped' && (rule === 'clone-limit' || rule?.startsWith('node-') === true);
}

function mostUrgent(cases: readonly Explanation[]): Explanation | undefined {
  for (const state of ['waiting', 'stopped', 'changing', 'unknown', 'running'] as const) {
    const found = cases.find((item) => item.state === state);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every part runs as it should. */
function explainAll(
  resource: ResourceId,
  own: readonly Assignment[],
  cases: readonly Explanation[],
): Explanation {
  const nodes = [...new Set(own.flatMap((item) => item.node ?? []))];
  const first = cases.find((item) => item.state === 'running') ?? cases[0];
  if (nodes.length === 1 && first?.reason !== undefined) {
    return running(resource, nodes[0], first.reason, own[0]);
  }
  const text = `nothing keeps it away, so ${resource} runs on ${nodes.join(', ')}`;
  return nodes.length === 0
    ? (cases[0] ?? told('stopped', undefined, `${resource} has no copies`, undefined))
    : told('running', first?.reason, text, undefined);
}

function explainInstance(input: ExplainInput, assignment: Assignment): Explanation {
  const { instance, resource, node, reason } = assignment;
  const mine = input.actions.filter((action) => action.instance === instance);
  const active = input.facts.instances.filter(
    (item) => item.instance === instance && isRunning(input, item),
  );
  const held = mine.find((action) => action.blockedBy !== undefined && action.action !== 'probe');
  if (held?.blockedBy !== undefined) return explainHeld(held, held.blockedBy, resource);
  const start = mine.find((action) => action.action === 'start');
  if (start !== undefined) return explainStart(input, start, resource);
  const stop = mine.find((action) => action.action === 'stop');
  const places = active.map((item) => item.node).join(' and ');
  if (stop !== undefined) {
    const text = `${reasonText(stop.reason)}, so ${instance} is being stopped on ${stop.node}`;
    return told('changing', stop.reason, text, nextStep(stop.reason, resource));
  }
  if (reason.rule === 'blocked') {
    const text = `${reasonText(reason)}, so it is started nowhere else`;
    return told('waiting', reason, text, nextStep(reason, resource));
  }
  const failure = active.find((item) => item.failed !== undefined)?.failed;
  if (failure !== undefined && active.length > 0) {
    const text = `${reasonText(reason)}, so ${instance} is left as it is although it failed on ${failure.node}`;
    return told('waiting', reason, text, nextStep(reason, resource));
  }
  if (node !== undefined && active.some((item) => item.node === node)) {
    return running(instance, node, reason, assignment);
  }
  if (active.length > 0) {
    const text = `${reasonText(reason)}, so ${instance} stays on ${places} as it is`;
    return told('running', reason, text, nextStep(reason, resource));
  }
  const text = `${reasonText(reason)}, so ${instance} does not run`;
  return told('stopped', reason, text, nextStep(reason, resource));
}

/** On a node that is gone nothing is taken for running. */
function isRunning(input: ExplainInput, item: InstanceStatus): boolean {
  const member = input.facts.members.find((candidate) => candidate.node === item.node);
  return item.role === 'started' && member?.presence === 'joined';
}

function explainHeld(action: PlannedAction, cause: Reason, resource: ResourceId): Explanation {
  const what = `cannot be ${action.action === 'stop' ? 'stopped' : 'started'} on ${action.node}`;
  const text = `${reasonText(cause)}, so ${action.instance} ${what} yet`;
  return told('waiting', cause, text, nextStep(cause, resource));
}

function explainStart(
  input: ExplainInput,
  start: PlannedAction,
  resource: ResourceId,
): Explanation {
  const { instance, node, reason } = start;
  if (start.inFlight) {
    const text = `${reasonText(reason)}, so ${instance} is being started on ${node}`;
    return told('changing', reason, text, undefined);
  }
  const before = input.actions.filter((action) => start.after.includes(action.id));
  const probes = before.filter((action) => action.action === 'probe');
  if (probes.length > 0) {
    const nodes = probes.map((action) => action.node);
    const cause: Reason = { rule: 'waits-for-probe', resource, nodes };
    const text = `${reasonText(cause)}, so ${instance} is not started on ${node} yet`;
    return told('changing', cause, text, undefined);
  }
  const own = before.find((action) => action.instance === instance);
  if (own !== undefined) {
    const what =
      own.node === node ? `is restarted on ${node}` : `moves from ${own.node} to ${node}`;
    return told('changing', reason, `${reasonText(reason)}, so ${instance} ${what}`, undefined);
  }
  const first = before[0];
  const then = first === undefined ? '' : ` after "${first.id}"`;
  const text = `${reasonText(reason)}, so ${instance} is to start on ${node}${then}`;
  return told('changing', reason, text, first && `holdfast why ${resourceOf(input, first)}`);
}

function resourceOf(input: ExplainInput, action: PlannedAction): ResourceId | InstanceId {
  const found = input.assignments.find((item) => item.instance === action.instance);
  return found?.resource ?? action.instance;
}

/** It runs where it shall; a cause that speaks of another node says why it is not there. */
function running(
  name: string,
  node: NodeId | undefined,
  reason: Reason,
  assignment: Assignment | undefined,
): Explanation {
  if (reason.rule === 'stickiness') {
    const text = `nothing calls it elsewhere, so ${name} stays on ${node}`;
    return told('running', reason, text, undefined);
  }
  const text = `${reasonText(reason)}, so ${name} runs on ${node}`;
  const command = assignment && nextStep(reason, assignment.resource);
  return told('running', reason, text, command);
}

function explainRemoved(input: ExplainInput, resource: ResourceId): Explanation | undefined {
  const action = input.actions.find(({ instance }) => primitiveOf(instance) === resource);
  if (action === undefined) return undefined;
  const text = `${reasonText(action.reason)}, so it is being stopped on ${action.node}`;
  return told('changing', action.reason, text, 'holdfast config show');
}

function told(
  state: Explanation['state'],
  reason: Reason | undefined,
  text: string,
  command: string | undefined,
): Explanation {
  const sentence = command === undefined ? text : `${text}; next: ${command}`;
  return { sentence, state, reason, command };
}
