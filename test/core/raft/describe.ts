import { unreachable } from '../../../src/base/assert.ts';
import type { RaftEffect, RaftWrite } from '../../../src/core/raft/contract.ts';
import type { Entry, RaftConfiguration } from '../../../src/core/raft/entry.ts';
import type { RaftMessage } from '../../../src/core/raft/messages.ts';
import type { RaftNote } from '../../../src/core/raft/notes.ts';
import type { RaftStatus } from '../../../src/core/raft/status.ts';

export function describeEntry(entry: Entry): string {
  const at = `${entry.index}/${entry.term}`;
  if (entry.kind === 'command') return `${at} ${entry.command}`;
  if (entry.kind === 'no-op') return `${at} no-op`;
  return `${at} {${describeConfiguration(entry.configuration)}}`;
}

export function describeConfiguration({ voters, learners }: RaftConfiguration): string {
  const suffix = learners.length === 0 ? '' : ` learners ${learners.join(' ')}`;
  return `voters ${voters.join(' ')}${suffix}`;
}

function describeEntries(entries: readonly Entry[]): string {
  return entries.length === 0 ? '[]' : `[${entries.map(describeEntry).join(', ')}]`;
}

export function describeMessage(message: RaftMessage): string {
  const head = `${message.kind} term ${message.term}`;
  switch (message.kind) {
    case 'pre-vote':
      return `${head} last ${message.lastIndex}/${message.lastTerm}`;
    case 'vote': {
      const transfer = message.transfer ? ' by transfer' : '';
      return `${head} last ${message.lastIndex}/${message.lastTerm}${transfer}`;
    }
    case 'pre-vote-reply':
    case 'vote-reply':
      return `${head} ${message.granted ? 'granted' : 'refused'}`;
    case 'append': {
      const previous = `${message.previousIndex}/${message.previousTerm}`;
      return `${head} after ${previous} ${describeEntries(message.entries)} commit ${message.commit}`;
    }
    case 'append-accepted':
      return `${head} match ${message.match}`;
    case 'append-rejected':
      return `${head} not ${message.previousIndex}, hint ${message.hintIndex}/${message.hintTerm}`;
    case 'commit':
      return `${head} commit ${message.commit}`;
    case 'heartbeat':
      return `${head} commit ${message.commit} round ${message.round}`;
    case 'heartbeat-reply':
      return `${head} round ${message.round}`;
    case 'snapshot': {
      const end = message.last ? ' last' : '';
      return `${head} of ${message.index}/${message.snapshotTerm} at ${message.offset} ${JSON.stringify(message.text)}${end}`;
    }
    case 'snapshot-reply':
      return `${head} of ${message.index} at ${message.offset} next ${message.next}`;
    case 'timeout-now':
      return head;
    default:
      return unreachable(message);
  }
}

export function describeWrite(write: RaftWrite): string {
  const parts = [`term ${write.term}`];
  if (write.votedFor !== undefined) parts.push(`vote ${write.votedFor}`);
  parts.push(`commit ${write.commit}`);
  if (write.snapshot !== undefined) parts.push(`snapshot ${write.snapshot.index}`);
  if (write.discardBefore !== undefined) parts.push(`discard before ${write.discardBefore}`);
  if (write.truncateFrom !== undefined) parts.push(`truncate from ${write.truncateFrom}`);
  if (write.append !== undefined) parts.push(`append ${describeEntries(write.append)}`);
  return parts.join(', ');
}

function describeNote({ kind, ...rest }: RaftNote): string {
  const words = Object.entries(rest).map(([key, value]) => `${key} ${value}`);
  return [kind, ...words].join(' ');
}

export function describeEffect(effect: RaftEffect): string {
  switch (effect.kind) {
    case 'persist':
      return `persist #${effect.ticket}: ${describeWrite(effect.write)}`;
    case 'send':
      return `to ${effect.to}: ${describeMessage(effect.message)}`;
    case 'apply':
      return `apply ${describeEntries(effect.entries)}`;
    case 'restore':
      return `restore ${effect.snapshot.index} ${effect.snapshot.data}`;
    case 'role':
      return `is ${effect.role} in term ${effect.term}, leader ${effect.leader ?? 'unknown'}`;
    case 'proposed':
      return `proposed ${effect.firstIndex} to ${effect.lastIndex} in term ${effect.term}`;
    case 'refused': {
      const leader = effect.leader === undefined ? '' : `, ask ${effect.leader}`;
      return `refused ${effect.what}: ${effect.reason}${leader}`;
    }
    case 'leadership-confirmed':
      return `leadership confirmed for read ${effect.id} at ${effect.index}`;
    case 'leadership-unconfirmed':
      return `leadership unconfirmed for read ${effect.id}`;
    case 'note':
      return `note ${describeNote(effect.note)}`;
    default:
      return unreachable(effect);
  }
}

export function describeStatus(status: RaftStatus): string {
  const { role, term, leader, lastIndex, commit, applied, stable, snapshotIndex } = status;
  const log = `last ${lastIndex} stable ${stable} commit ${commit} applied ${applied} snapshot ${snapshotIndex}`;
  const peers = status.peers.map(({ peer, state, match }) => `${peer} ${state} ${match}`);
  const lines = [
    `${role} term ${term} leader ${leader ?? 'unknown'}; ${log}; ${describeConfiguration(status.configuration)} by ${status.configurationIndex}`,
  ];
  if (peers.length > 0) lines.push(`  peers: ${peers.join(', ')}`);
  return lines.join('\n');
}
