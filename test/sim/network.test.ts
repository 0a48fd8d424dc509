import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { EventQueue } from '../../src/sim/event-queue.ts';
import { Network } from '../../src/sim/network.ts';

const none = { loss: 0, duplication: 0, delayMs: 0, jitterMs: 0 };

function make(): { queue: EventQueue; network: Network<number>; got: number[] } {
  const queue = new EventQueue();
  const got: number[] = [];
  const size = { hosts: 3, links: 2 };
  const network = new Network<number>(queue, new Prng(1), size, (_to, _from, _link, packet) => {
    got.push(packet);
  });
  return { queue, network, got };
}

function send(at: ReturnType<typeof make>, count: number): void {
  for (let i = 0; i < count; i += 1) at.network.send(0, 1, 0, i);
  at.queue.runUntil(at.queue.now + 10_000, () => false);
}

describe('network', () => {
  it('carries every packet of a calm path once', () => {
    const at = make();
    send(at, 100);
    expect([...at.got].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('loses what is sent over a cut path, in that direction and on that link only', () => {
    const at = make();
    at.network.cut(0, 1, 0);
    send(at, 10);
    expect(at.got).toEqual([]);
    expect(at.network.passes(1, 0, 0)).toBe(true);
    expect(at.network.reaches(0, 1)).toBe(true);
    expect(at.network.isWhole(0, 1, 0)).toBe(false);
  });

  it('works again only when every cut was healed', () => {
    const at = make();
    at.network.cut(0, 1, 0);
    at.network.cut(0, 1, 0);
    at.network.heal(0, 1, 0);
    expect(at.network.passes(0, 1, 0)).toBe(false);
    at.network.heal(0, 1, 0);
    expect(at.network.passes(0, 1, 0)).toBe(true);
    expect(() => at.network.heal(0, 1, 0)).toThrow('not cut');
  });

  it('loses and doubles about as many packets as it is told, until it is mended', () => {
    const at = make();
    const fault = { ...none, loss: 0.3, duplication: 0.5 };
    at.network.worsen(0, 1, 0, fault);
    send(at, 2000);
    const distinct = new Set(at.got).size;
    expect(distinct).toBeGreaterThan(1300);
    expect(distinct).toBeLessThan(1500);
    expect(at.got.length).toBeGreaterThan(distinct * 1.4);
    at.network.mend(0, 1, 0, fault);
    at.got.length = 0;
    send(at, 100);
    expect(at.got).toHaveLength(100);
  });

  it('lets packets overtake each other where delays vary', () => {
    const at = make();
    at.network.worsen(0, 1, 0, { ...none, jitterMs: 100 });
    send(at, 50);
    expect(at.got).not.toEqual([...at.got].sort((a, b) => a - b));
  });
});
