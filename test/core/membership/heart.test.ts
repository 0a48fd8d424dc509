import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import { Prng } from '../../../src/base/prng.ts';
import { Heart } from '../../../src/core/membership/heart.ts';
import type { HeartEffect } from '../../../src/core/membership/heart-machine.ts';
import type { HeldAddress } from '../../../src/core/membership/heart-protocol.ts';
import { instanceId, nodeId } from '../../../src/model/ids.ts';
import { calmTiming, HeartWorld, type Host, type WorldOptions } from './heart-world.ts';

const three: WorldOptions = { nodes: ['a', 'b', 'c'] };
const address: HeldAddress = {
  instance: instanceId('ip'),
  address: '192.0.2.1',
  prefix: 24,
  device: 'eth0',
};

function warmWorld(options: WorldOptions = three, ms = 1000): HeartWorld {
  const world = new HeartWorld(options);
  world.runFor(ms);
  return world;
}

function noteTimes(host: Host, kind: string): readonly number[] {
  return host.notes.filter(({ note }) => note.kind === kind).map(({ at }) => at);
}

function effects<K extends HeartEffect['kind']>(
  host: Host,
  kind: K,
): readonly { readonly at: number; readonly effect: HeartEffect & { readonly kind: K } }[] {
  return host.effects.flatMap(({ at, effect }) =>
    effect.kind === kind ? [{ at, effect: effect as HeartEffect & { readonly kind: K } }] : [],
  );
}

function tellTimes(host: Host, kind: string): readonly number[] {
  return host.told.filter(({ message }) => message.kind === kind).map(({ at }) => at);
}

/** All links to and from a host are cut. */
function isolate(world: HeartWorld, name: string): void {
  const { carry } = world;
  world.carry = (from, to, link, packet) =>
    from === name || to === name ? undefined : carry(from, to, link, packet);
}

