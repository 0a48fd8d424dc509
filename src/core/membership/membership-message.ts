import type { NodeId } from '../../model/ids.ts';
import type { HeldPromise } from './heart-protocol.ts';
import type { ConfigurationIndex } from './packet.ts';

/** What agents send each other about loss and voter changes. Any of them may be lost, doubled or late. */
export type MembershipMessage =
  | PromiseRequest
  | PromiseResponse
  | PromiseRelease
  | DoneQuery
  | DoneReport;

/** R4: the leader of a term asks a voter to ack an incarnation no more. */
export type PromiseRequest = { readonly kind: 'promise-request' } & HeldPromise;

/**
 * The voter's answer. `promised: true` is on its disk; it is repeated until the promise has ended (R5), so that a
 * voter whose release was lost is told again.
 */
export type PromiseResponse = {
  readonly kind: 'promise-response';
  readonly promised: boolean;
} & HeldPromise;

/** R5a: the leader of the term gave up this round and all before it, and never counts anything of them again. */
export type PromiseRelease = { readonly kind: 'promise-release' } & HeldPromise;

/** R15: the leader asks whether a voter is done with a configuration. */
export interface DoneQuery {
  readonly kind: 'done-query';
  readonly configuration: ConfigurationIndex;
}

/** R15: applied, every grant made before has run out, and the index is on disk as the voter's floor. */
export interface DoneReport {
  readonly kind: 'done-report';
  readonly configuration: ConfigurationIndex;
}

/** A message on its way out; `to` may be this node itself: then it takes the same path inside. */
export interface MembershipSend {
  readonly kind: 'send';
  readonly to: NodeId;
  readonly message: MembershipMessage;
}
