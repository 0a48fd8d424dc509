import type { InstanceId, ResourceId } from '../../model/ids.ts';
import type { PlannedAction } from '../../model/plan.ts';
import type { Reason } from '../../model/reason.ts';
import type { Order } from '../../model/status.ts';
import { isActive, isUp, type Local, localAt, mayRun } from './facts.ts';
import type { NodeView } from './nodes.ts';
import { nodeAt, partOf, type Situation, type Stray } from './situation.ts';
import { currentPlaces } from './stickiness.ts';
import type { Instance } from './units.ts';
import type { Verdict } from './verdicts.ts';

/** An action that still lacks what it must wait for. */
export type Draft = Omit<PlannedAction, 'after'>;

/** Stage 5: what is to be done with each instance by itself. */
export interface Drafts {
  /** By instance. */
  readonly ofInstance: readonly (readonly Draft[])[];
  readonly ofStrays: readonly StrayDraft[];
}

/** Something done with what the configuration does not ask for. */
export interface StrayDraft {
  readonly primitive: ResourceId;
  readonly draft: Draft;
}

export function draftActions(situation: Situation, verdicts: readonly Verdict[]): Drafts {
  const strays = new Map<ResourceId, Stray[]>();
  for (const stray of situation.strays) {
    strays.set(stray.primitive, [...(strays.get(stray.primitive) ?? []), stray]);
  }
  const emptyNodes = findEmptyNodes(situation);
  return {
    ofInstance: situation.instances.map((instance) => {
      const verdict = verdicts[instance.index];
      if (verdict === undefined) throw new RangeError(`no verdict for ${instance.id}`);
      const part = partOf(situation, instance);
      return instanceDrafts({
        situation,
        instance,
        resource: part.primitive.id,
        verdict,
        emptyNodes,
        strays: strays.get(part.primitive.id) ?? [],
      });
    }),
    ofStrays: situation.strays.flatMap((stray) => strayDrafts(situation, stray)),
  };
}

export function draftId(action: Draft['action'], instance: InstanceId, node: NodeView): string {
  return `${action} ${instance} on ${node.id}`;
}

interface Case {
  readonly situation: Situation;
  readonly instance: Instance;
  readonly resource: ResourceId;
  readonly verdict: Verdict;
  readonly emptyNodes: ReadonlySet<number>;
  readonly strays: readonly Stray[];
}

/** Nodes of which nothing is known yet: they have just joined. */
function findEmptyNodes(situation: Situation): ReadonlySet<number> {
  const empty = new Set(situation.nodes.map((node) => node.index));
  for (const instance of situation.instances) {
    if (empty.size === 0) break;
    for (const node of empty) {
      if (localAt(instance.locals, node).state !== 'unknown') empty.delete(node);
    }
  }
  return empty;
}

function instanceDrafts(item: Case): readonly Draft[] {
  const { situation, instance, verdict } = item;
  const drafts: Draft[] = [];
  for (const node of situation.nodes) {
    if (node.presence !== 'joined') continue;
    if (instance.home !== undefined && instance.home !== node.index) continue;
    const local = localAt(instance.locals, node.index);
    if (local.order !== undefined) drafts.push(inFlight(local.order, node));
    else if (local.state === 'unknown' && node.worker) drafts.push(probe(item, node));
    if (verdict.frozen !== undefined || node.handsOff !== undefined) continue;
    if (mustStop(verdict, node, local)) drafts.push(stop(item, node, local));
  }
  if (mustStart(item)) drafts.push(start(item));
  return drafts;
}

function inFlight(order: Order, node: NodeView): Draft {
  const { action, instance, takeover, reason } = order;
  return {
    id: draftId(action, instance, node),
    action,
    instance,
    node: node.id,
    inFlight: true,
    blockedBy: undefined,
    takeover,
    reason,
  };
}

function probe(item: Case, node: NodeView): Draft {
  const reason: Reason = item.emptyNodes.has(node.index)
    ? { rule: 'new-member', node: node.id }
    : { rule: 'not-probed', resource: item.resource, node: node.id };
  return draft('probe', item.instance.id, node, reason);
}

function mustStop(verdict: Verdict, node: NodeView, local: Local): boolean {
  const action = local.order?.action;
  if (action === 'stop' || action === 'probe') return false;
  if (verdict.node !== node.index) return isActive(local) || action === 'start';
  return action === undefined && isActive(local) && verdict.restart !== undefined;
}

function stop(item: Case, node: NodeView, local: Local): Draft {
  return draft('stop', item.instance.id, node, stopReason(item, node, local));
}

