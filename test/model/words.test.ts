import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, nearestWord } from '../../src/base/nearest-word.ts';
import { durationText, parseDuration, spanText } from '../../src/model/duration.ts';
import { isAddress, isIpv6 } from '../../src/model/ip-address.ts';
import { diffLines, unifiedLines } from '../../src/model/line-diff.ts';
import { mergeLines } from '../../src/model/line-merge.ts';
import { parseUtc, utcText } from '../../src/model/utc-time.ts';

describe('small words', () => {
  test('the nearest word is found by edits and swaps, and nothing far away', () => {
    expect(editDistance('moniter', 'monitor')).toBe(1);
    expect(editDistance('stauts', 'status')).toBe(1);
    expect(nearestWord('stauts', ['start', 'status', 'stop'])).toBe('status');
    expect(nearestWord('frobnicate', ['start', 'status', 'stop'])).toBeUndefined();
  });

  test('durations have a unit, and their text is read back', () => {
    expect(['500ms', '1.5s', '2min', '1h', '7d'].map(parseDuration)).toEqual([
      500, 1500, 120_000, 3_600_000, 604_800_000,
    ]);
    expect(['', '5', '5 hours', '-5s', '1e3s', 's'].map(parseDuration)).toEqual(
      Array.from({ length: 6 }, () => undefined),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), (ms) => {
        expect(parseDuration(durationText(ms))).toBe(ms);
      }),
    );
    expect([0, 999, 7000, 130_000, 12_000_000, 200_000_000].map(spanText)).toEqual([
      '0 ms',
      '999 ms',
      '7 s',
      '2 min',
      '3 h 20 min',
      '2 d 7 h',
    ]);
  });

  test('times are those of the calendar', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (ms) => {
        expect(new Date(utcText(ms)).getTime()).toBe(ms);
        expect(parseUtc(new Date(ms).toISOString())).toBe(ms);
      }),
    );
    expect(parseUtc('2026-02-30T00:00:00Z')).toBeUndefined();
    expect(parseUtc('2026-02-20 00:00:00')).toBeUndefined();
  });

  test('addresses are what the kernel takes for addresses', () => {
    const right = ['10.0.0.1', '10.0.0.1/24', '::', '::1/128', 'fe80::1', '::ffff:1.2.3.4'];
    const wrong = ['10.0.0', '010.0.0.1', '10.0.0.1/33', ':::', '1::2::3', 'g::', '1.2.3.4/x', ''];
    expect(right.filter((text) => !isAddress(text))).toEqual([]);
    expect(wrong.filter(isAddress)).toEqual([]);
    expect(isIpv6('1:2:3:4:5:6:7:8:9')).toBe(false);
  });

  test('a diff leads from one text to the other', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const changes = diffLines(before, after);
        const side = (kind: string) =>
          changes.flatMap((change) =>
            change.kind === kind || change.kind === 'same' ? change.lines : [],
          );
        expect(side('removed')).toEqual(before);
        expect(side('added')).toEqual(after);
      }),
    );
    expect(unifiedLines(diffLines(['a', 'b', 'c'], ['a', 'x', 'c']), 3)).toEqual([
      '  a',
      '- b',
      '+ x',
      '  c',
    ]);
  });

  test('a merge keeps the changes of both sides', () => {
    expect(mergeLines('a\nb\nc', 'a!\nb\nc', 'a\nb\nc!')).toBe('a!\nb\nc!');
    expect(mergeLines('a\nb\nc', 'a\nours\nc', 'a\ntheirs\nc')).toBe('a\ntheirs\nc');
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 })
      .map((l) => l.join('\n'));
    fc.assert(
      fc.property(text, text, (base, other) => {
        expect(mergeLines(base, base, other)).toBe(other);
        expect(mergeLines(base, other, base)).toBe(other);
      }),
    );
  });
});
