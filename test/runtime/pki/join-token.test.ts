import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatJoinToken,
  type JoinToken,
  joinTokenAdvice,
  parseJoinToken,
} from '../../../src/runtime/pki/join-token.ts';

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((array) => Buffer.from(array).toString('hex'));

const addresses = fc.record({
  host: fc.constantFrom('10.0.0.1', 'fd00::7', 'node-1.example.org', '::1'),
  port: fc.integer({ min: 1, max: 65535 }),
});

const tokens: fc.Arbitrary<JoinToken> = fc.record({
  authority: hex(32),
  secret: hex(16),
  expiresAtMs: fc.integer({ min: 0, max: 2 ** 40 }).map((seconds) => seconds * 1000),
  addresses: fc.array(addresses, { minLength: 1, maxLength: 6 }),
});

const token: JoinToken = {
  authority: 'ab'.repeat(32),
  secret: '0123456789abcdef'.repeat(2),
  expiresAtMs: 1_800_000_000_000,
  addresses: [{ host: '10.0.0.1', port: 5406 }],
};

describe('join token', () => {
  it('says after the trip as text what it said before', () => {
    fc.assert(
      fc.property(tokens, (any) => {
        const text = formatJoinToken(any);
        expect(text).toMatch(/^hf1\.[A-Za-z0-9_-]+$/);
        expect(parseJoinToken(text)).toEqual(any);
      }),
    );
  });

  it('may be broken over lines by a terminal', () => {
    const text = formatJoinToken(token);
    expect(parseJoinToken(`  ${text.slice(0, 40)}\n  ${text.slice(40)}\r\n`)).toEqual(token);
  });

  it('is seen to be mistyped, whichever character is wrong', () => {
    const text = formatJoinToken(token);
    for (let at = 4; at < text.length; at += 1) {
      for (const wrong of ['A', 'z', '_', '*', 'é']) {
        if (text[at] === wrong) continue;
        const mistyped = text.slice(0, at) + wrong + text.slice(at + 1);
        expect(parseJoinToken(mistyped)).toBe('mistyped');
      }
    }
  });

  it('is seen to be cut off or doubled', () => {
    const text = formatJoinToken(token);
    for (let length = 4; length < text.length; length += 1) {
      expect(parseJoinToken(text.slice(0, length))).toBe('mistyped');
    }
    expect(parseJoinToken(text + text)).toBe('mistyped');
  });

  it.each([
    ['', 'not-a-token'],
    ['hello', 'not-a-token'],
    ['hf2.AAAA', 'other-version'],
    ['x'.repeat(100_000), 'not-a-token'],
  ])('is told from other texts (%#)', (text, problem) => {
    expect(parseJoinToken(text)).toBe(problem);
  });

  it.each([
    { host: '300.1.1.1', port: 1 },
    { host: 'bad host', port: 1 },
    { host: '$(id)', port: 1 },
    { host: 'a', port: 0 },
    { host: 'a', port: 65536 },
  ])('with an address that is none is malformed: $host:$port', (address) => {
    const text = formatJoinToken({ ...token, addresses: [address] });
    expect(parseJoinToken(text)).toBe('malformed');
  });

  it('never makes the reader throw', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof parseJoinToken(`hf1.${text}`)).toMatch(/string|object/);
      }),
    );
  });

  it('has a sentence for each problem', () => {
    expect(joinTokenAdvice('mistyped')).toContain('copy the whole line again');
  });
});
