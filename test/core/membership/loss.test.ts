import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import type { PeerView } from '../../../src/core/membership/heart-protocol.ts';
import { type LossEffect, type LossInput, LossRounds } from '../../../src/core/membership/loss.ts';
import type { MembershipMessage } from '../../../src/core/membership/membership-message.ts';
import { type NodeId, nodeId } from '../../../src/model/ids.ts';

const [l, a, b, x] = [nodeId('l'), nodeId('a'), nodeId('b'), nodeId('x')];

function peer(node: NodeId, change: Partial<PeerView> = {}): PeerView {
  return {
    node,
    heard: true,
    forMs: 0,
    agent: true,
    incarnation: 4,
    hears: [l, a, b, x].filter((other) => other !== node),
    grantMs: 500,
    links: [],
    ...change,
  };
}

/** Leader l, voters l, a, b, and x as a plain member; all of incarnation 4. */
class Rig {
  readonly rounds = new LossRounds(l, 8000);
  now = 0;
  readonly sent: { readonly to: NodeId; readonly message: MembershipMessage }[] = [];
  readonly others: LossEffect[] = [];

  constructor(voters: readonly NodeId[] = [l, a, b]) {
    this.step({ kind: 'voters', voters });
    const members = [l, a, b, x].map((node) => ({ node, incarnation: 4 }));
    this.step({ kind: 'members', members });
    this.step({ kind: 'lead', term: 3 });
    this.view();
  }

  step(input: LossInput): void {
    for (const effect of this.rounds.step(input, instant(this.now))) {
      if (effect.kind === 'send') this.sent.push(effect);
      else this.others.push(effect);
    }
  }

  view(change: Partial<Record<string, Partial<PeerView>>> = {}): void {
    const peers = [a, b, x].map((node) => peer(node, change[node]));
    this.step({ kind: 'view', view: { leaseMs: 400, peers } });
  }

  /** Nobody hears x any more. */
  silence(): void {
    const hears = [l, a, b];
    this.view({ x: { heard: false }, a: { hears }, b: { hears } });
  }

  answer(from: NodeId, promised: boolean, round = 1, term = 3): void {
    const named = { node: x, incarnation: 4, term, round };
    this.step({
      kind: 'response',
      from,
      response: { ...named, kind: 'promise-response', promised },
    });
  }