describe('Heart: heartbeats', () => {
  it('says nothing to anybody before it is configured', () => {
    const heart = new Heart({
      self: nodeId('a'),
      run: 1,
      memory: undefined,
      now: instant(0),
      prng: new Prng(1),
    });
    const kinds = heart.step({ kind: 'wake' }, instant(0)).map((effect) => effect.kind);
    expect(kinds).toEqual(['start-agent', 'note', 'feed-watchdog']);
  });

  it('gives every node of a cold cluster its lease within three rounds', () => {
    const world = new HeartWorld(three);
    world.runFor(300);
    for (const host of world.hosts.values()) expect(world.leaseStands(host)).toBe(true);
  });

  it('sends one round every interval to each peer on each link', () => {
    let sent = 0;
    const world = warmWorld({
      ...three,
      carry: (from, _to, _link, packet) => {
        if (from === 'a' && packet.kind === 'heartbeat') sent += 1;
        return 0.2;
      },
    });
    sent = 0;
    world.runFor(10_000);
    expect(sent).toBe(100 * 2 * 2);
  });

  it('grants nothing to a heartbeat that does not name this run, and tells its run', () => {
    const world = warmWorld();
    const { heart } = world.host('a');
    const packet = {
      kind: 'heartbeat',
      incarnation: 2,
      run: 1,
      sequence: 5000,
      configuration: 1,
      peerRun: 99,
      hears: [],
      agent: true,
      rttMs: undefined,
      calm: false,
    } as const;
    const link = world.links[0] ?? expect.fail('no link');
    const now = world.localNow(world.host('a'));
    const answers = heart.step({ kind: 'packet', from: nodeId('b'), link, packet }, now);
    const acks = answers.flatMap((effect) => (effect.kind === 'send' ? [effect.packet] : []));
    expect(acks[0]).toMatchObject({ kind: 'ack', grantMs: 0, voterRun: 1 });
  });

  it('keeps calm under five percent loss on both links', () => {
    const prng = new Prng(7);
    const world = warmWorld({
      ...three,
      carry: () => (prng.chance(0.05) ? undefined : 0.2 + prng.fraction()),
    });
    world.runFor(600_000);
    for (const host of world.hosts.values()) {
      expect(noteTimes(host, 'peer-silent')).toEqual([]);
      expect(noteTimes(host, 'link-down')).toEqual([]);
      expect(noteTimes(host, 'lease-ended')).toEqual([]);
    }
  });

  it('keeps calm under thirty percent loss on one link while the other is good', () => {
    const prng = new Prng(8);
    const world = warmWorld({
      ...three,
      carry: (_from, _to, link) => (link === 'net1' && prng.chance(0.3) ? undefined : 0.2),
    });
    world.runFor(300_000);
    for (const host of world.hosts.values()) {
      expect(noteTimes(host, 'peer-silent')).toEqual([]);
      expect(noteTimes(host, 'link-down')).toEqual([]);
      expect(noteTimes(host, 'lease-ended')).toEqual([]);
    }
  });

  it('answers one copy of each round while all is calm, and every copy of each fifth', () => {
    let acks = 0;
    const world = warmWorld({
      ...three,
      carry: (from, to, _link, packet) => {
        if (from === 'a' && to === 'b' && packet.kind === 'ack') acks += 1;
        return 0.2;
      },
    });
    acks = 0;
    world.runFor(10_000);
    expect(acks).toBe(100 + 20);
  });

  it('answers every copy again once a round has gone without an ack', () => {
    let toLose = 0;
    let acks = 0;
    const world = warmWorld({
      ...three,
      carry: (from, to, _link, packet) => {
        if (from !== 'a' || to !== 'b' || packet.kind !== 'ack') return 0.2;
        acks += 1;
        toLose -= 1;
        return toLose >= 0 ? undefined : 0.2;
      },
    });
    toLose = 1;
    acks = 0;
    world.runFor(2000);
    expect(acks).toBeGreaterThanOrEqual(2 * 20 - 2);
  });

  it.each([
    ['acks of the first link', 'net0', 'ack'],
    ['acks of the second link', 'net1', 'ack'],
    ['heartbeats of the first link', 'net0', 'heartbeat'],
  ])('keeps every lease when a third of the %s is lost', (_what, lossy, kind) => {
    const prng = new Prng(9);
    const world = warmWorld({
      ...three,
      carry: (_from, _to, link, packet) =>
        link === lossy && packet.kind === kind && prng.chance(0.33) ? undefined : 0.2,
    });
    let shortestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3000; i += 1) {
      world.runFor(100);
      for (const host of world.hosts.values()) {
        const leftMs = host.heart.leaseUntil - world.localNow(host);
        shortestMs = Math.min(shortestMs, leftMs);
      }
    }
    expect(shortestMs).toBeGreaterThan(250);
  });

  it('keeps every lease when the first link loses all acks from one moment on', () => {
    const world = warmWorld(three, 5000);
    world.carry = (_from, _to, link, packet) =>
      link === 'net0' && packet.kind === 'ack' ? undefined : 0.2;
    let shortestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3000; i += 1) {
      world.runFor(1);
      for (const host of world.hosts.values()) {
        shortestMs = Math.min(shortestMs, host.heart.leaseUntil - world.localNow(host));
      }
    }
    expect(shortestMs).toBeGreaterThan(250);
  });

  it('takes one dead link for a dead link, not for a dead node', () => {
    const world = warmWorld();
    world.carry = (_from, _to, link) => (link === 'net0' ? undefined : 0.2);
    world.runFor(5000);
    for (const host of world.hosts.values()) {
      expect(noteTimes(host, 'link-down')).toHaveLength(2);
      expect(noteTimes(host, 'peer-silent')).toEqual([]);
      expect(noteTimes(host, 'lease-ended')).toEqual([]);
    }
  });

  it('says that a dead peer is silent within three intervals, and tells the agent at once', () => {
    const world = warmWorld();
    world.powerOff('c');
    world.runFor(300);
    const [at] = noteTimes(world.host('a'), 'peer-silent');
    expect(at).toBeLessThan(1300);
    expect(tellTimes(world.host('a'), 'view')).toContain(at);
  });

  it('shows in the view whom each peer hears', () => {
    const world = warmWorld();
    // b and c lose each other; a still hears both.
    world.carry = (from, to) => (from !== 'a' && to !== 'a' ? undefined : 0.2);
    world.runFor(2000);
    const view = world.host('a').told.findLast(({ message }) => message.kind === 'view');
    expect(view?.message).toMatchObject({
      view: {
        peers: [
          { node: 'b', heard: true, hears: ['a'] },
          { node: 'c', hears: ['a'] },
        ],
      },
    });
  });
});

