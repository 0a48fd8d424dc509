import { applyOrderings } from './apply-orderings.ts';
import { assignAll } from './assign.ts';
import { buildNodes } from './build-nodes.ts';
import { buildResources } from './build-resources.ts';
import { type Picture, pictureAfter, pictureNow } from './carry-out.ts';
import { type NetChange, netChanges } from './changes.ts';
import { readColocation } from './colocations.ts';
import { applyCriteria } from './criteria.ts';
import { applyDefinitionChanges } from './definition-changes.ts';
import { applyHealth } from './health.ts';
import { readHistory } from './history.ts';
import type { PolicyInput } from './input.ts';
import { addInternalOrderings } from './internal-orderings.ts';
import { type PlacedLocation, readLocation } from './locations.ts';
import { createNodeActions } from './node-actions.ts';
import { readNodeStates } from './node-status.ts';
import { readOrder } from './orderings.ts';
import { createProbes } from './probes.ts';
import { orderRemoteActions } from './remote-orderings.ts';
import { createActions } from './role-actions.ts';
import type { World } from './state.ts';
import { readTicketRule } from './tickets.ts';

/** What the policy comes to: one transition, and the cluster before and after it. */
export interface PolicyResult {
  readonly initial: Picture;
  readonly final: Picture;
  readonly changes: readonly NetChange[];
}

/** Pure: equal inputs give equal results. The stages may be read aloud. */
export function runPolicy(input: PolicyInput): PolicyResult {
  const world = newWorld(input);
  buildNodes(world);
  buildResources(world);
  readNodeStates(world);
  readHistory(world);
  const initial = pictureNow(world);
  applyHealth(world);
  const locations = readConstraints(world);
  applyCriteria(world, locations);
  addInternalOrderings(world);
  applyDefinitionChanges(world);
  assignAll(world);
  createProbes(world);
  for (const resource of world.resources) createActions(world, resource);
  orderRemoteActions(world);
  createNodeActions(world);
  applyOrderings(world);
  return { initial, changes: netChanges(world), final: pictureAfter(world) };
}

function newWorld(input: PolicyInput): World {
  return {
    input,
    options: input.options,
    isQuorate: input.isQuorate,
    withoutQuorum: input.options.withoutQuorum,
    nodes: [],
    nodeByName: new Map(),
    resources: [],
    byId: new Map(),
    hasFenceDevice: false,
    usesUnfencing: false,
    hasRemoteNodes: false,
    actions: [],
    orderings: [],
    clearing: new Set(),
    stopContainers: [],
    tickets: new Map(
      input.tickets.map(({ id, isGranted, isStandby }) => [id, { isGranted, isStandby }]),
    ),
    singles: new Map(),
  };
}

function readConstraints(world: World): readonly PlacedLocation[] {
  const locations: PlacedLocation[] = [];
  for (const constraint of world.input.constraints) {
    switch (constraint.kind) {
      case 'location':
        locations.push(...readLocation(world, constraint));
        break;
      case 'colocation':
        readColocation(world, constraint);
        break;
      case 'order':
        readOrder(world, constraint);
        break;
      case 'ticket':
        readTicketRule(world, constraint);
    }
  }
  return locations;
}
