import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { assert } from '../../base/assert.ts';

/*
 * A sealed datagram: header 24 | AES-256-GCM of the plain text | tag 16. The header is authenticated too:
 *
 *   magic 2 | version 1 | link 1 | cluster tag 4 | generation 2 | receiver 2 | sender 2 | run 4 | counter 6
 *
 * Its last 12 bytes (sender, run, counter) are the nonce: a run never comes back, and the counter grows with every
 * datagram of a run whatever its link and receiver, so that no nonce is used twice under one key.
 */

const magic = 0x4846;
const version = 1;
const algorithm = 'aes-256-gcm';
const tagBytes = 16;
const nonceOffset = 12;
const gcmOptions = { authTagLength: tagBytes } as const;

export const headerBytes = 24;
/** What sealing adds to a plain text. */
export const sealBytes: number = headerBytes + tagBytes;
/** Larger datagrams are neither sent nor read: they would not fit the smallest MTU of IPv6. */
export const datagramBytesMax = 1232;

/** One generation of the cluster's datagram secret; a new one comes whenever a node is removed. */
export interface DatagramKey {
  /** 0 … 65535, grows with every rotation. */
  readonly generation: number;
  readonly key: KeyObject;
}

/** Derives the key that seals datagrams from a generation's secret (at least 32 random bytes). */
export function datagramKey(
  clusterUuid: string,
  generation: number,
  secret: Uint8Array,
): DatagramKey {
  assert(secret.length >= 32, 'datagram secret is too short');
  assert(Number.isInteger(generation) && generation >= 0 && generation < 0x1_0000, 'generation');
  const info = `holdfast datagram ${generation}`;
  const bytes = Buffer.from(hkdfSync('sha256', secret, clusterUuid, info, 32));
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return { generation, key };
}

/** A short mark by which datagrams of another cluster are told apart, before any key is tried. */
export function clusterTag(clusterUuid: string): number {
  return createHash('sha256').update(clusterUuid).digest().readUInt32BE(0);
}

/** The header of a datagram. */
export interface DatagramHeader {
  link: number;
  clusterTag: number;
  generation: number;
  receiver: number;
  sender: number;
  run: number;
  counter: number;
}

/** Writes a header to the first 24 bytes of `out`. */
export function writeHeader(header: Readonly<DatagramHeader>, out: Buffer): void {
  out.writeUInt16BE(magic, 0);
  out[2] = version;
  out[3] = header.link;
  out.writeUInt32BE(header.clusterTag, 4);
  out.writeUInt16BE(header.generation, 8);
  out.writeUInt16BE(header.receiver, 10);
  out.writeUInt16BE(header.sender, 12);
  out.writeUInt32BE(header.run, 14);
  out.writeUIntBE(header.counter, 18, 6);
}

/** Reads a header into `header`; false where the bytes are no datagram of this version. */
export function readHeader(datagram: Buffer, header: DatagramHeader): boolean {
  if (datagram.length <= sealBytes || datagram.length > datagramBytesMax) return false;
  if (datagram.readUInt16BE(0) !== magic || datagram[2] !== version) return false;
  header.link = datagram[3] ?? 0;
  header.clusterTag = datagram.readUInt32BE(4);
  header.generation = datagram.readUInt16BE(8);
  header.receiver = datagram.readUInt16BE(10);
  header.sender = datagram.readUInt16BE(12);
  header.run = datagram.readUInt32BE(14);
  header.counter = datagram.readUIntBE(18, 6);
  return true;
}

/** Seals `plain` behind the header that `out` begins with; returns the length of the whole datagram. */
export function seal(key: KeyObject, plain: Buffer, out: Buffer): number {
  const nonce = out.subarray(nonceOffset, headerBytes);
  const cipher = createCipheriv(algorithm, key, nonce, gcmOptions);
  cipher.setAAD(out.subarray(0, headerBytes));
  cipher.update(plain).copy(out, headerBytes);
  cipher.final();
  cipher.getAuthTag().copy(out, headerBytes + plain.length);
  return sealBytes + plain.length;
}

/** The plain text of a datagram, or undefined where key, header or bytes are not those that were sealed. */
export function open(key: KeyObject, datagram: Buffer): Buffer | undefined {
  const end = datagram.length - tagBytes;
  const nonce = datagram.subarray(nonceOffset, headerBytes);
  const decipher = createDecipheriv(algorithm, key, nonce, gcmOptions);
  decipher.setAAD(datagram.subarray(0, headerBytes));
  decipher.setAuthTag(datagram.subarray(end));
  const plain = decipher.update(datagram.subarray(headerBytes, end));
  try {
    decipher.final();
    return plain;
  } catch {
    return undefined; // The only failure of `final` here is a tag that does not fit.
  }
}
