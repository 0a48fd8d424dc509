import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AckRefusal, Packet } from '../../../src/core/membership/packet.ts';
import { type NodeId, nodeId } from '../../../src/model/ids.ts';
import { NodeNumbers } from '../../../src/runtime/net/node-numbers.ts';
import {
  decodePacket,
  encodePacket,
  packetBytesMax,
} from '../../../src/runtime/net/packet-codec.ts';

const nodes = ['alpha', 'beta', 'gamma', 'delta'].map(nodeId);
const numbers = new NodeNumbers(nodes.map((node, i): [NodeId, number] => [node, 7 * i + 1]));

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const uint48 = fc.integer({ min: 0, max: 0xffff_ffff_ffff });
const milliseconds = uint32.map((microseconds) => microseconds / 1000);
const someNodes = fc.subarray(nodes);

const heartbeats: fc.Arbitrary<Packet> = fc.record({
  kind: fc.constant('heartbeat' as const),
  incarnation: uint48,
  run: uint32,
  sequence: uint48,
  configuration: uint48,
  peerRun: uint32,
  hears: someNodes,
  agent: fc.boolean(),
  rttMs: fc.option(milliseconds, { nil: undefined }),
  calm: fc.boolean(),
});

const refusals: fc.Arbitrary<AckRefusal> = fc.oneof(
  fc.constantFrom<AckRefusal>(
    { kind: 'not-voter' },
    { kind: 'promised' },
    { kind: 'lost' },
    { kind: 'starting' },
    { kind: 'unheard' },
  ),
  fc.record({
    kind: fc.constant('newer-configuration' as const),
    configuration: uint48,
    voters: someNodes,
  }),
);

const acks: fc.Arbitrary<Packet> = fc.record({
  kind: fc.constant('ack' as const),
  incarnation: uint48,
  run: uint32,
  sequence: uint48,
  configuration: uint48,
  voterRun: uint32,
  grantMs: milliseconds,
  refusal: fc.option(refusals, { nil: undefined }),
});

const packets = fc.oneof(heartbeats, acks);

function encoded(packet: Packet): Buffer {
  const out = Buffer.alloc(packetBytesMax(nodes.length));
  return out.subarray(0, encodePacket(packet, numbers, out, 0));
}

const heartbeat: Packet = {
  kind: 'heartbeat',
  incarnation: 5,
  run: 9,
  sequence: 77,
  configuration: 3,
  peerRun: 4,
  hears: [nodeId('alpha'), nodeId('gamma')],
  agent: true,
  rttMs: 0.25,
  calm: true,
};

const grant: Packet = {
  kind: 'ack',
  incarnation: 5,
  run: 9,
  sequence: 77,
  configuration: 3,
  voterRun: 2,
  grantMs: 500,
  refusal: undefined,
};

describe('packet codec', () => {
  it('gives back every packet as it was', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        expect(decodePacket(encoded(packet), numbers)).toEqual(packet);
      }),
    );
  });

  it('refuses a packet that is cut off at any byte', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        const bytes = encoded(packet);
        for (let length = 0; length < bytes.length; length += 1) {
          expect(decodePacket(bytes.subarray(0, length), numbers)).toBe('truncated');
        }
      }),
    );
  });

  it('refuses bytes behind the packet', () => {
    fc.assert(
      fc.property(packets, fc.uint8Array({ minLength: 1, maxLength: 70 }), (packet, more) => {
        const bytes = Buffer.concat([encoded(packet), more]);
        expect(decodePacket(bytes, numbers)).toBe('trailing-bytes');
      }),
    );
  });

  it('answers any bytes with a packet or a problem, and never throws', () => {
    const begins = fc.constantFrom([], [1], [1, 1], [1, 2], [1, 2, 4]);
    const anyBytes = fc.tuple(begins, fc.uint8Array({ maxLength: 1200 }));
    fc.assert(
      fc.property(anyBytes, ([begin, rest]) => {
        const result = decodePacket(Buffer.from([...begin, ...rest]), numbers);
        expect(['string', 'object']).toContain(typeof result);
      }),
      { numRuns: 2000 },
    );
  });

  it('answers any changed byte of a packet with a packet or a problem', () => {
    fc.assert(
      fc.property(packets, fc.nat(), fc.integer({ min: 0, max: 255 }), (packet, where, value) => {
        const bytes = encoded(packet);
        bytes[where % bytes.length] = value;
        const result = decodePacket(bytes, numbers);
        if (typeof result === 'object') expect(result.incarnation).toBeLessThan(2 ** 48);
      }),
    );
  });

  it.each([
    ['another version', 0, 2, 'unknown-version'],
    ['an unknown kind', 1, 3, 'unknown-kind'],
    ['an unknown flag', 2, 8, 'bad-value'],
    ['a count that is too large', 33, 0xff, 'truncated'],
  ])('refuses a heartbeat with %s', (_what, at, value, problem) => {
    const bytes = encoded(heartbeat);
    bytes[at] = value;
    expect(decodePacket(bytes, numbers)).toBe(problem);
  });

  it('refuses an ack with an unknown refusal', () => {
    const bytes = encoded(grant);
    bytes[2] = 7;
    expect(decodePacket(bytes, numbers)).toBe('bad-value');
  });

  it('refuses voters whose names could break a terminal or a path', () => {
    const refusal: AckRefusal = {
      kind: 'newer-configuration',
      configuration: 8,
      voters: [nodeId('../x\u001b[2J')],
    };
    expect(decodePacket(encoded({ ...grant, refusal }), numbers)).toBe('bad-value');
  });

  it('names voters whose numbers the receiver does not know', () => {
    const refusal: AckRefusal = {
      kind: 'newer-configuration',
      configuration: 8,
      voters: [nodeId('newcomer')],
    };
    const bytes = encoded({ ...grant, grantMs: 0, refusal });
    expect(decodePacket(bytes, new NodeNumbers([]))).toMatchObject({ refusal });
  });

  it('leaves nodes out of `hears` whose numbers the receiver does not know', () => {
    const some = new NodeNumbers([[nodeId('gamma'), 15]]);
    expect(decodePacket(encoded(heartbeat), some)).toMatchObject({ hears: ['gamma'] });
  });

  it('never makes a grant longer', () => {
    const bytes = encoded({ ...grant, grantMs: 500.0009 });
    expect(decodePacket(bytes, numbers)).toMatchObject({ grantMs: 500 });
  });
});
