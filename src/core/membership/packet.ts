import type { LinkId, NodeId } from '../../model/ids.ts';

/**
 * Number of one admission of a node to the cluster: the log index of its join entry, so it only grows.
 * 0 stands for a node that is not (or not yet again) a member.
 */
export type Incarnation = number;

/** Log index of the entry that brought a voter set into force (R14). */
export type ConfigurationIndex = number;

/** What hearts send each other: one small datagram, sealed by the runtime. */
export type Packet = HeartbeatPacket | AckPacket;

/** "I am here": sent to every peer on every link, always. */
export interface HeartbeatPacket {
  readonly kind: 'heartbeat';
  /** The sender's incarnation by its own applied log; 0 where it has none. */
  readonly incarnation: Incarnation;
  /** Number of this run of the sender's heart: grows with every start. */
  readonly run: number;
  /** Grows by one with every round of heartbeats of this run; the same on all links and to all peers. */
  readonly sequence: number;
  /** The newest voter set that the sender knows (R14). */
  readonly configuration: ConfigurationIndex;
  /** The receiver's run as last heard, 0 if never: a packet that does not name it may be a replay. */
  readonly peerRun: number;
  /** Whom the sender hears at present, on any link. */
  readonly hears: readonly NodeId[];
  /** Whether the sender's agent works: a node without one stays a member for a bounded time only. */
  readonly agent: boolean;
  /** Round-trip time to the receiver on this link as last measured, in ms; undefined before the first. */
  readonly rttMs: number | undefined;
  /** Whether one answer to this round is enough: the copies that come after the first need none. */
  readonly calm: boolean;
}

/** A voter's answer to one heartbeat, on the link by which it came. */
export interface AckPacket {
  readonly kind: 'ack';
  /** These four come back as the heartbeat had them (R1). */
  readonly incarnation: Incarnation;
  readonly run: number;
  readonly sequence: number;
  readonly configuration: ConfigurationIndex;
  /** The voter's own run, as in its heartbeats. */
  readonly voterRun: number;
  /** Lease time granted from the moment the heartbeat was sent, in ms; 0 for an answer that grants nothing. */
  readonly grantMs: number;
  /** Why nothing is granted (R3); undefined with a grant. */
  readonly refusal: AckRefusal | undefined;
}

export type AckRefusal =
  /** This node is no voter in its newest set; the ack only measures the link. */
  | { readonly kind: 'not-voter' }
  /** Promised away (R4): a missing ack, no more (R9). */
  | { readonly kind: 'promised' }
  /** The applied log says that this incarnation is lost or has a successor. */
  | { readonly kind: 'lost' }
  /** The heartbeat's set is older than the applied one; the newer set comes along (R14). */
  | {
      readonly kind: 'newer-configuration';
      readonly configuration: ConfigurationIndex;
      readonly voters: readonly NodeId[];
    }
  /** The voter's heart has just started and its log is not yet applied up to its floor (R8). */
  | { readonly kind: 'starting' }
  /** The sender has not heard this voter for long: a grant would not reach it, only put off its loss. */
  | { readonly kind: 'unheard' };

/** One direction of one cable: a peer as reached over one link. */
export interface Path {
  readonly peer: NodeId;
  readonly link: LinkId;
}
