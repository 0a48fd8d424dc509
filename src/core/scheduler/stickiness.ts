import { isActive } from './facts.ts';
import type { Preference } from './preferences.ts';
import { nodeAt, type Situation } from './situation.ts';
import type { Instance } from './units.ts';

/** A resource prefers the node that it runs on, is just being started on, or ran on last. */
export function stickinessPreferences(situation: Situation): readonly Preference[] {
  return situation.parts
    .filter((part) => part.stickiness !== 0)
    .flatMap((part) =>
      part.instances.flatMap((instance) =>
        currentPlaces(situation, instance).map((node): Preference => {
          const score = part.stickiness;
          const id = nodeAt(situation, node).id;
          return { part: part.index, node, score, reason: { rule: 'stickiness', node: id, score } };
        }),
      ),
    );
}

/** Where it runs now, or else where it ran last: a restart does not lose its place between stop and start. */
export function currentPlaces(situation: Situation, instance: Instance): readonly number[] {
  const places = placesOf(situation, instance);
  if (places.length > 0) return places;
  const last = lastPlace(situation, instance);
  return last === undefined ? [] : [last];
}

function lastPlace(situation: Situation, instance: Instance): number | undefined {
  let newest = -1;
  let place: number | undefined;
  for (const node of situation.nodes) {
    if (instance.home !== undefined && instance.home !== node.index) continue;
    const stop = instance.locals[node.index]?.lastStop;
    if (node.presence !== 'joined' || stop === undefined || stop.order <= newest) continue;
    newest = stop.order;
    place = node.index;
  }
  return place;
}

/** Where it runs now. Found on several nodes although it may run once: where it was assigned to. */
export function placesOf(situation: Situation, instance: Instance): readonly number[] {
  const places: number[] = [];
  let newest = -1;
  let owner: number | undefined;
  for (const node of situation.nodes) {
    if (node.presence !== 'joined') continue;
    if (instance.home !== undefined && instance.home !== node.index) continue;
    const local = instance.locals[node.index];
    if (local === undefined) continue;
    const runs = isActive(local) || local.state === 'blocked' || local.order?.action === 'start';
    if (!runs) continue;
    places.push(node.index);
    if ((local.assignment ?? -1) > newest) {
      newest = local.assignment ?? -1;
      owner = node.index;
    }
  }
  return places.length > 1 && owner !== undefined ? [owner] : places;
}
