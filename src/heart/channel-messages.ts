import type { AgentToHeart, HeartToAgent } from '../core/membership/heart-protocol.ts';
import type { PeerAddress } from '../core/node/node-io.ts';
import type { ClusterSecrets } from '../model/command.ts';

/** What travels on the channel from the agent: for the heart's machine, or for its sockets. */
export type ChannelFromAgent =
  | { readonly kind: 'machine'; readonly message: AgentToHeart }
  | {
      readonly kind: 'network';
      readonly peers: readonly PeerAddress[];
      readonly secrets: ClusterSecrets;
    };

export type ChannelToAgent = HeartToAgent;