function stopReason(item: Case, node: NodeView, local: Local): Reason {
  const { situation, instance, verdict } = item;
  if (verdict.node === undefined) return verdict.reason;
  if (verdict.node === node.index) return verdict.restart ?? verdict.reason;
  const active = situation.nodes.filter(
    (other) => other.presence === 'joined' && isActive(localAt(instance.locals, other.index)),
  );
  const isTwice = active.length > 1 && isActive(local);
  if (isTwice && isActive(localAt(instance.locals, verdict.node))) {
    return { rule: 'active-twice', instance: instance.id, nodes: active.map((other) => other.id) };
  }
  return verdict.reason;
}

function mustStart(item: Case): boolean {
  const { verdict, instance } = item;
  if (verdict.node === undefined || verdict.frozen !== undefined) return false;
  const local = localAt(instance.locals, verdict.node);
  if (local.order?.action === 'start') return false;
  if (nodeAt(item.situation, verdict.node).handsOff !== undefined) return false;
  return !isUp(local) || verdict.restart !== undefined;
}

function start(item: Case): Draft {
  const { situation, instance, verdict } = item;
  const node = nodeAt(situation, verdict.node ?? 0);
  const former = formerOwners(item);
  const lost = former.find((owner) => owner.presence === 'lost');
  const isAlive = situation.nodes.some(
    (other) => other.presence === 'joined' && isActive(localAt(instance.locals, other.index)),
  );
  const takenFrom = isAlive ? undefined : former[0];
  const waitsForNode: Reason | undefined = lost && {
    rule: 'waits-for-lost-node',
    resource: item.resource,
    node: lost.id,
  };
  return {
    ...draft('start', instance.id, node, startReason(item, takenFrom)),
    blockedBy: blockedStray(item) ?? waitsForNode ?? verdict.waitsFor,
    takeover: takenFrom !== undefined,
  };
}

/** Nodes that are gone and had it: of a lost one nobody knows yet that it does not run it any more. */
function formerOwners(item: Case): readonly NodeView[] {
  const { situation, instance, strays } = item;
  if (instance.home !== undefined) return [];
  return situation.nodes.filter((node) => {
    if (node.presence !== 'lost' && node.presence !== 'down') return false;
    return (
      mayRun(localAt(instance.locals, node.index)) ||
      strays.some((stray) => stray.node === node && mayRun(stray.local))
    );
  });
}

/** The same program under a former name, which may still run. */
function blockedStray(item: Case): Reason | undefined {
  const stray = item.strays.find(
    ({ node, local }) => node.presence === 'joined' && local.state === 'blocked',
  );
  return stray && strayBlock(stray);
}

function startReason(item: Case, takenFrom: NodeView | undefined): Reason {
  const { verdict, instance, situation } = item;
  if (takenFrom !== undefined) return { rule: 'node-lost', node: takenFrom.id };
  if (verdict.restart !== undefined) return verdict.restart;
  const from = currentPlaces(situation, instance)[0];
  if (from !== undefined && from !== verdict.node) return verdict.reason;
  const last = from === undefined ? undefined : localAt(instance.locals, from).lastStop;
  if (last !== undefined && last.atMs + RESTART_MS > situation.wallMs && isRestart(last.reason)) {
    return last.reason;
  }
  return { rule: 'should-run', resource: item.resource };
}

/** A start so soon after the stop of a restart is its second half. */
const RESTART_MS = 300_000;

function isRestart(reason: Reason): boolean {
  return (
    reason.rule === 'failed' || reason.rule === 'restart-asked' || reason.rule === 'config-changed'
  );
}

function strayDrafts(situation: Situation, stray: Stray): readonly StrayDraft[] {
  const { node, local, instance, primitive } = stray;
  if (node.presence !== 'joined') return [];
  const drafts: Draft[] = [];
  if (local.order !== undefined) drafts.push(inFlight(local.order, node));
  const span = situation.spans.get(primitive);
  const frozen = span?.unit.parts[span.from]?.frozen;
  const isLeftAlone =
    situation.options.maintenance || node.handsOff !== undefined || frozen !== undefined;
  if (!isLeftAlone && local.state === 'blocked') {
    const blockedBy = strayBlock(stray);
    drafts.push({ ...draft('stop', instance, node, stray.reason), blockedBy });
  } else if (!isLeftAlone && local.order?.action !== 'stop') {
    if (isActive(local) || local.order?.action === 'start') {
      drafts.push(draft('stop', instance, node, stray.reason));
    }
  }
  return drafts.map((item) => ({ primitive, draft: item }));
}

function strayBlock(stray: Stray): Reason {
  const text = stray.local.failure?.reason ?? '';
  return { rule: 'blocked', instance: stray.instance, node: stray.node.id, text };
}

function draft(
  action: Draft['action'],
  instance: InstanceId,
  node: NodeView,
  reason: Reason,
): Draft {
  return {
    id: draftId(action, instance, node),
    action,
    instance,
    node: node.id,
    inFlight: false,
    blockedBy: undefined,
    takeover: false,
    reason,
  };
}
