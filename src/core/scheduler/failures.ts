import { type InstanceId, primitiveOf } from '../../model/ids.ts';
import type { Reason } from '../../model/reason.ts';
import type { Failure } from '../../model/status.ts';
import type { Preference } from './preferences.ts';
import { NEVER } from './scores.ts';
import type { Situation } from './situation.ts';
import type { Part } from './units.ts';

export interface FailureBan {
  readonly preference: Preference;
  readonly untilMs: number;
}

/**
 * Too many failures within the window keep a resource off that node until enough of them are forgotten. A
 * failure that another try on the same node cannot mend does so at once.
 */
export function failureBans(situation: Situation): readonly FailureBan[] {
  const byPlace = new Map<string, Failure[]>();
  for (const failure of situation.failures) {
    const key = placeKey(failure.instance, failure.node);
    const list = byPlace.get(key);
    if (list === undefined) byPlace.set(key, [failure]);
    else list.push(failure);
  }
  if (byPlace.size === 0) return [];
  return situation.parts.flatMap((part) =>
    situation.nodes.flatMap((node) => {
      const failures = byPlace.get(`${part.primitive.id} ${node.id}`);
      if (failures === undefined) return [];
      const ban = banFor(part, failures, situation.wallMs);
      if (ban === undefined) return [];
      const { reason, untilMs } = ban;
      const preference = { part: part.index, node: node.index, score: NEVER, reason };
      return [{ preference, untilMs }];
    }),
  );
}

function banFor(
  part: Part,
  failures: readonly Failure[],
  wallMs: number,
): { readonly reason: Reason; readonly untilMs: number } | undefined {
  const { restarts, failureWindowMs: windowMs } = part.primitive.meta;
  const recent = failures
    .filter((failure) => failure.atMs + windowMs > wallMs)
    .sort((a, b) => b.atMs - a.atMs);
  const newest = recent[0];
  if (newest === undefined) return undefined;
  const place = { resource: part.primitive.id, node: newest.node };
  const hard = recent.find(isHard);
  if (hard !== undefined) {
    const untilMs = hard.atMs + windowMs;
    const { exitCode, reason: text } = hard;
    return { reason: { rule: 'unusable', ...place, exitCode, text, untilMs }, untilMs };
  }
  const oneTooMany = recent[restarts];
  if (oneTooMany === undefined) return undefined;
  const untilMs = oneTooMany.atMs + windowMs;
  const counted = { failures: recent.length, windowMs, untilMs };
  return { reason: { rule: 'too-many-failures', ...place, ...counted }, untilMs };
}

/** OCF codes 2 to 6 tell of the node or the definition, not of bad luck: arguments, permission, not installed… */
function isHard(failure: Failure): boolean {
  const isAnswer = failure.action === 'start' || failure.action === 'monitor';
  return isAnswer && failure.exitCode >= 2 && failure.exitCode <= 6;
}

function placeKey(instance: InstanceId, node: string): string {
  return `${primitiveOf(instance)} ${node}`;
}
