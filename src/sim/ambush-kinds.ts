import type { HeartEffect } from '../core/membership/heart-machine.ts';
import type { NodeEffect } from '../core/node/node-io.ts';
import type { FaultKind, Strike } from './fault-kinds.ts';
import type { Host } from './host.ts';
import { between } from './random-streams.ts';

type Moment = (effect: NodeEffect | HeartEffect) => boolean;

/** What a machine notes at moments at which it matters what is on disk, said, or counted. */
const moments: Readonly<Record<string, Moment>> = {
  'a promise': (effect) => effect.kind === 'note' && effect.note.kind === 'promised',
  'a round': (effect) => isLossNote(effect, 'round-begun'),
  'a gathered round': (effect) => isLossNote(effect, 'round-gathered'),
  'a decision': (effect) => effect.kind === 'note' && effect.note.kind === 'decided',
  'a join': (effect) => effect.kind === 'note' && effect.note.kind === 'join-asked',
  'a vote': (effect) => isRaftNote(effect, 'vote-granted'),
  'an election': (effect) => isRaftNote(effect, 'election-won'),
  'an append': (effect) => effect.kind === 'persist' && effect.write.raft?.append !== undefined,
  'a lost lease': (effect) => effect.kind === 'note' && effect.note.kind === 'lease-ended',
};

/** What happens at that moment to the host, and what takes it back. */
const blows: Readonly<Record<string, Blow>> = {
  'power-off': (_strike, host) => {
    host.powerOff();
    return () => host.powerOn();
  },
  'agent killed': (_strike, host) => {
    host.killAgent();
    return () => {};
  },
  'heart killed': (_strike, host) => {
    host.killHeart(20);
    return () => {};
  },
  freeze: (_strike, host) => {
    host.freeze();
    return () => host.thaw();
  },
  isolated: ({ faults }, host) => faults.isolate(host.index),
  mute: ({ faults }, host) => faults.mute(host.index),
};

/** Every blow at every moment, on the host whose moment it is, or on another one. */
export const ambushKinds: readonly FaultKind[] = Object.entries(moments).flatMap(([when, moment]) =>
  Object.entries(blows).flatMap(([what, blow]) => [
    ambushKind(`${what} at ${when}`, moment, blow),
    ambushKind(`${what} elsewhere at ${when}`, moment, (strike, host) => {
      const others = strike.simulation.hosts.filter((other) => other !== host);
      return blow(strike, others.length > 0 ? strike.prng.pick(others) : host);
    }),
  ]),
);

type Blow = (strike: Strike, host: Host) => () => void;

function ambushKind(name: string, isMoment: Moment, blow: Blow): FaultKind {
  const strike = (at: Strike): undefined => {
    layAmbush(at, name, isMoment, blow);
    return undefined;
  };
  return { name, minMs: 0, maxMs: 0, strike };
}

function layAmbush(strike: Strike, name: string, isMoment: Moment, blow: Blow): void {
  const { simulation, prng, remember } = strike;
  const delayMs = prng.pick([0, 0, 1, 3, 10]);
  const forMs = prng.pick([60, 300, 700, 1500, 4000]) * between(prng, 0.7, 1.3);
  simulation.ambushes.add({
    isMoment,
    spring: (index) => {
      simulation.queue.after(delayMs, () => {
        simulation.note(`${name} (${simulation.names[index]}, ${Math.round(forMs)} ms)`);
        remember(forMs, name, blow(strike, simulation.host(index)));
      });
    },
  });
}

function isLossNote(effect: NodeEffect | HeartEffect, kind: string): boolean {
  return effect.kind === 'note' && effect.note.kind === 'loss' && effect.note.note.kind === kind;
}

function isRaftNote(effect: NodeEffect | HeartEffect, kind: string): boolean {
  return effect.kind === 'note' && effect.note.kind === 'raft' && effect.note.note.kind === kind;
}
