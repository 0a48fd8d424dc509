import type { ApiRequest, ApiResponse } from '../../api/requests.ts';
import type { Command } from '../../model/command.ts';
import type { MembershipMessage } from '../membership/membership-message.ts';
import type { RaftMessage } from '../raft/messages.ts';

/** What agents say to each other over their streams. Any of it may be lost when a stream breaks. */
export type PeerMessage =
  | { readonly kind: 'raft'; readonly message: RaftMessage }
  /** Promises of R4 to R6, and reports of R15. */
  | { readonly kind: 'loss'; readonly message: MembershipMessage }
  /** For the leader: bring this into the log. Asked again until the log shows its effect. */
  | { readonly kind: 'propose'; readonly command: Command }
  /** A client's request, passed on to the leader. */
  | { readonly kind: 'request'; readonly id: number; readonly request: ApiRequest }
  | { readonly kind: 'response'; readonly id: number; readonly response: ApiResponse };