  /** Wakes it whenever it asks to be woken. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let turns = 0; ; turns += 1) {
      const due = this.rounds.deadline();
      if (due === undefined || due > end) break;
      if (turns > 1000) throw new Error('it never sleeps');
      this.now = Math.max(this.now, due);
      this.step({ kind: 'wake' });
    }
    this.now = end;
  }

  asked(): readonly NodeId[] {
    return this.sent.flatMap(({ to, message }) => (message.kind === 'promise-request' ? [to] : []));
  }

  released(): readonly NodeId[] {
    return this.sent.flatMap(({ to, message }) => (message.kind === 'promise-release' ? [to] : []));
  }

  get appended(): number {
    return this.others.filter((effect) => effect.kind === 'append-lost').length;
  }

  get state(): State {
    if (this.appended > 0) return 'appended';
    const notes = this.others.flatMap((effect) =>
      effect.kind === 'note' ? [effect.note.kind] : [],
    );
    return notes.at(-1) === 'round-begun' ? 'asking' : 'calm';
  }
}

type State = 'calm' | 'asking' | 'appended';
type Event = 'heard' | 'silent' | 'promised' | 'refused' | 'stale' | 'deposed';

/** A member as the leader's rounds see it: every state against every event. */
const transitions: Record<State, Record<Event, State>> = {
  calm: {
    heard: 'calm',
    silent: 'asking',
    promised: 'calm',
    refused: 'calm',
    stale: 'calm',
    deposed: 'calm',
  },
  asking: {
    heard: 'calm',
    silent: 'asking',
    promised: 'appended',
    refused: 'calm',
    stale: 'calm',
    deposed: 'asking', // Nothing is said or released: R5b ends the promises.
  },
  appended: {
    heard: 'appended',
    silent: 'appended',
    promised: 'appended',
    refused: 'appended',
    stale: 'appended',
    deposed: 'appended',
  },
};

function apply(rig: Rig, event: Event): void {
  switch (event) {
    case 'heard':
      return rig.view();
    case 'silent':
      return rig.silence();
    case 'promised':
      rig.answer(l, true);
      return rig.answer(a, true);
    case 'refused':
      rig.answer(a, false);
      return rig.answer(b, false);
    case 'stale':
      return rig.step({ kind: 'members', members: [{ node: l, incarnation: 4 }] });
    case 'deposed':
      return rig.step({ kind: 'follow' });
  }
}

describe('LossRounds: transitions of a member', () => {
  for (const [state, row] of Object.entries(transitions) as [State, Record<Event, State>][]) {
    for (const [event, next] of Object.entries(row) as [Event, State][]) {
      it(`is ${next} after ${event} while ${state}`, () => {
        const rig = new Rig();
        if (state !== 'calm') apply(rig, 'silent');
        if (state === 'appended') apply(rig, 'promised');
        expect(rig.state).toBe(state);
        apply(rig, event);
        expect(rig.state).toBe(next);
      });
    }
  }
});

describe('LossRounds', () => {
  it('asks all voters as soon as a member is silent, this node’s own heart among them', () => {
    const rig = new Rig();
    rig.view({ x: { heard: false } }); // The others' heartbeats still say that they hear it.
    expect(rig.asked()).toEqual([l, a, b]);
  });

  it('R4: asks no node about itself', () => {
    const rig = new Rig([l, a, x]);
    rig.view({ x: { heard: false } });
    expect(rig.asked()).toEqual([l, a]);
  });

  it('R6: counts promises of its own term and newest round only', () => {
    const rig = new Rig();
    rig.silence();
    rig.answer(l, true, 1, 2);
    rig.answer(a, true, 1, 2);
    rig.answer(l, true, 0);
    rig.answer(a, true, 0);
    expect(rig.appended).toBe(0);
    rig.answer(b, true);
    rig.answer(b, true); // The same voter twice is one voter.
    expect(rig.appended).toBe(0);
    rig.answer(l, true);
    expect(rig.appended).toBe(1);
  });

  it('R6: counts only voters of the newest set in its log', () => {
    const rig = new Rig();
    rig.silence();
    rig.answer(l, true);
    rig.answer(nodeId('stranger'), true);
    expect(rig.appended).toBe(0);
    rig.step({ kind: 'voters', voters: [l, a, b, nodeId('stranger'), nodeId('d')] });
    expect(rig.appended).toBe(0);
    rig.answer(a, true);
    expect(rig.appended).toBe(1);
  });

  it('R5a: releases a round that it gives up, and counts nothing of it afterwards', () => {
    const rig = new Rig();
    rig.silence();
    rig.answer(a, true);
    rig.view();
    expect(rig.released()).toEqual([l, a, b]);
    rig.silence();
    rig.answer(a, true, 1);
    rig.answer(b, true, 1);
    expect(rig.appended).toBe(0);
    rig.answer(b, true, 2);
    rig.answer(l, true, 2);
    expect(rig.appended).toBe(1);
  });

  it('R5a: releases again where a voter repeats a promise of a round that was given up', () => {
    const rig = new Rig();
    rig.silence();
    rig.view();
    rig.sent.length = 0;
    rig.answer(b, true, 1);
    expect(rig.released()).toEqual([b]);
  });

  it('R5a: releases nothing once lost is appended, not even after it is applied', () => {
    const rig = new Rig();
    rig.silence();
    rig.answer(l, true);
    rig.answer(a, true);
    expect(rig.appended).toBe(1);
    rig.view();
    rig.answer(b, true);
    rig.step({ kind: 'members', members: [l, a, b].map((node) => ({ node, incarnation: 4 })) });
    rig.answer(b, true);
    rig.answer(a, true);
    expect(rig.released()).toEqual([]);
  });

  it('repeats its question to those that did not answer', () => {
    const rig = new Rig();
    rig.silence();
    rig.answer(l, true);
    rig.sent.length = 0;
    rig.pass(260);
    expect(rig.asked()).toEqual([a, b]);
  });

  it('begins a new round when too few answer in time', () => {
    const rig = new Rig();
    rig.silence();
    rig.pass(9000);
    const rounds = rig.others.flatMap((effect) =>
      effect.kind === 'note' && effect.note.kind === 'round-begun' ? [effect.note.round] : [],
    );
    expect(rounds).toEqual([1, 2]);
  });

  it('a member that a majority hears, though the leader does not, is asked about only rarely', () => {
    const rig = new Rig();
    rig.view({ x: { heard: false } });
    rig.answer(a, false);
    rig.answer(b, false);
    rig.sent.length = 0;
    rig.pass(4000);
    expect(rig.asked()).toEqual([]);
    rig.silence(); // And now the others lost it, too.
    expect(rig.asked()).toEqual([l, a, b]);
  });

  it('a member that only this node hears can hold no lease: the others promise', () => {
    const rig = new Rig();
    const hears = [l, a, b];
    rig.view({ a: { hears }, b: { hears } });
    expect(rig.asked()).toEqual([l, a, b]);
    rig.answer(l, false);
    rig.answer(a, true);
    rig.answer(b, true);
    expect(rig.appended).toBe(1);
  });

  it('a voter that one other voter hears may hold a lease, for it counts itself', () => {
    const rig = new Rig([l, a, x]);
    rig.view({ a: { hears: [l] } });
    expect(rig.asked()).toEqual([]);
  });

  it('a member that is there without an agent asks for no lease and is asked about', () => {
    const rig = new Rig();
    rig.view({ x: { incarnation: 0, agent: false } });
    expect(rig.asked()).toEqual([l, a, b]);
  });

  it('a member that is heard without its incarnation gets some time to catch up or join', () => {
    const rig = new Rig();
    rig.view({ x: { incarnation: 0 } });
    rig.pass(1900);
    expect(rig.asked()).toEqual([]);
    rig.pass(200);
    expect(rig.asked()).toEqual([l, a, b]);
  });

  it('a member of a newer incarnation than this log knows is left alone', () => {
    const rig = new Rig();
    rig.view({ x: { incarnation: 9 } });
    rig.pass(10_000);
    expect(rig.asked()).toEqual([]);
  });

  it('sleeps while all is calm, and while it is no leader', () => {
    const rig = new Rig();
    expect(rig.rounds.deadline()).toBeUndefined();
    rig.silence();
    rig.step({ kind: 'follow' });
    expect(rig.rounds.deadline()).toBeUndefined();
  });
});
