import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameReader, parseBody } from '../../../src/runtime/net/frames.ts';

const frames = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 255 }), fc.string({ unit: 'grapheme' })),
);

describe('frames', () => {
  it('come out as they went in, however the stream is cut', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(frames, cuts, (sent, sizes) => {
        const received: [number, string][] = [];
        const reader = new FrameReader(10_000, (type, body) => {
          received.push([type, body.toString()]);
        });
        const bytes = Buffer.concat(sent.map(([type, text]) => encodeFrame(type, text)));
        for (let at = 0, i = 0; at < bytes.length; i += 1) {
          const size = sizes[i % sizes.length] ?? 1;
          expect(reader.push(bytes.subarray(at, at + size))).toBe(true);
          at += size;
        }
        expect(received).toEqual(sent);
      }),
    );
  });

  it('larger than allowed are refused at their header, before anything is kept', () => {
    const received: string[] = [];
    const reader = new FrameReader(10, (_type, body) => received.push(body.toString()));
    expect(reader.push(encodeFrame(1, '0123456789'))).toBe(true);
    expect(reader.push(encodeFrame(1, '01234567890').subarray(0, 5))).toBe(false);
    expect(new FrameReader(10, () => {}).push(Buffer.from('ffffffff01', 'hex'))).toBe(false);
    expect(received).toEqual(['0123456789']);
  });

  it('carry JSON, and anything else is no value', () => {
    expect(parseBody(Buffer.from('{"a":[1,"ü"]}'))).toEqual({ a: [1, 'ü'] });
    for (const bad of ['', '{', 'null', 'undefined', '{"a":1}x']) {
      expect(parseBody(Buffer.from(bad))).toBeUndefined();
    }
    expect(parseBody(Buffer.from('['.repeat(100_000)))).toBeUndefined();
  });
});
