import { INFINITY_SCORE } from '../../model/config.ts';
import type { Reason } from '../../model/reason.ts';
import type { Assignments } from './assign.ts';
import type { Tie } from './colocation.ts';
import { isActive, isUp, localAt } from './facts.ts';
import { firstsOf, type Link, type Links } from './links.ts';
import type { Seat } from './seat.ts';
import { partOf, type Situation } from './situation.ts';
import { afterNeeds } from './topology.ts';
import type { Instance } from './units.ts';

/** What shall become of an instance, after all that it depends on has been looked at. */
export interface Verdict extends Seat {
  /** Set if it must stop and start again although it is where it shall be. */
  readonly restart: Reason | undefined;
  /** Set if it cannot be started now: something that it needs does not run and is not ours to start. */
  readonly waitsFor: Reason | undefined;
}

/**
 * Stage 4: who cannot run because of another, and who must restart with another. By instance. Verdicts only get
 * harder (a target is taken away, a restart or a wait is added), so this ends even where rules run in circles.
 */
export function reachVerdicts(
  situation: Situation,
  assignments: Assignments,
  links: Links,
): readonly Verdict[] {
  const verdicts = situation.instances.map((instance) =>
    firstVerdict(situation, instance, assignments.seats[instance.index]),
  );
  const court: Court = { situation, verdicts, links, ties: assignments.ties.ofDependent };
  const queue = new Set(hearingOrder(situation, court));
  for (const index of queue) {
    queue.delete(index);
    const instance = situation.instances[index];
    const before = verdicts[index];
    if (instance === undefined || before === undefined) continue;
    const after = reconsider(court, instance, before);
    if (after === before) continue;
    verdicts[index] = after;
    for (const other of concerned(situation, assignments, links, instance)) queue.add(other.index);
  }
  return verdicts;
}

interface Court {
  readonly situation: Situation;
  readonly verdicts: readonly Verdict[];
  readonly links: Links;
  readonly ties: ReadonlyMap<number, readonly Tie[]>;
}

function firstVerdict(situation: Situation, instance: Instance, seat: Seat | undefined): Verdict {
  if (seat === undefined) throw new RangeError(`no seat for ${instance.id}`);
  const restart = seat.frozen === undefined ? ownRestart(situation, instance, seat) : undefined;
  return { ...seat, restart, waitsFor: undefined };
}

/** A restart for its own sake: it failed, someone asked, or its definition changed. */
function ownRestart(situation: Situation, instance: Instance, seat: Seat): Reason | undefined {
  if (seat.node === undefined) return undefined;
  const local = localAt(instance.locals, seat.node);
  if (!isActive(local)) return undefined;
  if (local.failure !== undefined) {
    const { node, action, reason: text } = local.failure;
    return { rule: 'failed', instance: instance.id, node, action, text };
  }
  const part = partOf(situation, instance);
  for (const wish of situation.wishes) {
    if (wish.kind !== 'restart' || (local.assignment ?? 0) > wish.afterOrder) continue;
    const span = situation.spans.get(wish.resource);
    const isMeant = span?.unit.index === part.unit && span.from <= part.position;
    if (isMeant && part.position <= span.to) {
      return { rule: 'restart-asked', resource: wish.resource };
    }
  }
  if (!situation.changed.has(instance.id)) return undefined;
  return { rule: 'config-changed', resource: part.primitive.id };
}

/** Those that others need come first, so that most are looked at once only. */
function hearingOrder(situation: Situation, court: Court): readonly number[] {
  const parts = afterNeeds(
    situation.parts.map((part) => part.index),
    (part) => (court.links.ofThen.get(part) ?? []).map((link) => link.first.index),
  );
  return parts.flatMap((part) =>
    (situation.parts[part]?.instances ?? []).map((instance) => instance.index),
  );
}

