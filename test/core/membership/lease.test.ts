import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Instant, instant } from '../../../src/base/instant.ts';
import { Lease, majorityEnd } from '../../../src/core/membership/lease.ts';
import { SendLog } from '../../../src/core/membership/send-log.ts';
import { nodeId } from '../../../src/model/ids.ts';

const [x, a, b, c, d] = ['x', 'a', 'b', 'c', 'd'].map(nodeId) as [
  ReturnType<typeof nodeId>,
  ReturnType<typeof nodeId>,
  ReturnType<typeof nodeId>,
  ReturnType<typeof nodeId>,
  ReturnType<typeof nodeId>,
];

function lease(self: typeof x, voters: readonly (typeof x)[]): Lease {
  const result = new Lease(self);
  result.adopt(1, voters);
  result.begin(7, 1);
  return result;
}

describe('Lease', () => {
  it('R2: ends at the majority-th largest of send time + D', () => {
    const held = lease(x, [a, b, c]);
    held.acked(a, 7, 1, instant(100), 500);
    expect(held.standing(instant(100))).toBe(false);
    held.acked(b, 7, 1, instant(100), 700);
    expect(held.until).toBe(600);
    held.acked(c, 7, 1, instant(100), 650);
    expect(held.until).toBe(750);
  });

  it('R2: a learner’s ack makes no majority', () => {
    const held = lease(x, [a, b, c]);
    held.acked(a, 7, 1, instant(100), 500);
    held.acked(d, 7, 1, instant(100), 500);
    expect(held.standing(instant(101))).toBe(false);
  });

  it('R2: a voter counts its own send time', () => {
    const held = lease(x, [x, a, b]);
    held.sent(instant(100), 5000);
    expect(held.standing(instant(100))).toBe(false);
    held.acked(a, 7, 1, instant(100), 500);
    expect(held.until).toBe(600);
  });

  it('R2: once gained it stands to its end, and a late ack of an old round adds nothing', () => {
    const held = lease(x, [a, b, c]);
    held.acked(a, 7, 2, instant(200), 500);
    held.acked(b, 7, 2, instant(200), 500);
    held.acked(a, 7, 1, instant(100), 500);
    held.acked(b, 7, 1, instant(100), 500);
    expect(held.until).toBe(700);
    held.adopt(2, [a, b, c, d]);
    expect(held.until).toBe(700);
  });

  it('R1: acks of an earlier incarnation or of its rounds count for nothing', () => {
    const held = lease(x, [a, b, c]);
    held.begin(8, 10);
    held.acked(a, 7, 12, instant(100), 500);
    held.acked(b, 8, 9, instant(100), 500);
    held.acked(c, 8, 9, instant(100), 500);
    expect(held.standing(instant(100))).toBe(false);
  });

  it('R1: a new incarnation begins without a lease', () => {
    const held = lease(x, [a, b, c]);
    held.acked(a, 7, 1, instant(100), 500);
    held.acked(b, 7, 1, instant(100), 500);
    held.begin(8, 2);
    expect(held.standing(instant(150))).toBe(false);
  });

  it('R14: a newer set counts at once, with what its members have granted before', () => {
    const held = lease(x, [a, b, c]);
    held.acked(a, 7, 1, instant(100), 500);
    held.acked(d, 7, 1, instant(100), 500);
    expect(held.adopt(2, [a, b, d])).toBe(true);
    expect(held.until).toBe(600);
    expect(held.adopt(1, [a])).toBe(false);
  });

  it('the majority-th largest is what sorting finds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 7 }),
        (raw) => {
          const ends = raw.map((value) => instant(value));
          const sorted = [...ends].sort((p, q) => q - p);
          const expected: Instant | undefined = sorted[Math.floor(ends.length / 2)];
          expect(majorityEnd(ends)).toBe(expected);
        },
      ),
    );
  });
});

describe('SendLog', () => {
  it('R1: knows the send time of each round of this run, and of no other', () => {
    const log = new SendLog();
    expect(log.sent(instant(5))).toBe(1);
    expect(log.sent(instant(9))).toBe(2);
    expect(log.sentAt(1)).toBe(5);
    expect(log.sentAt(3)).toBeUndefined();
    expect(log.sentAt(0)).toBeUndefined();
  });

  it('forgets rounds that are too old to matter', () => {
    const log = new SendLog();
    for (let i = 1; i <= 2000; i += 1) log.sent(instant(i));
    expect(log.sentAt(900)).toBeUndefined();
    expect(log.sentAt(1900)).toBe(1900);
  });
});
