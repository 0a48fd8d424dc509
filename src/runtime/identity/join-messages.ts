import { createHash } from 'node:crypto';
import type { MemberAddress } from '../../model/status.ts';
import type { NodeFile } from './node-file.ts';

/** What a newcomer asks of a member, once, over the join protocol. */
export interface JoinRequest {
  readonly secret: string;
  readonly node: string;
  readonly links: readonly MemberAddress[];
  readonly requestPem: string;
}

export type JoinReply =
  | {
      readonly kind: 'admitted';
      readonly by: string;
      readonly cluster: string;
      readonly certificatePem: string;
      readonly authorityPem: string;
      readonly clusterId: string;
      readonly number: number;
      readonly seeds: NodeFile['seeds'];
      readonly secrets: NodeFile['secrets'];
    }
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly hint: string | undefined;
    };

/** By what the cluster knows a token: its own secret stays with the person who carries it. */
export function tokenMarks(secret: string): {
  readonly tokenId: string;
  readonly secretHash: string;
} {
  const secretHash = createHash('sha256').update(`holdfast join ${secret}`).digest('hex');
  return { tokenId: secretHash.slice(0, 12), secretHash };
}
