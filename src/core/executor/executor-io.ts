import type { PrimitiveConfig } from '../../model/config.ts';
import type { InstanceId } from '../../model/ids.ts';
import type { Operation, OperationResult } from '../../model/operation.ts';
import type { Order } from '../../model/status.ts';

/** An instance that this node owns and shall watch over. */
export interface OwnedInstance {
  readonly instance: InstanceId;
  readonly primitive: PrimitiveConfig;
  /** The order that gave it to this node. */
  readonly assignment: number;
  /** Its failure is known to the cluster; it is not reported again. */
  readonly failed: boolean;
}

/** What the applied log asks of this node now. */
export interface Duties {
  /** This node's incarnation; 0 where it is no member. */
  readonly incarnation: number;
  /** Whether operations inside the gate may begin (R11). */
  readonly gateOpen: boolean;
  /** Orders for this incarnation that are not yet answered in the log, oldest first. */
  readonly orders: readonly {
    readonly order: Order;
    readonly primitive: PrimitiveConfig | undefined;
  }[];
  readonly owned: readonly OwnedInstance[];
}

export type ExecutorInput =
  | { readonly kind: 'wake' }
  | { readonly kind: 'duties'; readonly duties: Duties }
  | {
      readonly kind: 'operation-done';
      readonly operation: number;
      readonly result: OperationResult;
    }
  /** The runtime saw that an instance ended. `certain`: it need not be asked once more. */
  | {
      readonly kind: 'ended';
      readonly instance: InstanceId;
      readonly detail: string;
      readonly certain: boolean;
    };

export type ExecutorEffect =
  | { readonly kind: 'operate'; readonly operation: Operation }
  | { readonly kind: 'cancel'; readonly operation: number }
  /** Tell of the instance's end from now on, or no more. */
  | {
      readonly kind: 'watch';
      readonly instance: InstanceId;
      readonly primitive: PrimitiveConfig | undefined;
      readonly on: boolean;
    }
  /** The answer to an order; said once, the caller brings it into the log. */
  | { readonly kind: 'answer'; readonly order: Order; readonly result: OperationResult }
  | {
      readonly kind: 'failure';
      readonly instance: InstanceId;
      readonly assignment: number;
      readonly action: 'monitor' | 'exit';
      readonly exitCode: number;
      readonly reason: string;
    };
