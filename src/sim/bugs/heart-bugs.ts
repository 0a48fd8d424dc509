import { instant } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import type { HeartEffect, HeartInput } from '../../core/membership/heart-machine.ts';
import type { HeldAddress } from '../../core/membership/heart-protocol.ts';
import type { Machines } from '../machines.ts';
import { type Bug, Meddled, type Meddling, wrappingBug } from './bug.ts';

type HeartMeddling = Meddling<HeartInput, HeartEffect>;

/** Mistakes at the border between the heart and its host: R8, R10, R11, and links. */
export const heartBugs: readonly Bug[] = [
  wrappingBug(
    {
      name: 'grant-longer-than-silence',
      rule: 'R3',
      what: 'an ack grants three times the D that its voter keeps',
      seedsMax: 8,
      kinds: ['isolated'],
    },
    aroundHeart(() => (input, _now, step) => step(input).map(generous)),
  ),
  wrappingBug(
    {
      name: 'no-silence-after-start',
      rule: 'R8',
      what: 'a voter that has just started takes what it did not hear for silence',
      seedsMax: 200,
      nodes: 3,
      kinds: ['flapping', 'heart killed elsewhere at a round'],
    },
    (machines) => ({
      ...machines,
      heart: (start) => machines.heart({ ...start, now: instant(start.now - 60_000) }),
    }),
  ),
  wrappingBug(
    {
      name: 'no-self-stop',
      rule: 'R10',
      what: 'the end of the lease puts nothing down',
      seedsMax: 8,
      kinds: ['isolated'],
    },
    aroundHeart(() => (input, _now, step) => {
      const effects = step(input);
      const downs = effects.filter((effect) => effect.kind === 'put-down');
      const rest = effects.filter((effect) => effect.kind !== 'put-down');
      const reported = downs.flatMap(({ incarnation }) =>
        step({ kind: 'put-down-progress', incarnation, left: [] }),
      );
      return [...rest, ...reported];
    }),
  ),
  wrappingBug(
    {
      name: 'slow-self-stop',
      rule: 'R10',
      what: 'what does not end politely is never killed, and the host is not reset',
      seedsMax: 20,
      kinds: ['isolated'],
    },
    aroundHeart(
      () => (input, _now, step) =>
        step(input)
          .filter((effect) => effect.kind !== 'reset-host')
          .map((effect) =>
            effect.kind === 'put-down' ? { ...effect, signal: 'term' as const } : effect,
          ),
    ),
  ),
  wrappingBug(
    {
      name: 'address-outlives-lease',
      rule: 'R10',
      what: 'floating addresses are renewed after the end of the lease',
      seedsMax: 8,
      kinds: ['isolated'],
    },
    aroundHeart(keepAddresses),
  ),
  wrappingBug(
    {
      name: 'gate-without-incarnation',
      rule: 'R11',
      what: 'the gate of an incarnation opens the gates of all earlier ones',
      seedsMax: 20,
    },
    aroundHeart(() => (input, _now, step) => step(input).flatMap(openAllGates)),
  ),
  wrappingBug(
    {
      name: 'one-link-only',
      rule: 'P3',
      what: 'heartbeats of the second link are ignored',
      seedsMax: 20,
      profile: 'calm',
    },
    aroundHeart(() => (input, _now, step) => {
      return input.kind === 'packet' && input.link === 'net1' ? [] : step(input);
    }),
  ),
];

/** A meddling with the heart of every host; each start of a heart makes its own. */
function aroundHeart(make: () => HeartMeddling): (machines: Machines) => Machines {
  return (machines) => ({
    ...machines,
    heart: (start): Machine<HeartInput, HeartEffect> => new Meddled(machines.heart(start), make()),
  });
}

function generous(effect: HeartEffect): HeartEffect {
  if (effect.kind !== 'send' || effect.packet.kind !== 'ack') return effect;
  return { ...effect, packet: { ...effect.packet, grantMs: effect.packet.grantMs * 3 } };
}

function openAllGates(effect: HeartEffect): readonly HeartEffect[] {
  if (effect.kind !== 'open-gate') return [effect];
  return Array.from({ length: effect.incarnation }, (_none, index) => ({
    kind: 'open-gate' as const,
    incarnation: index + 1,
  }));
}

function keepAddresses(): HeartMeddling {
  let held: readonly HeldAddress[] = [];
  return (input, _now, step) =>
    step(input).flatMap((effect): readonly HeartEffect[] => {
      if (effect.kind === 'renew-addresses') held = effect.held;
      if (effect.kind === 'put-down') {
        return [
          { ...effect, addresses: [] },
          { kind: 'renew-addresses', held },
        ];
      }
      if (effect.kind === 'send' && effect.packet.kind === 'heartbeat' && held.length > 0) {
        return [effect, { kind: 'renew-addresses', held }];
      }
      return [effect];
    });
}
