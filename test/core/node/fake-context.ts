import { type Instant, instant } from '../../../src/base/instant.ts';
import type { HeartView, PeerView } from '../../../src/core/membership/heart-protocol.ts';
import type { NodeContext } from '../../../src/core/node/context.ts';
import type { NodeEffect } from '../../../src/core/node/node-io.ts';
import type { PeerMessage } from '../../../src/core/node/peer-message.ts';
import type { ClusterState } from '../../../src/core/store/cluster-state.ts';
import type { NodeId } from '../../../src/model/ids.ts';
import { alpha, beta, gamma, StoreWorld } from '../store/store-world.ts';

/** What a part of a node sees of the rest: Raft says what the test says, the state is a real one. */
export class FakeContext {
  readonly self: NodeId = alpha;
  readonly version: string = '1';
  readonly world: StoreWorld = new StoreWorld();
  now: Instant = instant(0);
  leader: NodeId | undefined = alpha;
  voters: readonly NodeId[] = [alpha, beta, gamma];
  /** Peers that this node's heart hears. */
  heard: readonly NodeId[] = [beta, gamma];
  /** Whether the leader may append now. */
  takes = true;
  readonly sent: { readonly to: NodeId; readonly message: PeerMessage }[] = [];
  readonly effects: NodeEffect[] = [];
  readonly appended: unknown[] = [];
  readonly toldHeart: unknown[] = [];

  get state(): ClusterState {
    return this.world.state;
  }

  get wallMs(): number {
    return this.now;
  }

  get view(): HeartView {
    const peers = this.heard.map((node) => ({ node, heard: true }) as PeerView);
    return { leaseMs: undefined, peers };
  }

  get raft(): unknown {
    return {
      role: this.leader === this.self ? 'leader' : 'follower',
      leader: this.leader,
      status: () => ({ term: 3, configuration: { voters: this.voters, learners: [] } }),
    };
  }

  /** As the parts take it. */
  get context(): NodeContext {
    return this as unknown as NodeContext;
  }

  emit(effect: NodeEffect): void {
    this.effects.push(effect);
  }

  send(to: NodeId, message: PeerMessage): void {
    this.sent.push({ to, message });
  }

  toHeart(message: unknown): void {
    this.toldHeart.push(message);
  }

  append(command: unknown): number | undefined {
    if (!this.takes) return undefined;
    this.appended.push(command);
    return 100 + this.appended.length;
  }

  /** The answers to clients so far. */
  get answers(): readonly unknown[] {
    return this.effects.flatMap((effect) => (effect.kind === 'respond' ? [effect.response] : []));
  }
}
