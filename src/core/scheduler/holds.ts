import type { Reason } from '../../model/reason.ts';
import { nodeAt, type Situation } from './situation.ts';
import { placesOf } from './stickiness.ts';
import type { Instance, Part } from './units.ts';

/** Something that keeps an instance as it is. */
export interface Hold {
  /** Where it is held; undefined: it does not run, and is not to be started. */
  readonly node: number | undefined;
  readonly reason: Reason;
  /** Set if nothing may be done with it on any node; else only its own node is left alone. */
  readonly frozen: Reason | undefined;
}

export function holdOf(
  situation: Situation,
  part: Part,
  instance: Instance | undefined,
): Hold | undefined {
  if (instance === undefined) return undefined;
  for (const node of situation.nodes) {
    const local = instance.locals[node.index];
    const isHere = instance.home === undefined || instance.home === node.index;
    if (node.presence !== 'joined' || !isHere || local?.state !== 'blocked') continue;
    const text = local.failure?.reason ?? '';
    const reason: Reason = { rule: 'blocked', instance: instance.id, node: node.id, text };
    return { node: node.index, reason, frozen: reason };
  }
  const places = placesOf(situation, instance);
  if (part.frozen !== undefined) {
    return { node: places[0], reason: part.frozen, frozen: part.frozen };
  }
  for (const place of places) {
    const { handsOff } = nodeAt(situation, place);
    if (handsOff !== undefined) return { node: place, reason: handsOff, frozen: undefined };
  }
  return undefined;
}
