import type { Command } from '../../model/command.ts';
import { defaultOptions } from '../../model/config.ts';
import type { NodeId } from '../../model/ids.ts';
import type { MemberStatus } from '../../model/status.ts';
import { record } from './event-log.ts';
import { applied, type Outcome, refused, unchanged } from './outcome.ts';
import { instanceKey, type State } from './state.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

/** A node becomes known; it joins by itself once it is connected. A token is used up. */
export function addNode(state: State, command: Of<'add-node'>): Outcome {
  if (command.tokenId !== undefined) {
    const token = state.tokens.get(command.tokenId);
    if (token === undefined)
      return refused('bad-token', 'the join token is unknown or was used before');
    if (token.untilMs <= command.atMs) {
      state.tokens.delete(command.tokenId);
      return refused('bad-token', 'the join token has expired');
    }
  }
  if (state.members.has(command.node)) {
    return refused('exists', `node ${command.node} is a member already; remove it first`);
  }
  if (command.tokenId !== undefined) state.tokens.delete(command.tokenId);
  state.members.set(command.node, {
    node: command.node,
    number: state.nextNumber,
    addresses: command.addresses,
    fingerprint: command.fingerprint,
    incarnation: 0,
    presence: 'absent',
    selfStopMs: defaultOptions.selfStopMs,
    sinceMs: command.atMs,
    version: '',
  });
  state.nextNumber += 1;
  record(state, command.atMs, { kind: 'node-added', node: command.node });
  return applied;
}

/** Only a node that can run nothing any more is removed. */
export function removeNode(state: State, command: Of<'remove-node'>): Outcome {
  const member = state.members.get(command.node);
  if (member === undefined) return refused('not-found', `there is no node ${command.node}`);
  if (member.presence === 'joined' || member.presence === 'lost') {
    return refused(
      'unsafe',
      member.presence === 'joined'
        ? `node ${command.node} is a working member; run "holdfast leave" on it first`
        : `node ${command.node} is lost and not yet proven down`,
    );
  }
  forgetNode(state, command.node);
  state.members.delete(command.node);
  if (command.newDatagramSecret !== undefined) {
    const newest = state.secrets.datagramKeys[0];
    const generation = (newest?.generation ?? 0) + 1;
    const fresh = { generation, secretBase64: command.newDatagramSecret };
    // The former key opens what is under way, until the next rotation.
    state.secrets = { datagramKeys: newest === undefined ? [fresh] : [fresh, newest] };
  }
  record(state, command.atMs, { kind: 'node-removed', node: command.node });
  return applied;
}

/** R12: gives the node its next incarnation and ends the one before together with all that it owned. */
export function join(state: State, command: Of<'join'>): Outcome {
  const member = state.members.get(command.node);
  if (member === undefined) return refused('not-found', `there is no node ${command.node}`);
  if (member.incarnation !== command.previous) {
    return refused('stale', `node ${command.node} asked to follow an older incarnation`);
  }
  forgetNode(state, command.node);
  state.members.set(command.node, {
    ...member,
    addresses: command.addresses,
    incarnation: state.index,
    presence: 'joined',
    selfStopMs: command.selfStopMs,
    sinceMs: command.atMs,
    version: command.version,
  });
  record(state, command.atMs, {
    kind: 'node-joined',
    node: command.node,
    incarnation: state.index,
  });
  return applied;
}

export function leaving(state: State, command: Of<'leaving'>): Outcome {
  const member = current(state, command);
  if (member?.presence !== 'joined') return refused('stale', `${command.node} is no member now`);
  if (state.leaving.has(command.node) === command.on) return unchanged;
  if (command.on) state.leaving.add(command.node);
  else state.leaving.delete(command.node);
  record(state, command.atMs, {
    kind: command.on ? 'node-leaving' : 'node-stays',
    node: command.node,
    incarnation: member.incarnation,
  });
  return applied;
}

/** The node itself says that all of its incarnation is down. */
export function leave(state: State, command: Of<'leave'>): Outcome {
  const member = current(state, command);
  if (member?.presence !== 'joined') return refused('stale', `${command.node} is no member now`);
  forgetNode(state, command.node);
  setPresence(state, member, 'left', command.atMs);
  record(state, command.atMs, {
    kind: 'node-left',
    node: command.node,
    incarnation: member.incarnation,
  });
  return applied;
}

/** R6: from here on the incarnation is no member; what it owned stays its own until it is down. */
export function lost(state: State, command: Of<'lost'>): Outcome {
  const member = current(state, command);
  if (member?.presence !== 'joined') return refused('stale', `${command.node} is no member now`);
  state.leaving.delete(command.node);
  setPresence(state, member, 'lost', command.atMs);
  record(state, command.atMs, {
    kind: 'node-lost',
    node: command.node,
    incarnation: member.incarnation,
  });
  return applied;
}

/** R7, or a confirmed fencing: nothing of the lost incarnation runs any more. */
export function down(state: State, command: Of<'down'>): Outcome {
  const member = current(state, command);
  if (member?.presence !== 'lost') return refused('stale', `${command.node} is not lost`);
  for (const order of [...state.orders.values()]) {
    if (order.node !== command.node) continue;
    state.orders.delete(order.id);
    // A start that was under way may have come to effect: its instance is to be taken over as well.
    if (order.action === 'start') {
      state.instances.set(instanceKey(order.instance, order.node), {
        instance: order.instance,
        node: order.node,
        role: 'started',
        assignment: order.id,
        failed: undefined,
        blocked: undefined,
        sinceMs: order.atMs,
      });
    }
  }
  setPresence(state, member, 'down', command.atMs);
  record(state, command.atMs, {
    kind: 'node-down',
    node: command.node,
    incarnation: member.incarnation,
    proof: command.proof,
  });
  return applied;
}

/** The member, if the command speaks of its present incarnation. */
function current(
  state: State,
  command: { readonly node: NodeId; readonly incarnation: number },
): MemberStatus | undefined {
  const member = state.members.get(command.node);
  return member?.incarnation === command.incarnation ? member : undefined;
}

function setPresence(
  state: State,
  member: MemberStatus,
  presence: MemberStatus['presence'],
  atMs: number,
): void {
  state.members.set(member.node, { ...member, presence, sinceMs: atMs });
}

/** Nothing is known of what runs on a node, and nothing is asked of it any more. */
function forgetNode(state: State, node: NodeId): void {
  state.leaving.delete(node);
  for (const [key, status] of state.instances) {
    if (status.node !== node) continue;
    state.instances.delete(key);
    state.definitions.delete(key);
  }
  for (const order of state.orders.values()) {
    if (order.node === node) state.orders.delete(order.id);
  }
}
