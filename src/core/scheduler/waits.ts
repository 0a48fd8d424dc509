import type { Reason } from '../../model/reason.ts';
import type { Ties } from './colocation.ts';
import type { Draft, Drafts } from './drafts.ts';
import { isActive, localAt } from './facts.ts';
import { firstsOf, type Link, type Links } from './links.ts';
import type { NodeView } from './nodes.ts';
import { NEVER } from './scores.ts';
import { nodeAt, type Situation } from './situation.ts';
import type { Instance, Part } from './units.ts';
import type { Verdict } from './verdicts.ts';

/** Stage 6: what each action truly depends on; nothing else ever waits. */
export interface Waits {
  /** The actions that come before each one. */
  readonly before: ReadonlyMap<Draft, readonly Draft[]>;
  /** Actions that something keeps from being done at all. */
  readonly blocked: ReadonlyMap<Draft, Reason>;
}

export interface WaitInput {
  readonly situation: Situation;
  readonly verdicts: readonly Verdict[];
  readonly drafts: Drafts;
  readonly links: Links;
  readonly ties: Ties;
}

export function findWaits(input: WaitInput): Waits {
  const before = new Map<Draft, Draft[]>();
  const blocked = new Map<Draft, Reason>();
  for (const drafts of input.drafts.ofInstance) {
    for (const draft of drafts) {
      const own = ownWaits(drafts, draft);
      if (own.length > 0) before.set(draft, own);
    }
  }
  const others = [
    ...strayWaits(input),
    ...input.links.all.flatMap((link) => linkWaits(input, link)),
    ...apartWaits(input),
  ];
  for (const { action, after, blockedBy } of others) {
    if (blockedBy !== undefined) blocked.set(action, blockedBy);
    if (after === undefined) continue;
    const list = before.get(action);
    if (list === undefined) before.set(action, [after]);
    else if (!list.includes(after)) list.push(after);
  }
  return { before, blocked };
}

/** `action` comes after `after`, or cannot be done because of `blockedBy`. */
interface Wait {
  readonly action: Draft;
  readonly after?: Draft;
  readonly blockedBy?: Reason;
}

/** A start waits for all else that is done with its instance; a stop for a start that is under way. */
function ownWaits(drafts: readonly Draft[], later: Draft): Draft[] {
  if (later.inFlight || later.action === 'probe' || drafts.length < 2) return [];
  if (later.action === 'start') return drafts.filter((other) => other !== later);
  return drafts.filter((other) => other.inFlight && other.node === later.node);
}

/** What runs under a former name ends before the new one is looked for and started. */
function strayWaits(input: WaitInput): readonly Wait[] {
  const { situation, drafts } = input;
  return drafts.ofStrays.flatMap(({ primitive, draft }): readonly Wait[] => {
    const waits: Wait[] = drafts.ofStrays
      .filter((other) => isSameThing(other.draft, draft) && other.draft.inFlight && !draft.inFlight)
      .map((other) => ({ action: draft, after: other.draft }));
    const span = situation.spans.get(primitive);
    const part = span?.unit.parts[span.from];
    for (const instance of part?.instances ?? []) {
      for (const later of drafts.ofInstance[instance.index] ?? []) {
        if (later.inFlight || later.action === 'stop') continue;
        const isHere = later.node === draft.node;
        const isExclusiveStart = later.action === 'start' && instance.home === undefined;
        if (isHere || isExclusiveStart) waits.push({ action: later, after: draft });
      }
    }
    return waits;
  });
}

function isSameThing(a: Draft, b: Draft): boolean {
  return a !== b && a.instance === b.instance && a.node === b.node;
}

function linkWaits(input: WaitInput, link: Link): readonly Wait[] {
  const starts = link.then.instances.flatMap((then) => startWaits(input, link, then));
  if (!link.symmetrical) return starts;
  return [...starts, ...link.first.instances.flatMap((first) => stopWaits(input, link, first))];
}

