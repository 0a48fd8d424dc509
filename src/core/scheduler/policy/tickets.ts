import { fenceNode } from './fence-node.ts';
import type { TicketRuleInput } from './input.ts';
import { findConstrained } from './locations.ts';
import {
  addToScores,
  constraintRole,
  INFINITE,
  type Resource,
  type Role,
  roles,
  type World,
} from './state.ts';

/** What needs a ticket runs only where its site holds it. */
export function readTicketRule(world: World, input: TicketRuleInput): void {
  if (!world.tickets.has(input.ticket)) {
    world.tickets.set(input.ticket, { isGranted: false, isStandby: false });
  }
  for (const item of input.resources) {
    const resource = findConstrained(world, item.resource);
    if (resource === undefined) continue;
    const role = constraintRole(item.role);
    resource.tickets.push({ ticket: input.ticket, role });
    applyTicket(world, resource, input, role);
  }
}

function applyTicket(world: World, resource: Resource, input: TicketRuleInput, role: Role): void {
  const ticket = world.tickets.get(input.ticket);
  if (ticket === undefined || (ticket.isGranted && !ticket.isStandby)) return;
  if (resource.children.length > 0) {
    for (const child of resource.children) applyTicket(world, child, input, role);
    return;
  }
  const onLoss = lossPolicy(world, input, role);
  if (!ticket.isGranted && resource.runningOn.length > 0) {
    loseTicket(world, resource, onLoss, role);
  } else if (role !== roles.promoted || onLoss === 'stop') {
    addToScores(world, resource, undefined, -INFINITE);
  }
}

function lossPolicy(
  world: World,
  input: TicketRuleInput,
  role: Role,
): 'stop' | 'demote' | 'fence' | 'freeze' {
  if (input.onLoss === 'fence') return world.options.fencing === 'on' ? 'fence' : 'stop';
  return input.onLoss ?? (role === roles.promoted ? 'demote' : 'stop');
}

function loseTicket(
  world: World,
  resource: Resource,
  onLoss: 'stop' | 'demote' | 'fence' | 'freeze',
  role: Role,
): void {
  const isConcerned = role === roles.unknown || role === resource.role;
  switch (onLoss) {
    case 'stop':
      addToScores(world, resource, undefined, -INFINITE);
      return;
    case 'demote':
      if (role !== roles.promoted) addToScores(world, resource, undefined, -INFINITE);
      return;
    case 'fence':
      if (!isConcerned) return;
      addToScores(world, resource, undefined, -INFINITE);
      for (const node of resource.runningOn) fenceNode(world, node);
      return;
    case 'freeze':
      if (!isConcerned) return;
      resource.isManaged = false;
      resource.isBlocked = true;
  }
}

/** Whether a promotable clone lacks a ticket that its promotion needs. */
export function lacksPromotionTicket(world: World, clone: Resource): boolean {
  return clone.tickets.some(({ ticket, role }) => {
    const state = world.tickets.get(ticket);
    return role === roles.promoted && (state?.isGranted !== true || state.isStandby);
  });
}
