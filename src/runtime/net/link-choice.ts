import type { LinkId } from '../../model/ids.ts';

/** What is known of one link to a peer, in the order in which links are preferred. */
export interface LinkCandidate {
  readonly link: LinkId;
  /** By the heart; undefined as long as it has said nothing. */
  readonly up: boolean | undefined;
  readonly rttMs: number | undefined;
}

/** Round trips closer than this count as equal: the order of the configuration decides. */
const rttFactor = 1.5;
const rttSlackMs = 1;

/** The links to try, best first: those that are up; if none is, those not known to be down; else all. */
export function linksToTry(candidates: readonly LinkCandidate[]): readonly LinkId[] {
  const up = candidates.filter(({ up }) => up === true);
  const unknown = candidates.filter(({ up }) => up === undefined);
  const pool = [up, unknown, candidates].find((list) => list.length > 0) ?? [];
  const rest = [...pool];
  const order: LinkId[] = [];
  for (let best = bestOf(rest); best !== undefined; best = bestOf(rest)) {
    order.push(best.link);
    rest.splice(rest.indexOf(best), 1);
  }
  return order;
}

/** The link that a stream on `current` should rather use, if another one that is up is clearly better. */
export function betterLink(
  current: LinkId,
  candidates: readonly LinkCandidate[],
): LinkId | undefined {
  const best = bestOf(candidates.filter(({ up }) => up === true));
  return best === undefined || best.link === current ? undefined : best.link;
}

/** The first that no later one clearly beats. */
function bestOf(candidates: readonly LinkCandidate[]): LinkCandidate | undefined {
  let best: LinkCandidate | undefined;
  for (const candidate of candidates) {
    if (best === undefined || clearlyFaster(candidate, best)) best = candidate;
  }
  return best;
}

function clearlyFaster(a: LinkCandidate, b: LinkCandidate): boolean {
  if (a.rttMs === undefined || b.rttMs === undefined) return false;
  return a.rttMs * rttFactor + rttSlackMs < b.rttMs;
}