function concerned(
  situation: Situation,
  assignments: Assignments,
  links: Links,
  instance: Instance,
): readonly Instance[] {
  const after = (links.ofFirst.get(instance.part) ?? []).flatMap((link) => link.then.instances);
  const unit = partOf(situation, instance).unit;
  const beside = (assignments.ties.ofPrimary.get(unit) ?? []).flatMap(
    (tie) => tie.dependent.unit.parts[tie.dependent.from]?.instances ?? [],
  );
  return [...after, ...beside];
}

function reconsider(court: Court, instance: Instance, before: Verdict): Verdict {
  let verdict = before;
  for (const link of court.links.ofThen.get(instance.part) ?? []) {
    if (link.strength === 'mandatory') verdict = applyLink(court, link, instance, verdict);
  }
  const part = partOf(court.situation, instance);
  for (const tie of court.ties.get(part.unit) ?? []) {
    if (tie.dependent.from === part.position) verdict = applyTie(court, tie, verdict);
  }
  return verdict;
}

function applyLink(court: Court, link: Link, instance: Instance, verdict: Verdict): Verdict {
  const target = verdict.node;
  if (target === undefined || verdict.frozen !== undefined) return verdict;
  const local = localAt(instance.locals, target);
  const near = firstsOf(link, instance, target);
  const isNear = near.some((first) => verdictOf(court, first).node !== undefined);
  // Without a copy of its own node it follows the others together.
  const firsts = isNear || link.scope !== 'node' ? near : link.first.instances;
  const isTogether = link.scope === 'node' && !isNear;
  const running = firsts.filter((first) => canBeReliedOn(verdictOf(court, first)));
  if (running.length === 0) {
    const stuck = firsts.find((first) => verdictOf(court, first).frozen !== undefined);
    const stays = isActive(local) && (stuck !== undefined || !link.symmetrical);
    if (stays) return verdict;
    if (stuck !== undefined) {
      if (verdict.waitsFor !== undefined) return verdict;
      return { ...verdict, waitsFor: verdictOf(court, stuck).frozen };
    }
    return { ...verdict, node: undefined, reason: link.reason, restart: undefined };
  }
  if (!link.symmetrical || verdict.restart !== undefined || !isActive(local)) return verdict;
  const disturbed = running.filter((first) => isDisturbed(court, first));
  const mustRestart = isTogether ? disturbed.length === running.length : disturbed.length > 0;
  return mustRestart ? { ...verdict, restart: link.reason } : verdict;
}

/** It runs or will run; of what is blocked nobody knows whether it does. */
function canBeReliedOn(verdict: Verdict): boolean {
  return verdict.node !== undefined && verdict.frozen?.rule !== 'blocked';
}

/** Whether it stops, or is not running yet. What nobody has looked at is not taken for stopped. */
function isDisturbed(court: Court, first: Instance): boolean {
  const verdict = verdictOf(court, first);
  if (verdict.node === undefined || verdict.frozen !== undefined) return false;
  const local = localAt(first.locals, verdict.node);
  if (local.state === 'unknown' && local.order?.action !== 'start') return false;
  return verdict.restart !== undefined || !isUp(local);
}

/** "Must be with": where the primary does not run after all, neither does the dependent. */
function applyTie(court: Court, tie: Tie, verdict: Verdict): Verdict {
  if (tie.score < INFINITY_SCORE || verdict.node === undefined) return verdict;
  if (verdict.frozen !== undefined) return verdict;
  const primary = tie.primary.unit.parts[tie.primary.to];
  const isThere = primary?.instances.some(
    (instance) => verdictOf(court, instance).node === verdict.node,
  );
  if (isThere !== false) return verdict;
  return { ...verdict, node: undefined, reason: tie.reason, restart: undefined };
}

function verdictOf(court: Court, instance: Instance): Verdict {
  const verdict = court.verdicts[instance.index];
  if (verdict === undefined) throw new RangeError(`no verdict for ${instance.id}`);
  return verdict;
}
