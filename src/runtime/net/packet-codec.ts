import { assert } from '../../base/assert.ts';
import type {
  AckPacket,
  AckRefusal,
  HeartbeatPacket,
  Packet,
} from '../../core/membership/packet.ts';
import { isName, type NodeId, nodeId } from '../../model/ids.ts';
import type { NodeNumbers } from './node-numbers.ts';

/*
 * The plain text inside a sealed datagram: big-endian, fixed layout, no optional bytes.
 *
 *   heartbeat: version 1 | kind 1 | flags 1 | incarnation 6 | run 4 | sequence 6 | configuration 6
 *              | peer run 4 | round trip in µs 4 | count 2 | count × node number 2
 *   ack:       version 1 | kind 1 | refusal 1 | incarnation 6 | run 4 | sequence 6 | configuration 6
 *              | voter's run 4 | grant in µs 4
 *              and with `newer-configuration`: configuration 6 | count 1 | count × (length 1, name)
 *
 * The voters of a newer set travel by name: whoever needs them may not know their numbers yet.
 */

const version = 1;
const heartbeatKind = 1;
const ackKind = 2;
const agentFlag = 1;
const rttFlag = 2;
const calmFlag = 4;
const heartbeatBytes = 35;
const ackBytes = 33;
const uint32Max = 0xffff_ffff;
const refusalKinds = [
  'not-voter',
  'promised',
  'lost',
  'newer-configuration',
  'starting',
  'unheard',
] as const;

/** Most voters that a refusal can name; a cluster has at most 7. */
const votersMax = 15;

/** Why a plain text is no packet. */
export type PacketProblem =
  | 'truncated'
  | 'trailing-bytes'
  | 'unknown-version'
  | 'unknown-kind'
  | 'bad-value';

/** The longest plain text that `encodePacket` can write for a cluster of `nodes` nodes, in bytes. */
export function packetBytesMax(nodes: number): number {
  return Math.max(heartbeatBytes + 2 * nodes, ackBytes + 7 + votersMax * 65);
}

/** Writes a packet to `out` from `offset` on and returns the offset behind it. The room must suffice. */
export function encodePacket(
  packet: Packet,
  numbers: NodeNumbers,
  out: Buffer,
  offset: number,
): number {
  out[offset] = version;
  return packet.kind === 'heartbeat'
    ? encodeHeartbeat(packet, numbers, out, offset)
    : encodeAck(packet, out, offset);
}

function encodeHeartbeat(
  packet: HeartbeatPacket,
  numbers: NodeNumbers,
  out: Buffer,
  offset: number,
): number {
  out[offset + 1] = heartbeatKind;
  out[offset + 2] =
    (packet.agent ? agentFlag : 0) |
    (packet.rttMs === undefined ? 0 : rttFlag) |
    (packet.calm ? calmFlag : 0);
  encodeNames(packet, out, offset + 3);
  out.writeUInt32BE(packet.peerRun, offset + 25);
  out.writeUInt32BE(toMicroseconds(packet.rttMs ?? 0), offset + 29);
  let at = offset + heartbeatBytes;
  let count = 0;
  for (const node of packet.hears) {
    const number = numbers.numberOf(node);
    if (number === undefined) continue; // Just removed: nobody needs to know that it is heard.
    out.writeUInt16BE(number, at);
    at += 2;
    count += 1;
  }
  out.writeUInt16BE(count, offset + 33);
  return at;
}

/** What R1 makes common to heartbeat and ack. */
function encodeNames(packet: Packet, out: Buffer, offset: number): void {
  out.writeUIntBE(packet.incarnation, offset, 6);
  out.writeUInt32BE(packet.run, offset + 6);
  out.writeUIntBE(packet.sequence, offset + 10, 6);
  out.writeUIntBE(packet.configuration, offset + 16, 6);
}

function encodeAck(packet: AckPacket, out: Buffer, offset: number): number {
  const { refusal } = packet;
  out[offset + 1] = ackKind;
  out[offset + 2] = refusal === undefined ? 0 : refusalKinds.indexOf(refusal.kind) + 1;
  encodeNames(packet, out, offset + 3);
  out.writeUInt32BE(packet.voterRun, offset + 25);
  out.writeUInt32BE(toMicroseconds(packet.grantMs), offset + 29);
  const at = offset + ackBytes;
  return refusal?.kind === 'newer-configuration' ? encodeVoters(refusal, out, at) : at;
}