describe('Heart: lease and gate', () => {
  it('R10: without a majority it puts everything down when the lease ends, and no later', () => {
    const world = warmWorld();
    isolate(world, 'a');
    world.runFor(2000);
    const host = world.host('a');
    const [endedAt] = noteTimes(host, 'lease-ended');
    expect(endedAt).toBeGreaterThan(1400);
    expect(endedAt).toBeLessThan(1500);
    expect(effects(host, 'put-down')[0]).toMatchObject({ at: endedAt, effect: { signal: 'term' } });
    expect(host.notes.map(({ note }) => note)).toContainEqual({
      kind: 'put-down',
      incarnation: 1,
      tookMs: 20,
    });
    expect(effects(host, 'reset-host')).toEqual([]);
    expect(tellTimes(host, 'all-down')).toHaveLength(1);
    for (const name of ['b', 'c']) expect(world.leaseStands(world.host(name))).toBe(true);
  });

  it('R10: kills at half of S and resets the host at S if something is left', () => {
    const world = warmWorld();
    const host = world.host('a');
    host.putDownMs = undefined;
    isolate(world, 'a');
    world.runFor(3000);
    const [endedAt = 0] = noteTimes(host, 'lease-ended');
    const kill = effects(host, 'put-down').find(({ effect }) => effect.signal === 'kill');
    expect(kill?.at).toBeCloseTo(endedAt + 250, 0);
    const [reset] = effects(host, 'reset-host');
    expect(reset?.at).toBeCloseTo(endedAt + 500, 0);
    expect(reset?.effect.reason).toContain('incarnation 1');
    // After a failed put-down nothing keeps the watchdog quiet.
    expect(effects(host, 'feed-watchdog').filter(({ at }) => at > endedAt)).toEqual([]);
  });

  it('R10: the gate opens again for the same incarnation when the lease comes back', () => {
    const world = warmWorld();
    const { carry } = world;
    isolate(world, 'a');
    world.runFor(1000);
    world.carry = carry;
    world.runFor(1000);
    const host = world.host('a');
    expect(effects(host, 'open-gate').map(({ effect }) => effect.incarnation)).toEqual([1, 1]);
    const down = host.notes.find(({ note }) => note.kind === 'put-down');
    expect(effects(host, 'open-gate')[1]?.at).toBeGreaterThanOrEqual(down?.at ?? Infinity);
  });

  it('R9: puts everything down at once when it learns that it is lost, lease or not', () => {
    const world = warmWorld();
    world.declareLost('a');
    const host = world.host('a');
    expect(effects(host, 'put-down')[0]?.at).toBe(1000);
    world.runFor(2000);
    expect(effects(host, 'open-gate')).toHaveLength(1);
    expect(world.leaseStands(host)).toBe(false);
  });

  it('R12: after a put-down on request the gate opens only for the next incarnation', () => {
    const world = warmWorld();
    const host = world.host('a');
    world.say(host, { kind: 'put-down' });
    world.runFor(1000);
    expect(world.leaseStands(host)).toBe(true);
    expect(effects(host, 'open-gate')).toHaveLength(1);
    expect(tellTimes(host, 'all-down')).toHaveLength(1);
    const incarnation = world.join('a');
    world.runFor(500);
    expect(effects(host, 'open-gate')[1]?.effect).toEqual({ kind: 'open-gate', incarnation });
  });

  it('R12: a restarted agent learns that it has no incarnation to go on with', () => {
    const world = warmWorld();
    const host = world.host('a');
    world.say(host, { kind: 'put-down' });
    world.runFor(100);
    world.stopAgent('a');
    world.runFor(1000);
    const hello = host.told.findLast(({ message }) => message.kind === 'hello');
    expect(hello?.message).toMatchObject({ incarnation: 0 });
    expect(effects(host, 'open-gate')).toHaveLength(1);
    world.say(host, { kind: 'put-down' });
    expect(tellTimes(host, 'all-down')).toHaveLength(2);
  });

  it('with `keep` a lost lease is reported and stops nothing', () => {
    const world = warmWorld({ ...three, onLeaseLost: 'keep' });
    const host = world.host('a');
    world.say(host, { kind: 'set-address', request: 1, incarnation: 1, held: address });
    isolate(world, 'a');
    world.runFor(3000);
    expect(noteTimes(host, 'lease-ended')).toHaveLength(1);
    expect(effects(host, 'put-down')).toEqual([]);
    expect(effects(host, 'renew-addresses').at(-1)?.at).toBeGreaterThan(3500);
    expect(effects(host, 'feed-watchdog').at(-1)?.at).toBeGreaterThan(3500);
  });

  it('R14: adopts a newer voter set from a refusal and keeps its lease', () => {
    const world = warmWorld({ nodes: ['a', 'b', 'c', 'd'], voters: ['a', 'b', 'c'] });
    const voters = ['a', 'b', 'c', 'd'].map(nodeId);
    for (const name of ['b', 'c', 'd']) {
      world.say(world.host(name), { kind: 'voters', configuration: 2, voters });
    }
    world.runFor(2000);
    const host = world.host('a');
    expect(host.notes.map(({ note }) => note)).toContainEqual({
      kind: 'voters-adopted',
      configuration: 2,
    });
    expect(noteTimes(host, 'lease-ended')).toEqual([]);
    expect(world.leaseStands(host)).toBe(true);
  });

  it('a lone voter holds its lease by its own send times', () => {
    const world = warmWorld({ nodes: ['a'] });
    expect(world.leaseStands(world.host('a'))).toBe(true);
    world.runFor(60_000);
    expect(noteTimes(world.host('a'), 'lease-ended')).toEqual([]);
  });
});

