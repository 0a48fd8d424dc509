import { canonicalJson } from '../../base/canonical-json.ts';
import type { Instant } from '../../base/instant.ts';
import { defaultOptions } from '../../model/config.ts';
import { isExclusive, type NodeId } from '../../model/ids.ts';
import type { GuardEntry, HeartPeer, HeartTiming } from '../membership/heart-protocol.ts';
import { marginMs } from '../membership/margin.ts';
import type { NodeContext } from './context.ts';
import { DetectionMemory } from './detection-memory.ts';
import type { PeerAddress } from './node-io.ts';
import type { OwnMembership } from './own-membership.ts';

/** So many rounds of heartbeats fit into the shortest lease time: it survives the loss of some in a row. */
const ROUNDS_PER_LEASE = 4;

/** Tells the heart what it must know of the applied state, each thing when it changes. */
export class HeartLink {
  /** R8: the voter acks nothing before the log is applied up to here. */
  readonly #floor: number;
  #said = new Map<string, string>();
  #guardVersion = 0;
  #guarded = 0;
  readonly #detection: DetectionMemory;

  constructor(floor: number, detectMaxMs: number) {
    this.#floor = floor;
    this.#detection = new DetectionMemory(detectMaxMs);
  }

  deadline(): Instant | undefined {
    return this.#detection.deadline();
  }

  wake(context: NodeContext): void {
    this.#detection.wake(context);
  }

  /** A new heart, or this one's channel anew: it knows nothing yet. */
  reset(): void {
    this.#said.clear();
    this.#guardVersion = 0;
    this.#guarded = 0;
  }

  /** Whether the heart knows how to put down everything that could run by now. */
  get isGuarded(): boolean {
    return this.#guardVersion === this.#guarded;
  }

  guarded(version: number): void {
    this.#guarded = Math.max(this.#guarded, version);
  }

  /** Says what has changed since it was said last. */
  tell(peers: readonly PeerAddress[], membership: OwnMembership, context: NodeContext): void {
    this.#tellDetection(peers, context);
    this.#tellVoters(context);
    const members = membership.facts(context);
    this.#sayOnce('applied', { reached: context.state.index >= this.#floor, members }, () =>
      context.toHeart({ kind: 'applied', index: context.state.index, members }),
    );
    const entries = guardEntries(context);
    this.#sayOnce('guard', entries, () => {
      this.#guardVersion += 1;
      context.toHeart({ kind: 'guard', version: this.#guardVersion, entries });
    });
  }

  /** R8: a heart that starts hears first of the greatest Dmax of late, and of the present one after that. */
  #tellDetection(peers: readonly PeerAddress[], context: NodeContext): void {
    const { detectMaxMs } = context.state.config?.options ?? defaultOptions;
    if (!this.#detection.allows(detectMaxMs, context)) return;
    const { greatestMs } = this.#detection;
    if (!this.#said.has('configure') && greatestMs > detectMaxMs) {
      this.#tellConfigure(peers, greatestMs, context);
    }
    this.#tellConfigure(peers, detectMaxMs, context);
    this.#detection.told(detectMaxMs, context.now);
  }

  #tellConfigure(peers: readonly PeerAddress[], detectMaxMs: number, context: NodeContext): void {
    const options = context.state.config?.options ?? defaultOptions;
    const others: readonly HeartPeer[] = peers
      .filter((peer) => peer.node !== context.self)
      .map(({ node, addresses }) => ({ node, addresses }));
    const own = context.state.member(context.self);
    const timing: HeartTiming = {
      intervalMs: Math.round(options.detectMinMs / ROUNDS_PER_LEASE),
      detectMinMs: options.detectMinMs,
      detectMaxMs,
      // R7: as recorded with the join; it does not change within an incarnation.
      selfStopMs: own?.presence === 'joined' ? own.selfStopMs : options.selfStopMs,
      marginMs: marginMs(detectMaxMs, options.selfStopMs),
      agentGraceMs: options.agentGraceMs,
    };
    const { onLeaseLost } = options;
    this.#sayOnce('configure', { others, timing, onLeaseLost }, () =>
      context.toHeart({ kind: 'configure', peers: others, timing, onLeaseLost }),
    );
  }

  #tellVoters(context: NodeContext): void {
    const status = context.raft.status(context.now);
    if (status.configurationIndex > status.applied || status.configuration.voters.length === 0) {
      return;
    }
    const { configurationIndex: configuration } = status;
    const { voters } = status.configuration;
    this.#sayOnce('voters', { configuration, voters }, () =>
      context.toHeart({ kind: 'voters', configuration, voters }),
    );
  }

  #sayOnce(what: string, value: unknown, say: () => void): void {
    const text = canonicalJson(value);
    if (this.#said.get(what) === text) return;
    this.#said.set(what, text);
    say();
  }
}

/** What lies outside the gate's own control group but must be put down with it: systemd units. */
function guardEntries(context: NodeContext): readonly GuardEntry[] {
  const { state, self } = context;
  const isHere = (node: NodeId): boolean => node === self;
  const instances = new Set([
    ...state
      .facts()
      .instances.filter((item) => isHere(item.node) && item.assignment !== undefined)
      .map((item) => item.instance),
    ...state
      .facts()
      .orders.filter((item) => isHere(item.node) && item.action === 'start')
      .map((item) => item.instance),
  ]);
  return [...instances].filter(isExclusive).flatMap((instance) => {
    const agent = state.definition(instance, self)?.agent;
    if (agent?.kind !== 'systemd') return [];
    return [{ instance, controlGroups: [`unit:${agent.unit}`] }];
  });
}
