import type { LinkId, NodeId } from '../../model/ids.ts';
import type { NodeCredentials } from '../pki/node-credentials.ts';

/** This node's end of one link, for streams. */
export interface StreamLink {
  readonly link: LinkId;
  /** Numeric address of this node on the link. */
  readonly host: string;
  readonly port: number;
}

/** A member of the cluster, as the agent knows it. */
export interface StreamMember {
  readonly node: NodeId;
  /**
   * SHA-256 of the certificates that count, as hexadecimal digits: a node that was removed and joined again under
   * the same name must not be reached with its old one. Absent: each that the authority signed.
   */
  readonly fingerprints?: readonly string[];
  /** In the order in which links are preferred. */
  readonly addresses: readonly StreamLink[];
}

/** Why the other end of a stream was refused. */
export type StreamRefusal = (typeof streamRefusals)[number];

export const streamRefusals = [
  'no-certificate',
  /** Not signed by this cluster's authority, or not for this use. */
  'foreign-authority',
  'certificate-expired',
  /** Its beginning lies ahead: a clock is wrong. */
  'certificate-not-yet-valid',
  /** It names no node. */
  'no-identity',
  'other-cluster',
  /** It names a node that is no member (any more). */
  'not-a-member',
  /** It names a member that has got another certificate since. */
  'certificate-replaced',
  /** It names this node itself: a copy of this machine, or a wrong address. */
  'own-identity',
  /** It names another member than the one that was called. */
  'wrong-peer',
  /** It speaks another protocol, or another version. */
  'wrong-protocol',
] as const;

export interface StreamRefused {
  readonly refusal: StreamRefusal;
  /** The member that was called; undefined where the other end called. */
  readonly called: NodeId | undefined;
  /** The name in the certificate, where there is one. Not proven except with `own-identity` and what follows it. */
  readonly claimed: NodeId | undefined;
  readonly link: LinkId;
  readonly host: string;
}

/** Why a stream ended. */
export type StreamEnd =
  /** The other end closed it, or its process ended. */
  | 'closed'
  /** The link that it used is down. */
  | 'link-down'
  /** Nothing came for too long, not even an answer to a ping. */
  | 'silent'
  /** The other end does not read: too much waits for it. */
  | 'too-slow'
  /** What came was no message, or too large. */
  | 'malformed'
  /** The other end is no member any more, or its certificate does not count any more. */
  | 'removed'
  /** The peer refused this node. */
  | 'refused'
  /** A connection error. */
  | 'failed'
  /** Another connection to the same peer took its place. */
  | 'replaced'
  /** Closed here, because this node ends. */
  | 'shutdown';

export interface StreamCounters {
  dialled: number;
  dialFailed: number;
  accepted: number;
  messagesSent: number;
  messagesReceived: number;
  /** To a peer without a stream, or too large. */
  messagesDropped: number;
  joinRequests: number;
  handshakeFailed: number;
  bindFailed: number;
  readonly ended: Partial<Record<StreamEnd, number>>;
  readonly refused: Partial<Record<StreamRefusal, number>>;
  /** What peers said of this node. */
  readonly refusedByPeer: Partial<Record<StreamRefusal, number>>;
}

/** Times in ms and sizes in bytes; the defaults fit a cluster in one building or in several. */
export interface StreamLimits {
  /** TCP and TLS together. */
  readonly dialMs: number;
  /** Between two attempts: doubles from the first to the second, each shortened by chance by up to a half. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** After the peer refused this node: nothing will change soon. */
  readonly refusedRetryMs: number;
  /** How long the node with the greater name leaves the first attempt to the other. */
  readonly yieldMs: number;
  /** A better link must have been up and better for this long before a stream moves to it. */
  readonly settleMs: number;
  /** A quiet stream is pinged after this time … */
  readonly pingAfterMs: number;
  /** … and cut after this. */
  readonly silenceMaxMs: number;
  readonly messageBytesMax: number;
  /** What may wait in one stream. */
  readonly queuedBytesMax: number;
  /** Between two attempts to listen on an address that is missing. */
  readonly rebindMs: number;
}

export const defaultStreamLimits: StreamLimits = {
  dialMs: 3000,
  retryMinMs: 50,
  retryMaxMs: 1000,
  refusedRetryMs: 5000,
  yieldMs: 500,
  settleMs: 10_000,
  pingAfterMs: 2000,
  silenceMaxMs: 6000,
  messageBytesMax: 8 << 20,
  queuedBytesMax: 32 << 20,
  rebindMs: 250,
};

export interface StreamCallbacks {
  /** A JSON value from a member; what it says is still to be checked. */
  readonly onMessage: (peer: NodeId, message: unknown) => void;
  /** A stream is there, or moved to another link: what was on its way may be lost, doubled or late. */
  readonly onUp: (peer: NodeId, link: LinkId) => void;
  /** No stream is there any more; a new one is tried. */
  readonly onDown: (peer: NodeId, end: StreamEnd) => void;
  readonly onRefused: (refused: StreamRefused) => void;
  /** The peer said why it does not talk to this node. */
  readonly onRefusedByPeer: (peer: NodeId, refusal: StreamRefusal) => void;
  /** A newcomer without a certificate asks to join; nothing that it says is proven. Answered once, or not at all. */
  readonly onJoin: (request: unknown, host: string, answer: (reply: unknown) => void) => void;
}

export interface StreamsSettings extends StreamCallbacks {
  readonly self: NodeId;
  readonly clusterUuid: string;
  readonly links: readonly StreamLink[];
  readonly credentials: NodeCredentials;
  readonly limits?: Partial<StreamLimits>;
}

/** What a stream between members speaks, and what a newcomer may speak (ALPN). */
export const streamProtocol = 'holdfast/1';
export const joinProtocol = 'holdfast-join/1';

export const joinBytesMax = 65_536;
export const joinMs = 10_000;

/** Types of frames. */
export const frameType = {
  message: 1,
  ping: 2,
  pong: 3,
  /** From the end that was called: you may stay. */
  welcome: 4,
  /** From the end that was called: you may not, and why. */
  refused: 5,
  /** From the node with the smaller name: this is the connection that both use from now on. */
  use: 6,
  joinRequest: 7,
  joinReply: 8,
} as const;