describe('Heart: stalls and restarts', () => {
  it('a stall below D touches nothing and blames nobody', () => {
    const world = warmWorld();
    world.freeze('a', 350);
    world.runFor(3000);
    for (const host of world.hosts.values()) {
      expect(noteTimes(host, 'lease-ended')).toEqual([]);
    }
    expect(noteTimes(world.host('a'), 'peer-silent')).toEqual([]);
    expect(noteTimes(world.host('a'), 'stalled')).toHaveLength(1);
  });

  it('after a stall beyond the lease it kills first and asks the clock before anything else', () => {
    const world = warmWorld();
    const host = world.host('a');
    world.freeze('a', 5000);
    world.runFor(5100);
    expect(noteTimes(host, 'lease-ended')[0]).toBe(6000);
    expect(effects(host, 'put-down')[0]).toMatchObject({ at: 6000, effect: { signal: 'kill' } });
    expect(effects(host, 'renew-addresses').filter(({ at }) => at > 1500)).toEqual([]);
    expect(effects(host, 'reset-host')).toEqual([]);
  });

  it('a restarted heart of the same boot keeps the lease, the gate and the addresses', () => {
    const world = warmWorld();
    const host = world.host('a');
    world.say(host, { kind: 'set-address', request: 7, incarnation: 1, held: address });
    world.runFor(1000);
    world.startHeart('a', true);
    expect(effects(host, 'renew-addresses').at(-1)?.at).toBe(2000);
    world.runFor(2000);
    expect(noteTimes(host, 'lease-ended')).toEqual([]);
    expect(effects(host, 'put-down')).toEqual([]);
    const hello = host.told.findLast(({ message }) => message.kind === 'hello');
    expect(hello?.message).toMatchObject({ run: 2, incarnation: 1, addresses: [address] });
  });

  it('R10: puts down also what only an earlier agent process has named', () => {
    const world = warmWorld();
    const host = world.host('a');
    const web = { instance: instanceId('web'), controlGroups: ['unit:web'] };
    world.say(host, { kind: 'guard', version: 2, entries: [web] });
    world.stopAgent('a'); // The next one begins with an empty plan.
    world.runFor(500);
    isolate(world, 'a');
    world.runFor(1000);
    expect(effects(host, 'put-down')[0]?.effect.controlGroups).toEqual(['unit:web']);
    world.say(host, { kind: 'guard', version: 3, entries: [] });
    expect(host.memory?.guards).toEqual([]);
  });

  it('a heart that restarts after its lease has ended puts everything down at once', () => {
    const world = warmWorld();
    const host = world.host('a');
    world.powerOff('a');
    world.runFor(3000);
    host.agentAnswers = false;
    world.startHeart('a', true);
    expect(effects(host, 'put-down')[0]).toMatchObject({ at: 4000, effect: { incarnation: 1 } });
  });
});

