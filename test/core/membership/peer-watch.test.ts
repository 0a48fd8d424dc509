import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import type { HeartbeatPacket } from '../../../src/core/membership/packet.ts';
import { PeerWatch } from '../../../src/core/membership/peer-watch.ts';
import { linkId, nodeId } from '../../../src/model/ids.ts';

const bounds = { intervalMs: 100, detectMinMs: 500, detectMaxMs: 5000 };

function beat(sequence: number, change: Partial<HeartbeatPacket> = {}): HeartbeatPacket {
  return {
    kind: 'heartbeat',
    incarnation: 3,
    run: 1,
    sequence,
    configuration: 1,
    peerRun: 1,
    hears: [],
    agent: true,
    rttMs: 1,
    calm: false,
    ...change,
  };
}

function peer(): PeerWatch {
  const result = new PeerWatch(nodeId('b'), instant(0));
  result.setLinks([linkId('net0'), linkId('net1')], instant(0));
  result.setRun(1);
  return result;
}

describe('PeerWatch', () => {
  it('is heard with the first fresh packet, and silent after two and a half intervals', () => {
    const watch = peer();
    expect(watch.heartbeat(beat(1), instant(100), bounds)).toBe('heard');
    expect(watch.due(bounds)).toBe(350);
    expect(watch.check(instant(349), bounds)).toBe(false);
    expect(watch.check(instant(350), bounds)).toBe(true);
    expect(watch.check(instant(360), bounds)).toBe(false);
    expect(watch.view(instant(400), bounds)).toMatchObject({ heard: false, forMs: 300 });
  });

  it('takes the same round by a second link for nothing new', () => {
    const watch = peer();
    watch.heartbeat(beat(5), instant(100), bounds);
    expect(watch.heartbeat(beat(5), instant(300), bounds)).toBe('nothing');
    expect(watch.heartbeat(beat(4), instant(300), bounds)).toBe('nothing');
    expect(watch.due(bounds)).toBe(350);
  });

  it('tells when what the peer says of itself has changed', () => {
    const watch = peer();
    watch.heartbeat(beat(1), instant(100), bounds);
    expect(watch.heartbeat(beat(2), instant(200), bounds)).toBe('nothing');
    expect(watch.heartbeat(beat(3, { agent: false }), instant(300), bounds)).toBe('figures');
    expect(
      watch.heartbeat(beat(4, { agent: false, hears: [nodeId('c')] }), instant(400), bounds),
    ).toBe('figures');
  });

  it('is heard by its acks as well', () => {
    const watch = peer();
    expect(watch.acked(1, instant(100))).toBe(true);
    expect(watch.acked(1, instant(300))).toBe(false);
    expect(watch.due(bounds)).toBe(350);
  });

  it('waits longer for a peer whose heartbeats jitter, never longer than D', () => {
    const watch = peer();
    for (const [sequence, at] of [1, 2, 3].map((n) => [n, n * 300] as const)) {
      watch.heartbeat(beat(sequence), instant(at), bounds);
    }
    expect(watch.due(bounds)).toBe(900 + 425);
    expect(watch.due({ ...bounds, detectMinMs: 100, detectMaxMs: 200 })).toBeLessThan(900 + 551);
  });

  it('silence while this node slept does not count', () => {
    const watch = peer();
    watch.heartbeat(beat(1), instant(100), bounds);
    watch.stalled(instant(3000));
    expect(watch.check(instant(3000), bounds)).toBe(false);
    expect(watch.due(bounds)).toBe(3250);
  });

  it('a newer run begins its sequences anew, an older one is refused', () => {
    const watch = peer();
    watch.heartbeat(beat(900), instant(100), bounds);
    expect(watch.setRun(2)).toBe(true);
    expect(watch.setRun(1)).toBe(false);
    watch.heartbeat(beat(1, { run: 2, incarnation: 9 }), instant(200), bounds);
    expect(watch.view(instant(200), bounds).incarnation).toBe(9);
  });

  it('keeps the links that stay', () => {
    const watch = peer();
    const before = watch.link(linkId('net1'));
    expect(watch.setLinks([linkId('net1'), linkId('net2')], instant(5))).toBe(true);
    expect(watch.link(linkId('net1'))).toBe(before);
    expect(watch.setLinks([linkId('net2')], instant(6))).toBe(false);
    expect(watch.link(linkId('net1'))).toBeUndefined();
  });
});