/** `then` starts after `first`. */
function startWaits(input: WaitInput, link: Link, then: Instance): readonly Wait[] {
  const { situation, verdicts, drafts } = input;
  const target = verdicts[then.index]?.node;
  const own = drafts.ofInstance[then.index]?.find(isNewStart);
  if (own === undefined || target === undefined) return [];
  const near = firstsOf(link, then, target);
  const isNear = near.some((first) => verdicts[first.index]?.node !== undefined);
  const firsts = isNear || link.scope !== 'node' ? near : link.first.instances;
  return firsts.flatMap((first): readonly Wait[] => {
    const place = verdicts[first.index]?.node;
    if (place === undefined) return [];
    const node = nodeAt(situation, place).id;
    const start = drafts.ofInstance[first.index]?.find(
      (draft) => draft.action === 'start' && draft.node === node,
    );
    return start === undefined ? [] : [{ action: own, after: start }];
  });
}

/** `first` stops after `then`, and not at all while a `then` that needs it may not be touched. */
function stopWaits(input: WaitInput, link: Link, first: Instance): readonly Wait[] {
  const stops = (input.drafts.ofInstance[first.index] ?? []).filter(
    (draft) => draft.action === 'stop' && !draft.inFlight,
  );
  if (stops.length === 0) return [];
  const thens = link.then.instances.filter(
    (then) => link.scope !== 'copy' || then.copy === first.copy,
  );
  return stops.flatMap((stop) =>
    thens.flatMap((then) =>
      placesThatCount(input.situation, link, first, then).flatMap((node) =>
        stopWait(input, link, stop, then, node),
      ),
    ),
  );
}

function placesThatCount(
  situation: Situation,
  link: Link,
  first: Instance,
  then: Instance,
): readonly NodeView[] {
  return situation.nodes.filter(
    (node) =>
      node.presence === 'joined' &&
      (then.home === undefined || then.home === node.index) &&
      (link.scope !== 'node' || first.home === node.index || !hasCopy(link, node)),
  );
}

/** Whether a copy of `first` runs there, for those on its own node to follow; else they follow all copies. */
function hasCopy(link: Link, node: NodeView): boolean {
  return link.first.instances.some(
    (copy) => copy.home === node.index && isActive(localAt(copy.locals, node.index)),
  );
}

function stopWait(
  input: WaitInput,
  link: Link,
  stop: Draft,
  then: Instance,
  node: NodeView,
): readonly Wait[] {
  const drafts = (input.drafts.ofInstance[then.index] ?? []).filter(
    (draft) => draft.node === node.id,
  );
  const thenStop = drafts.find((draft) => draft.action === 'stop');
  if (thenStop !== undefined) return [{ action: stop, after: thenStop }];
  if (link.strength === 'optional') return [];
  const probe = drafts.find((draft) => draft.action === 'probe');
  if (probe !== undefined) return [{ action: stop, after: probe }];
  const local = localAt(then.locals, node.index);
  const verdict = input.verdicts[then.index];
  const untouchable = verdict?.frozen ?? node.handsOff;
  const mayNeedIt = isActive(local) || local.state === 'blocked';
  return untouchable !== undefined && mayNeedIt ? [{ action: stop, blockedBy: untouchable }] : [];
}

/** What must be apart is never on one node even for a moment: the one leaves before the other comes. */
function apartWaits(input: WaitInput): readonly Wait[] {
  return input.ties.all
    .filter((tie) => tie.score <= NEVER)
    .flatMap((tie): readonly Wait[] => {
      const dependent = tie.dependent.unit.parts.slice(tie.dependent.from, tie.dependent.to + 1);
      const primary = tie.primary.unit.parts.slice(tie.primary.from, tie.primary.to + 1);
      return [...leaveFirst(input, dependent, primary), ...leaveFirst(input, primary, dependent)];
    });
}

function leaveFirst(
  input: WaitInput,
  comers: readonly Part[],
  leavers: readonly Part[],
): readonly Wait[] {
  const draftsOf = (part: Part): readonly Draft[] =>
    part.instances.flatMap((instance) => input.drafts.ofInstance[instance.index] ?? []);
  const stops = leavers.flatMap(draftsOf).filter((draft) => draft.action === 'stop');
  if (stops.length === 0) return [];
  return comers
    .flatMap(draftsOf)
    .filter(isNewStart)
    .flatMap((start) =>
      stops
        .filter((stop) => stop.node === start.node)
        .map((stop) => ({ action: start, after: stop })),
    );
}

function isNewStart(draft: Draft): boolean {
  return draft.action === 'start' && !draft.inFlight;
}