describe('Heart: the agent', () => {
  it('starts the agent again at once and keeps the node a member meanwhile', () => {
    const world = warmWorld();
    const host = world.host('a');
    world.stopAgent('a');
    world.runFor(100);
    expect(host.agentUp).toBe(true);
    expect(effects(host, 'start-agent')).toEqual([]); // Taken by the world itself.
    expect(noteTimes(host, 'agent-started')[1]).toBeCloseTo(1000, 3);
    expect(noteTimes(host, 'lease-ended')).toEqual([]);
  });

  it('lets the lease run out without an agent for too long, and takes it up again', () => {
    const world = warmWorld();
    const host = world.host('a');
    world.stopAgent('a', false);
    world.runFor(9000);
    const [endedAt = 0] = noteTimes(host, 'lease-ended');
    expect(endedAt).toBeGreaterThan(1000 + calmTiming.agentGraceMs);
    expect(endedAt).toBeLessThan(1000 + calmTiming.agentGraceMs + 700);
    expect(noteTimes(world.host('b'), 'peer-silent')).toEqual([]); // It is there, without a lease.
    host.agentAnswers = true;
    world.stopAgent('a');
    world.runFor(20_000);
    expect(world.leaseStands(host)).toBe(true);
  });

  it('kills an agent that says nothing for three seconds', () => {
    const world = warmWorld();
    const host = world.host('a');
    host.agentAnswers = false;
    world.runFor(3600);
    expect(effects(host, 'kill-agent')).toHaveLength(1);
    expect(noteTimes(host, 'lease-ended')).toEqual([]);
  });
});

describe('Heart: addresses', () => {
  it('R11: sets an address only inside the open gate of the incarnation that asks', () => {
    const world = warmWorld();
    const host = world.host('a');
    world.say(host, { kind: 'set-address', request: 1, incarnation: 9, held: address });
    world.say(host, { kind: 'set-address', request: 2, incarnation: 1, held: address });
    world.runFor(10);
    const answers = host.told.filter(({ message }) => message.kind === 'address-done');
    expect(answers.map(({ message }) => message)).toEqual([
      { kind: 'address-done', request: 1, error: 'the gate is shut' },
      { kind: 'address-done', request: 2, error: undefined },
    ]);
  });

  it('renews held addresses together while the lease stands, and never after', () => {
    const world = warmWorld();
    const host = world.host('a');
    world.say(host, { kind: 'set-address', request: 1, incarnation: 1, held: address });
    world.runFor(3000);
    expect(effects(host, 'renew-addresses').length).toBeGreaterThanOrEqual(9);
    isolate(world, 'a');
    world.runFor(3000);
    const [endedAt = 0] = noteTimes(host, 'lease-ended');
    expect(effects(host, 'renew-addresses').filter(({ at }) => at >= endedAt)).toEqual([]);
    expect(effects(host, 'put-down')[0]?.effect.addresses).toEqual([address]);
  });

  it('takes an address away again that was set while the gate was shut', () => {
    const world = warmWorld();
    const host = world.host('a');
    host.putDownMs = 0;
    world.say(host, { kind: 'put-down' });
    world.runFor(10);
    world.join('a');
    world.runFor(500);
    world.say(host, {
      kind: 'set-address',
      request: 3,
      incarnation: host.incarnation,
      held: address,
    });
    world.say(host, { kind: 'put-down' });
    world.runFor(10);
    expect(effects(host, 'remove-address')).toHaveLength(1);
    const answer = host.told.find(({ message }) => message.kind === 'address-done');
    expect(answer?.message).toMatchObject({ request: 3, error: 'the gate was shut' });
  });
});

