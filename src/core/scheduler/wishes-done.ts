import type { Plan, Wish } from '../../model/plan.ts';
import type { Reason } from '../../model/reason.ts';
import { isUp, localAt } from './facts.ts';
import type { Preferences } from './preferences.ts';
import { nodeAt, type Situation } from './situation.ts';
import type { Instance, Span } from './units.ts';
import type { Verdict } from './verdicts.ts';

type WishDone = Plan['wishesDone'][number];

/** Wishes that are fulfilled, and those that cannot be, with the cause. */
export function wishesDone(
  situation: Situation,
  preferences: Preferences,
  verdicts: readonly Verdict[],
): readonly WishDone[] {
  return situation.wishes.flatMap((wish): readonly WishDone[] => {
    const span = situation.spans.get(wish.resource);
    if (span === undefined) return [hopeless(wish, { rule: 'removed', resource: wish.resource })];
    const done =
      wish.kind === 'move'
        ? judgeMove(situation, preferences, verdicts, wish, span)
        : judgeRestart(verdicts, wish, span);
    return done === undefined ? [] : [done];
  });
}

function judgeMove(
  situation: Situation,
  preferences: Preferences,
  verdicts: readonly Verdict[],
  wish: Extract<Wish, { readonly kind: 'move' }>,
  span: Span,
): WishDone | undefined {
  const to = situation.nodeIndex.get(wish.to);
  const instances = span.unit.parts.flatMap((part) => part.instances);
  const wanted = instances.filter((instance) => verdicts[instance.index]?.node !== undefined);
  const isThere = (instance: Instance): boolean =>
    to !== undefined && isUp(localAt(instance.locals, to));
  if (span.unit.clone === undefined && wanted.length > 0 && wanted.every(isThere)) {
    return { id: wish.id, fulfilled: true, reason: undefined };
  }
  const refused = preferences.moves.find((move) => move.wish.id === wish.id);
  if (refused?.kind === 'refused') return hopeless(wish, refused.reason);
  const first = instances[0];
  const verdict = first && verdicts[first.index];
  if (verdict === undefined || verdict.reason.rule === 'waits-for-probe') return undefined;
  if (verdict.node === to) return undefined;
  const elsewhere = verdict.node === undefined ? undefined : nodeAt(situation, verdict.node).id;
  const there = verdict.candidates.find((candidate) => candidate.node === wish.to);
  const reason =
    elsewhere === undefined
      ? verdict.reason
      : (there?.reasons.find((item) => item.rule === 'colocation') ?? {
          rule: 'better-node' as const,
          from: wish.to,
          to: elsewhere,
          because: verdict.reason,
        });
  return hopeless(wish, reason);
}

function judgeRestart(
  verdicts: readonly Verdict[],
  wish: Extract<Wish, { readonly kind: 'restart' }>,
  span: Span,
): WishDone | undefined {
  const instances = span.unit.parts.slice(span.from, span.to + 1).flatMap((part) => part.instances);
  let cause: Reason | undefined;
  let isAnyWanted = false;
  for (const instance of instances) {
    const verdict = verdicts[instance.index];
    if (verdict === undefined) continue;
    if (verdict.frozen !== undefined || verdict.node === undefined) {
      cause ??= verdict.frozen ?? verdict.reason;
      continue;
    }
    isAnyWanted = true;
    const local = localAt(instance.locals, verdict.node);
    if (!isUp(local) || (local.assignment ?? 0) <= wish.afterOrder) return undefined;
  }
  if (isAnyWanted) return { id: wish.id, fulfilled: true, reason: undefined };
  return hopeless(wish, cause);
}

function hopeless(wish: Wish, reason: Reason | undefined): WishDone {
  return { id: wish.id, fulfilled: false, reason };
}
