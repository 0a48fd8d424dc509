import { unreachable } from '../base/assert.ts';
import type { ClusterEvent, Happening } from './event.ts';
import { reasonText } from './reason-text.ts';

/** The sentence of an event: the same in `events`, in the log and in tests. */
export function eventText(event: ClusterEvent): string {
  return happeningText(event.what);
}

const proofs: Readonly<Record<'lease' | 'fencing' | 'confirmed', string>> = {
  lease: 'its lease has ended',
  fencing: 'a fence device confirmed it',
  confirmed: 'an operator confirmed it',
};

export function happeningText(what: Happening): string {
  switch (what.kind) {
    case 'cluster-created':
      return `cluster ${what.name} created on ${what.node}`;
    case 'node-added':
      return `${what.node} was admitted to the cluster`;
    case 'node-removed':
      return `${what.node} was removed from the cluster`;
    case 'node-joined':
      return `${what.node} joined (incarnation ${what.incarnation})`;
    case 'node-left':
      return `${what.node} left by itself after putting everything down`;
    case 'node-leaving':
      return `${what.node} wants to leave: everything moves away first`;
    case 'node-stays':
      return `${what.node} stays after all`;
    case 'node-lost':
      return `${what.node} is lost: a majority of the voters does not hear it any more`;
    case 'node-down':
      return `${what.node} is down: ${proofs[what.proof]}, nothing can run there any more`;
    case 'leader-elected':
      return `${what.node} leads (term ${what.term})`;
    case 'voters-changed':
      return `the voters are ${what.voters.join(', ')}`;
    case 'configured':
      return `configuration ${what.version} by ${what.by}: ${what.text}`;
    case 'ordered':
      return `${what.action} ${what.instance} on ${what.node}, because ${reasonText(what.reason)}`;
    case 'done':
      return doneText(what);
    case 'failed':
      return failedText(what);
    case 'mended':
      return `${what.instance} was mended on ${what.node}: ${what.text}`;
    case 'asked':
      return askedText(what);
    case 'wish-ended':
      return what.fulfilled
        ? `what was asked for ${what.resource} is done`
        : `what was asked for ${what.resource} cannot be done`;
    case 'refused':
      return `refused: ${what.text}`;
    default:
      return unreachable(what);
  }
}

type Of<K extends Happening['kind']> = Extract<Happening, { readonly kind: K }>;

function doneText({ action, instance, node, outcome, durationMs }: Of<'done'>): string {
  const time = `${Math.round(durationMs)} ms`;
  if (action === 'probe') return `${instance} is ${outcome} on ${node} (found in ${time})`;
  return `${instance} is ${outcome} on ${node} (${time})`;
}

function failedText({ action, instance, node, exitCode, text }: Of<'failed'>): string {
  if (action === 'exit') return `${instance} died on ${node}: ${text}`;
  return `${action} of ${instance} failed on ${node} (exit code ${exitCode}): ${text}`;
}

function askedText({ by, what, resource, node }: Of<'asked'>): string {
  const name = resource ?? 'everything';
  const place = node === undefined ? '' : what === 'move' ? ` to ${node}` : ` on ${node}`;
  return `${by} asked to ${what === 'cleanup' ? 'clean up' : what} ${name}${place}`;
}