describe('Heart: one-way cuts', () => {
  it('a node that can only send loses its lease, and the others may promise it away', () => {
    const world = warmWorld(three, 7000);
    world.carry = (_from, to) => (to === 'c' ? undefined : 0.2);
    world.runFor(1500);
    expect(world.leaseStands(world.host('c'))).toBe(false);
    expect(noteTimes(world.host('a'), 'peer-silent')).toEqual([]); // It is heard all the time.
    const promise = { node: nodeId('c'), incarnation: 3, term: 1, round: 1 } as const;
    const promised: string[] = [];
    world.onPromise = (voter) => promised.push(voter.id);
    for (const name of ['a', 'b']) world.say(world.host(name), { ...promise, kind: 'promise' });
    world.runFor(500);
    expect(promised).toEqual(['a', 'b']);
  });

  it('a node that can only receive loses its lease, too', () => {
    const world = warmWorld(three, 7000);
    world.carry = (from) => (from === 'c' ? undefined : 0.2);
    world.runFor(700);
    expect(world.leaseStands(world.host('c'))).toBe(false);
    expect(noteTimes(world.host('a'), 'peer-silent')).toHaveLength(1);
  });
});

describe('Heart: promises', () => {
  const promise = { node: nodeId('c'), incarnation: 3, term: 1, round: 1 } as const;

  it('R4: promises at the very moment at which its silence is complete', () => {
    const world = warmWorld(three, 7000);
    world.powerOff('c');
    world.runFor(300);
    const asked: number[] = [];
    world.onPromise = () => asked.push(world.now);
    for (const name of ['a', 'b']) world.say(world.host(name), { ...promise, kind: 'promise' });
    world.runFor(1000);
    expect(asked).toHaveLength(2);
    // The last heartbeat came within the last interval before 7000; D is 500.
    for (const at of asked) {
      expect(at).toBeGreaterThan(7400);
      expect(at).toBeLessThan(7501);
    }
  });

  it('R4: answers heard as soon as a heartbeat of that incarnation is granted', () => {
    const world = warmWorld(three, 7000);
    world.say(world.host('a'), { ...promise, kind: 'promise' });
    world.runFor(110);
    expect(tellTimes(world.host('a'), 'heard')).toHaveLength(1);
  });

  it('R4: no node makes a statement about itself', () => {
    const world = warmWorld(three, 7000);
    const host = world.host('c');
    isolate(world, 'c');
    world.runFor(2000);
    world.say(host, { ...promise, kind: 'promise' });
    expect(tellTimes(host, 'heard')).toHaveLength(1);
    expect(tellTimes(host, 'promised')).toEqual([]);
  });

  it('R8: makes no statement before Dmax and m have passed since its start', () => {
    const world = warmWorld(three, 1000);
    world.powerOff('c');
    const times: number[] = [];
    world.onPromise = () => times.push(world.now);
    world.say(world.host('a'), { ...promise, kind: 'promise' });
    world.runFor(10_000);
    expect(times).toHaveLength(1);
    expect(times[0]).toBeCloseTo(calmTiming.detectMaxMs + calmTiming.marginMs, 0);
  });

  it('R5: a released incarnation is acked again', () => {
    const world = warmWorld(three, 7000);
    const { carry } = world;
    isolate(world, 'c');
    world.runFor(1000);
    for (const name of ['a', 'b']) world.say(world.host(name), { ...promise, kind: 'promise' });
    world.carry = carry;
    world.runFor(2000);
    expect(world.leaseStands(world.host('c'))).toBe(false);
    const release = { kind: 'release', node: promise.node, incarnation: 3 } as const;
    world.say(world.host('a'), release);
    world.runFor(300);
    expect(world.leaseStands(world.host('c'))).toBe(true);
  });

  it('R15: drained is said when every grant made before has run out', () => {
    const world = warmWorld(three, 7000);
    world.say(world.host('a'), { kind: 'drain', configuration: 1 });
    world.runFor(2000);
    const [at = 0] = tellTimes(world.host('a'), 'drained');
    expect(at).toBeGreaterThan(7400 + calmTiming.marginMs);
    expect(at).toBeLessThan(7520 + calmTiming.marginMs);
  });
});
