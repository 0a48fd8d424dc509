import type { InstanceId, NodeId, ResourceId } from './ids.ts';

/** Why something was decided. One renderer (`reason-text.ts`) makes the sentence. */
export type Reason =
  | { readonly rule: 'new-member'; readonly node: NodeId }
  | { readonly rule: 'should-run'; readonly resource: ResourceId }
  | { readonly rule: 'intended-stop'; readonly resource: ResourceId }
  | { readonly rule: 'removed'; readonly resource: ResourceId }
  | { readonly rule: 'node-lost'; readonly node: NodeId }
  | { readonly rule: 'node-left'; readonly node: NodeId }
  | { readonly rule: 'node-standby'; readonly node: NodeId }
  | { readonly rule: 'node-leaving'; readonly node: NodeId }
  | { readonly rule: 'node-maintenance'; readonly node: NodeId }
  | { readonly rule: 'cluster-maintenance' }
  | { readonly rule: 'resource-maintenance'; readonly resource: ResourceId }
  | { readonly rule: 'unmanaged'; readonly resource: ResourceId }
  | { readonly rule: 'witness'; readonly node: NodeId }
  | { readonly rule: 'not-joined'; readonly node: NodeId }
  | {
      readonly rule: 'failed';
      readonly instance: InstanceId;
      readonly node: NodeId;
      readonly action: string;
      readonly text: string;
    }
  | {
      readonly rule: 'too-many-failures';
      readonly resource: ResourceId;
      readonly node: NodeId;
      readonly failures: number;
      readonly windowMs: number;
      /** Wall-clock time at which the oldest of them is forgotten. */
      readonly untilMs: number;
    }
  | {
      readonly rule: 'blocked';
      readonly instance: InstanceId;
      readonly node: NodeId;
      readonly text: string;
    }
  | {
      readonly rule: 'location';
      readonly id: string;
      readonly node: NodeId;
      readonly score: number;
    }
  | { readonly rule: 'not-allowed'; readonly resource: ResourceId; readonly node: NodeId }
  | {
      readonly rule: 'colocation';
      readonly id: string;
      readonly dependent: ResourceId;
      readonly primary: ResourceId;
      readonly score: number;
    }
  | {
      readonly rule: 'group';
      readonly group: ResourceId;
      readonly member: ResourceId;
      readonly waitsFor: ResourceId;
    }
  | {
      readonly rule: 'order';
      readonly id: string;
      readonly first: ResourceId;
      readonly then: ResourceId;
    }
  | { readonly rule: 'stickiness'; readonly node: NodeId; readonly score: number }
  | { readonly rule: 'balance'; readonly node: NodeId }
  | {
      readonly rule: 'better-node';
      readonly from: NodeId;
      readonly to: NodeId;
      readonly because: Reason | undefined;
    }
  | { readonly rule: 'restart-asked'; readonly resource: ResourceId }
  | { readonly rule: 'moved-by-hand'; readonly resource: ResourceId; readonly to: NodeId }
  | { readonly rule: 'config-changed'; readonly resource: ResourceId }
  | {
      readonly rule: 'active-twice';
      readonly instance: InstanceId;
      readonly nodes: readonly NodeId[];
    }
  | {
      readonly rule: 'waits-for-probe';
      readonly resource: ResourceId;
      readonly nodes: readonly NodeId[];
    }
  | { readonly rule: 'waits-for-lost-node'; readonly resource: ResourceId; readonly node: NodeId }
  /** Nobody has looked yet whether it runs there. */
  | { readonly rule: 'not-probed'; readonly resource: ResourceId; readonly node: NodeId }
  /** A failure that trying again on the same node cannot mend: agent missing, bad arguments, no permission. */
  | {
      readonly rule: 'unusable';
      readonly resource: ResourceId;
      readonly node: NodeId;
      readonly exitCode: number;
      readonly text: string;
      /** Wall-clock time at which that failure is forgotten. */
      readonly untilMs: number;
    }
  /** A clone has copies on many nodes: there is nothing to be moved. */
  | { readonly rule: 'runs-everywhere'; readonly resource: ResourceId }
  /** Order rules that wait for each other. */
  | { readonly rule: 'order-cycle'; readonly resource: ResourceId }
  | {
      readonly rule: 'no-node';
      readonly resource: ResourceId;
      /** Why each node is out of the question. */
      readonly refusals: readonly { readonly node: NodeId; readonly because: Reason }[];
    }
  | { readonly rule: 'clone-limit'; readonly resource: ResourceId; readonly max: number };
