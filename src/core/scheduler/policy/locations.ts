import type { LocationInput, RuleInput } from './input.ts';
import { holds, ruleScore } from './rules.ts';
import {
  addScores,
  type Discovery,
  isBundled,
  type Location,
  newSeatable,
  type PolicyNode,
  type Resource,
  type Role,
  roleFromText,
  roles,
  type World,
} from './state.ts';

const discoveries: Readonly<Record<LocationInput['discovery'], Discovery>> = {
  always: 0,
  never: 1,
  exclusive: 2,
};

/** A location rule, with its conditions resolved, and the resource that it is for. */
export interface PlacedLocation {
  readonly resource: Resource;
  readonly location: Location;
}

export function readLocation(world: World, input: LocationInput): readonly PlacedLocation[] {
  return input.resources.flatMap((id) => {
    const resource = findConstrained(world, id);
    if (resource === undefined) return [];
    const found = locationsFor(world, input, resource);
    resource.locations.push(...found);
    return found.map((location) => ({ resource, location }));
  });
}

/** The resource of that name; the instances of an anonymous clone answer to the clone. */
export function findConstrained(world: World, id: string): Resource | undefined {
  const found = world.byId.get(id);
  if (found !== undefined) {
    for (let up: Resource | undefined = found; up !== undefined; up = up.parent) {
      if (up.parent === undefined || up.parent.kind === 'bundle') break;
    }
    return found;
  }
  const zero = world.byId.get(`${id}:0`);
  if (zero === undefined) return undefined;
  let up: Resource = zero;
  while (up.parent !== undefined && up.kind !== 'clone') up = up.parent;
  return up;
}

function locationsFor(world: World, input: LocationInput, resource: Resource): readonly Location[] {
  const { id } = input;
  const discovery = discoveries[input.discovery];
  const role = locationRole(input.role);
  if (input.node !== undefined) {
    const node = world.nodeByName.get(input.node.name) ?? byId(world, input.node.name);
    if (node === undefined) return [];
    return [{ id, role, discovery, scores: new Map([[node, input.node.score]]) }];
  }
  return input.rules.map((rule) => ({
    id,
    role: rule.role === undefined ? role : locationRole(rule.role),
    discovery,
    scores: scoresOf(world, rule, resource),
  }));
}

function byId(world: World, id: string): PolicyNode | undefined {
  return world.nodes.find((node) => node.id === id);
}

/** What is to be promoted is unpromoted first, so any role but that one means running at all. */
function locationRole(text: string | undefined): Role {
  const role = roleFromText(text);
  return role === roles.started || role === roles.unpromoted ? roles.unknown : role;
}

function scoresOf(
  world: World,
  rule: RuleInput,
  resource: Resource,
): ReadonlyMap<PolicyNode, number> {
  const scores = new Map<PolicyNode, number>();
  for (const node of world.nodes) {
    if (holds(rule.test, node, resource)) scores.set(node, ruleScore(rule.score, node));
  }
  return scores;
}

export function applyLocation(resource: Resource, location: Location): void {
  applyHere(resource, location);
  if (resource.kind === 'bundle') {
    for (const replica of resource.replicas) {
      applyLocation(replica.container, location);
      if (replica.address !== undefined) applyLocation(replica.address, location);
    }
    const clone = resource.children.find((child) => child.kind === 'clone');
    if (clone !== undefined && location.role >= roles.unpromoted) {
      applyLocation(clone, location);
      clone.locations.push(location);
    }
    return;
  }
  for (const child of resource.children) applyLocation(child, location);
}

function applyHere(resource: Resource, location: Location): void {
  if (location.role > roles.unknown && location.role !== resource.nextRole) return;
  for (const [node, score] of location.scores) {
    if (node.isExclusive && isBundled(resource)) continue;
    const seat = resource.table.get(node);
    if (seat === undefined) resource.table.set(node, newSeatable(node, score));
    else seat.score = addScores(seat.score, score);
    const own = resource.table.get(node);
    if (own !== undefined && own.discovery < location.discovery) {
      if (location.discovery === 2) resource.isDiscoveryExclusive = true;
      own.discovery = location.discovery;
    }
  }
}
