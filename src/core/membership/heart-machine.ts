import type { Instant } from '../../base/instant.ts';
import type { Prng } from '../../base/prng.ts';
import type { InstanceId, LinkId, NodeId } from '../../model/ids.ts';
import type { AgentToHeart, HeartToAgent, HeldAddress } from './heart-protocol.ts';
import type { ConfigurationIndex, Incarnation, Packet } from './packet.ts';

/** What the heart process is told. */
export type HeartInput =
  | { readonly kind: 'wake' }
  | {
      readonly kind: 'packet';
      readonly from: NodeId;
      readonly link: LinkId;
      readonly packet: Packet;
    }
  | { readonly kind: 'agent'; readonly message: AgentToHeart }
  /** The agent's channel is there, or is gone (its process ended or was killed). */
  | { readonly kind: 'agent-up' }
  | { readonly kind: 'agent-down' }
  /** How far an asked put-down has come: what of the incarnation is still there. */
  | {
      readonly kind: 'put-down-progress';
      readonly incarnation: Incarnation;
      readonly left: readonly string[];
    }
  | { readonly kind: 'address-done'; readonly request: number; readonly error: string | undefined };

/** What the heart process must do, in this order. */
export type HeartEffect =
  | { readonly kind: 'send'; readonly to: NodeId; readonly link: LinkId; readonly packet: Packet }
  | { readonly kind: 'agent'; readonly message: HeartToAgent }
  | { readonly kind: 'start-agent' }
  | { readonly kind: 'kill-agent' }
  /** Makes the object in which operations of the incarnation run (R11); it may be there from the run before. */
  | { readonly kind: 'open-gate'; readonly incarnation: Incarnation }
  /**
   * Shuts the gate: nothing new can enter it; takes the held addresses away and signals what runs. Answered by
   * put-down-progress, again whenever asked, until nothing is left. Repeated with the same signal it only asks for
   * progress: 'term' need not be sent twice.
   */
  | {
      readonly kind: 'put-down';
      readonly incarnation: Incarnation;
      readonly signal: 'term' | 'kill';
      readonly controlGroups: readonly string[];
      readonly addresses: readonly HeldAddress[];
    }
  | { readonly kind: 'set-address'; readonly request: number; readonly held: HeldAddress }
  | { readonly kind: 'remove-address'; readonly request: number; readonly held: HeldAddress }
  /** Gives the held addresses a new kernel lifetime. */
  | { readonly kind: 'renew-addresses'; readonly held: readonly HeldAddress[] }
  /** Keeps this where the next run of the heart on this boot finds it (memory, no disk). */
  | { readonly kind: 'remember'; readonly memory: HeartMemory }
  | { readonly kind: 'feed-watchdog' }
  /** Not everything could be put down in time: the host resets itself. */
  | { readonly kind: 'reset-host'; readonly reason: string }
  | { readonly kind: 'note'; readonly note: HeartNote };

/** What survives a crash of the heart within one boot of the host. */
export interface HeartMemory {
  readonly incarnation: Incarnation;
  /** End of the lease as last known: a later run may rely on it, for a lease once gained stands to its end (R2). */
  readonly leaseUntil: Instant | undefined;
  readonly selfStopMs: number;
  readonly gateOpen: boolean;
  readonly addresses: readonly HeldAddress[];
  readonly guards: readonly {
    readonly instance: InstanceId;
    readonly controlGroups: readonly string[];
  }[];
  /** The gate opens no more for incarnations up to this one: their node has asked to join anew (R12). */
  readonly retired: Incarnation;
  /** What the agent said last, so that heartbeats go on before the next agent is there; undefined if nothing. */
  readonly configure: (AgentToHeart & { readonly kind: 'configure' }) | undefined;
  readonly voters: (AgentToHeart & { readonly kind: 'voters' }) | undefined;
}

/** Typed events for the log, and coverage marks for the tests. */
export type HeartNote =
  | { readonly kind: 'link-up' | 'link-down'; readonly peer: NodeId; readonly link: LinkId }
  | { readonly kind: 'peer-heard' | 'peer-silent'; readonly peer: NodeId }
  | { readonly kind: 'lease-gained' | 'lease-ended'; readonly incarnation: Incarnation }
  | {
      readonly kind: 'promised' | 'promise-released';
      readonly peer: NodeId;
      readonly incarnation: Incarnation;
    }
  | { readonly kind: 'put-down'; readonly incarnation: Incarnation; readonly tookMs: number }
  | { readonly kind: 'voters-adopted'; readonly configuration: ConfigurationIndex }
  | { readonly kind: 'stalled'; readonly forMs: number }
  | { readonly kind: 'agent-started' | 'agent-down' | 'agent-hung' | 'agent-given-up' };

/** What a heart is made of at its start. */
export interface HeartStart {
  readonly self: NodeId;
  readonly run: number;
  readonly memory: HeartMemory | undefined;
  readonly now: Instant;
  readonly prng: Prng;
}
