import { isIPv4, isIPv6 } from 'node:net';
import { crc32 } from 'node:zlib';
import { assert } from '../../base/assert.ts';

/** What an administrator carries from a member to the machine that is to join. Works once and not for long. */
export interface JoinToken {
  /** SHA-256 of the authority's certificate (DER), as 64 hexadecimal digits: whom the newcomer may trust. */
  readonly authority: string;
  /** 16 random bytes as 32 hexadecimal digits: by which the members know that the newcomer was invited. */
  readonly secret: string;
  /** End of validity by the wall clock, in ms since 1970 (whole seconds). */
  readonly expiresAtMs: number;
  /** Where members listen. */
  readonly addresses: readonly JoinAddress[];
}

export interface JoinAddress {
  /** Numeric, or a host name. */
  readonly host: string;
  readonly port: number;
}

export type JoinTokenProblem =
  /** It does not begin like a token. */
  | 'not-a-token'
  /** It begins like the token of another version. */
  | 'other-version'
  /** A character is wrong or missing: the checksum does not fit. */
  | 'mistyped'
  /** The checksum fits, but what it says makes no sense. */
  | 'malformed';

const prefix = 'hf1.';
const authorityBytes = 32;
const secretBytes = 16;
const expiryOffset = authorityBytes + secretBytes;
const addressOffset = expiryOffset + 6;
const checksumBytes = 4;
const textMax = 4096;

/**
 * The token as text: `hf1.` and base64url of
 * fingerprint 32 | secret 16 | expiry in s 6 | addresses `HOST:PORT,…` | CRC-32 of all before 4.
 */
export function formatJoinToken(token: JoinToken): string {
  const { authority, secret, expiresAtMs, addresses } = token;
  assert(/^[0-9a-f]{64}$/.test(authority) && /^[0-9a-f]{32}$/.test(secret), 'parts of a token');
  const list = Buffer.from(addresses.map(formatAddress).join(','), 'latin1');
  const bytes = Buffer.alloc(addressOffset + list.length + checksumBytes);
  bytes.write(authority, 0, 'hex');
  bytes.write(secret, authorityBytes, 'hex');
  bytes.writeUIntBE(Math.floor(expiresAtMs / 1000), expiryOffset, 6);
  list.copy(bytes, addressOffset);
  const end = addressOffset + list.length;
  bytes.writeUInt32BE(crc32(bytes.subarray(0, end)), end);
  return prefix + bytes.toString('base64url');
}

/** Reads a token as it was pasted, or says what is wrong. White space in it is forgiven, nothing else. */
export function parseJoinToken(text: string): JoinToken | JoinTokenProblem {
  if (text.length > textMax) return 'not-a-token';
  const packed = text.replace(/\s+/g, '');
  if (!packed.startsWith(prefix)) return /^hf\d+\./.test(packed) ? 'other-version' : 'not-a-token';
  const encoded = packed.slice(prefix.length);
  const bytes = Buffer.from(encoded, 'base64url');
  const end = bytes.length - checksumBytes;
  // Buffer skips what is not base64url: only a text that comes out the same again was well-formed.
  const sound = end > addressOffset && bytes.toString('base64url') === encoded;
  if (!sound || bytes.readUInt32BE(end) !== crc32(bytes.subarray(0, end))) return 'mistyped';
  const addresses = bytes.toString('latin1', addressOffset, end).split(',').map(parseAddress);
  if (!addresses.every((address) => address !== undefined)) return 'malformed';
  return {
    authority: bytes.toString('hex', 0, authorityBytes),
    secret: bytes.toString('hex', authorityBytes, expiryOffset),
    expiresAtMs: bytes.readUIntBE(expiryOffset, 6) * 1000,
    addresses,
  };
}

/** The sentence for a person who pasted the token. */
export function joinTokenAdvice(problem: JoinTokenProblem): string {
  return advice[problem];
}

const advice: Readonly<Record<JoinTokenProblem, string>> = {
  'not-a-token': 'this is not a join token: a token begins with "hf1."',
  'other-version':
    'this token is of another version of holdfast: install the version of the cluster',
  mistyped: 'the token is mistyped or cut off: copy the whole line again',
  malformed: 'the token is damaged: make a new one',
};

function formatAddress({ host, port }: JoinAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseAddress(text: string): JoinAddress | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})$/.exec(text);
  const [, six, other, digits] = parts ?? [];
  const port = Number(digits);
  const host = six ?? other;
  if (host === undefined || !(port > 0 && port < 65536)) return undefined;
  if (six !== undefined && !isIPv6(six)) return undefined;
  return /^[0-9.]+$/.test(host) && !isIPv4(host) ? undefined : { host, port };
}