function encodeVoters(
  refusal: AckRefusal & { readonly kind: 'newer-configuration' },
  out: Buffer,
  offset: number,
): number {
  assert(refusal.voters.length <= votersMax, 'too many voters for a refusal');
  out.writeUIntBE(refusal.configuration, offset, 6);
  out[offset + 6] = refusal.voters.length;
  let at = offset + 7;
  for (const voter of refusal.voters) {
    out[at] = out.write(voter, at + 1, 'latin1');
    at += voter.length + 1;
  }
  return at;
}

/**
 * Rounds down: a grant must not be longer at its holder than at the voter that gave it. The nanosecond added makes up
 * for what the multiplication loses, so that whole microseconds stay what they are.
 */
function toMicroseconds(ms: number): number {
  return Math.min(uint32Max, Math.max(0, Math.floor(ms * 1000 + 0.001)));
}

/** Reads the packet that fills `plain` exactly. Never throws, whatever the bytes are. */
export function decodePacket(plain: Buffer, numbers: NodeNumbers): Packet | PacketProblem {
  if (plain.length < 3) return 'truncated';
  if (plain[0] !== version) return 'unknown-version';
  if (plain[1] === heartbeatKind) return decodeHeartbeat(plain, numbers);
  if (plain[1] === ackKind) return decodeAck(plain);
  return 'unknown-kind';
}

function decodeHeartbeat(plain: Buffer, numbers: NodeNumbers): HeartbeatPacket | PacketProblem {
  if (plain.length < heartbeatBytes) return 'truncated';
  const flags = plain[2] ?? 0;
  if (flags > (agentFlag | rttFlag | calmFlag)) return 'bad-value';
  const length = heartbeatBytes + 2 * plain.readUInt16BE(33);
  if (plain.length !== length) return plain.length < length ? 'truncated' : 'trailing-bytes';
  const hears: NodeId[] = [];
  for (let at = heartbeatBytes; at < length; at += 2) {
    const node = numbers.nameOf(plain.readUInt16BE(at));
    if (node !== undefined) hears.push(node); // An unknown one joined just now: not an error.
  }
  return {
    kind: 'heartbeat',
    incarnation: plain.readUIntBE(3, 6),
    run: plain.readUInt32BE(9),
    sequence: plain.readUIntBE(13, 6),
    configuration: plain.readUIntBE(19, 6),
    peerRun: plain.readUInt32BE(25),
    hears,
    agent: (flags & agentFlag) !== 0,
    rttMs: (flags & rttFlag) === 0 ? undefined : plain.readUInt32BE(29) / 1000,
    calm: (flags & calmFlag) !== 0,
  };
}

function decodeAck(plain: Buffer): AckPacket | PacketProblem {
  if (plain.length < ackBytes) return 'truncated';
  const refusal = decodeRefusal(plain);
  if (typeof refusal === 'string') return refusal;
  return {
    kind: 'ack',
    incarnation: plain.readUIntBE(3, 6),
    run: plain.readUInt32BE(9),
    sequence: plain.readUIntBE(13, 6),
    configuration: plain.readUIntBE(19, 6),
    voterRun: plain.readUInt32BE(25),
    grantMs: plain.readUInt32BE(29) / 1000,
    refusal,
  };
}

function decodeRefusal(plain: Buffer): AckRefusal | undefined | PacketProblem {
  const code = plain[2] ?? 0;
  const kind = refusalKinds[code - 1];
  if (kind === 'newer-configuration') return decodeVoters(plain);
  if (plain.length > ackBytes) return 'trailing-bytes';
  if (kind !== undefined) return { kind };
  return code === 0 ? undefined : 'bad-value';
}

function decodeVoters(plain: Buffer): AckRefusal | PacketProblem {
  if (plain.length < ackBytes + 7) return 'truncated';
  const count = plain[ackBytes + 6] ?? 0;
  if (count > votersMax) return 'bad-value';
  const voters: NodeId[] = [];
  let at = ackBytes + 7;
  for (let i = 0; i < count; i += 1) {
    const end = at + 1 + (plain[at] ?? 0);
    if (at >= plain.length || end > plain.length) return 'truncated';
    const name = plain.toString('latin1', at + 1, end);
    if (!isName(name)) return 'bad-value';
    voters.push(nodeId(name));
    at = end;
  }
  if (at < plain.length) return 'trailing-bytes';
  return { kind: 'newer-configuration', configuration: plain.readUIntBE(ackBytes, 6), voters };
}
