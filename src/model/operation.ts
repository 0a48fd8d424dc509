import type { AgentSpec } from './agent-spec.ts';
import type { InstanceId } from './ids.ts';

/** What an agent is asked to do. `monitor` with no interval is a probe when nothing is known yet. */
export type AgentAction =
  | 'start'
  | 'stop'
  | 'monitor'
  | 'promote'
  | 'demote'
  | 'notify'
  | 'reload'
  | 'validate-all'
  | 'meta-data';

/** One operation of a resource agent, to be carried out on this node. */
export interface Operation {
  readonly id: number;
  readonly instance: InstanceId;
  readonly agent: AgentSpec;
  readonly action: AgentAction;
  /** The resource's parameters, as OCF_RESKEY_NAME. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Meta attributes, as OCF_RESKEY_CRM_meta_NAME. `takeover: yes` marks a start after a node's loss. */
  readonly meta: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** The incarnation in whose gate it runs (R11). */
  readonly incarnation: number;
  /** Whether the resource may run once only: it then runs inside the gate. */
  readonly exclusive: boolean;
  readonly checkLevel?: number;
}

/** The one shape for what any agent answered. */
export interface OperationResult {
  /** `done` whenever the agent answered, whatever its exit code. */
  readonly status: 'done' | 'timed-out' | 'cancelled' | 'refused' | 'not-installed';
  /** OCF exit code (OCF 1.1): 0 ok, 1 error, 2 arguments … 7 not running, 8 promoted, 190, 191 degraded. */
  readonly exitCode: number;
  /** One line for people: the last useful line that the agent printed, or what happened. */
  readonly reason: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}
