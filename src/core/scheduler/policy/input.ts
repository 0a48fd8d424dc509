/** What the policy decides from: a configuration and what happened, complete, in the words of no other system. */
export interface PolicyInput {
  /** Wall clock, seconds since 1970. */
  readonly nowS: number;
  readonly options: PolicyOptions;
  readonly isQuorate: boolean;
  readonly nodes: readonly NodeInput[];
  readonly resources: readonly ResourceInput[];
  readonly constraints: readonly ConstraintInput[];
  readonly tickets: readonly TicketInput[];
  readonly states: readonly NodeStateInput[];
  /** The node that leads, which is fenced or shut down last. */
  readonly leader: string | undefined;
}

export interface PolicyOptions {
  readonly isSymmetric: boolean;
  readonly isMaintenance: boolean;
  readonly isManagedByDefault: boolean;
  readonly stopsAll: boolean;
  readonly stopsRemoved: boolean;
  readonly fencing: 'off' | 'on';
  readonly fenceAction: 'reboot' | 'off';
  readonly fencesUnseen: boolean;
  readonly fencesTogether: boolean;
  /** A watchdog on every node counts as a fence device. */
  readonly hasWatchdogFencing: boolean;
  readonly withoutQuorum: 'stop' | 'freeze' | 'ignore' | 'demote' | 'fence';
  readonly startFailureIsFatal: boolean;
  readonly placement: 'default' | 'minimal' | 'utilization' | 'balanced';
  readonly probes: boolean;
  readonly health: HealthOptions;
  readonly locksOnShutdown: boolean;
  /** Seconds; 0: without end. */
  readonly lockLimitS: number;
}

export interface HealthOptions {
  readonly strategy: 'none' | 'migrate-on-red' | 'only-green' | 'progressive' | 'custom';
  readonly base: number;
  readonly red: number;
  readonly yellow: number;
  readonly green: number;
}

export interface NodeInput {
  readonly id: string;
  readonly name: string;
  readonly kind: 'member' | 'remote' | 'ping';
  readonly attributes: Readonly<Record<string, string>>;
  readonly utilization: Readonly<Record<string, string>>;
}

export interface ResourceInput {
  readonly id: string;
  readonly kind: 'primitive' | 'group' | 'clone' | 'bundle';
  readonly agent: AgentInput;
  readonly meta: Readonly<Record<string, string>>;
  /** For whatever neither it nor what it is part of sets. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly operations: readonly OperationInput[];
  readonly utilization: Readonly<Record<string, string>>;
  readonly children: readonly ResourceInput[];
  readonly bundle: BundleInput | undefined;
}

export interface AgentInput {
  readonly standard: string;
  readonly provider: string;
  readonly type: string;
  readonly isFenceDevice: boolean;
  /** A connection to a node without membership of its own. */
  readonly isConnection: boolean;
}

export interface OperationInput {
  readonly name: string;
  readonly intervalMs: number;
  readonly role: string | undefined;
  readonly isEnabled: boolean;
  readonly onFail: string | undefined;
}

export interface BundleInput {
  readonly engine: string;
  readonly replicas: number;
  readonly replicasPerHost: number;
  readonly promotedMax: number;
  readonly firstAddress: string | undefined;
  readonly hasControlPort: boolean;
}

export type ConstraintInput = LocationInput | ColocationInput | OrderInput | TicketRuleInput;

export interface LocationInput {
  readonly kind: 'location';
  readonly id: string;
  readonly resources: readonly string[];
  readonly role: string | undefined;
  readonly discovery: 'always' | 'never' | 'exclusive';
  /** One node and its score, or rules. */
  readonly node: { readonly name: string; readonly score: number } | undefined;
  readonly rules: readonly RuleInput[];
}

export interface RuleInput {
  readonly score: number | { readonly attribute: string };
  readonly role: string | undefined;
  readonly test: Test;
}

/** A condition on a node and the time. */
export type Test =
  | { readonly kind: 'all' | 'any'; readonly tests: readonly Test[] }
  | { readonly kind: 'constant'; readonly value: boolean }
  | {
      readonly kind: 'attribute';
      readonly attribute: string;
      readonly operation: string;
      readonly type: string | undefined;
      readonly value: string | undefined;
      readonly source: 'literal' | 'param' | 'meta';
    };

export interface ResourceSet {
  readonly id: string;
  readonly resources: readonly string[];
  readonly isSequential: boolean;
  /** Sequential because somebody said so, not by default. */
  readonly saysSequential: boolean;
  readonly requiresAll: boolean;
  readonly action: string | undefined;
  readonly role: string | undefined;
  readonly score: number | undefined;
  readonly kind: OrderKind | undefined;
  readonly symmetrical: boolean | undefined;
  /** False: each is placed with the next one, not the one before. */
  readonly withPrevious: boolean;
}

export interface ColocationInput {
  readonly kind: 'colocation';
  readonly id: string;
  readonly score: number;
  readonly attribute: string | undefined;
  readonly influence: boolean | undefined;
  readonly dependent: { readonly resource: string; readonly role: string | undefined } | undefined;
  readonly primary: { readonly resource: string; readonly role: string | undefined } | undefined;
  readonly sets: readonly ResourceSet[];
}

export type OrderKind = 'mandatory' | 'optional' | 'serialize';

export interface OrderInput {
  readonly kind: 'order';
  readonly id: string;
  readonly strength: OrderKind;
  readonly symmetrical: boolean | undefined;
  readonly requiresAll: boolean | undefined;
  readonly first: { readonly resource: string; readonly action: string | undefined } | undefined;
  readonly then: { readonly resource: string; readonly action: string | undefined } | undefined;
  readonly sets: readonly ResourceSet[];
}

export interface TicketRuleInput {
  readonly kind: 'ticket';
  readonly id: string;
  readonly ticket: string;
  readonly onLoss: 'stop' | 'demote' | 'fence' | 'freeze' | undefined;
  readonly resources: readonly { readonly resource: string; readonly role: string | undefined }[];
}

export interface TicketInput {
  readonly id: string;
  readonly isGranted: boolean;
  readonly isStandby: boolean;
}

export interface NodeStateInput {
  readonly id: string;
  readonly name: string;
  /** Undefined where it was never said. */
  readonly isMember: boolean | undefined;
  readonly isOnline: boolean;
  readonly join: string | undefined;
  readonly expected: string | undefined;
  readonly wasFenced: boolean;
  readonly isMaintenance: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  readonly history: readonly ResourceHistory[];
}

export interface ResourceHistory {
  readonly resource: string;
  readonly agent: AgentInput;
  readonly container: string | undefined;
  /** Seconds since 1970 at which a shutdown locked it to this node. */
  readonly lockedAtS: number | undefined;
  readonly operations: readonly OperationHistory[];
}

export interface OperationHistory {
  readonly id: string;
  readonly key: string;
  readonly task: string;
  readonly intervalMs: number;
  /** Negative: pending. */
  readonly callId: number;
  readonly exitCode: number;
  readonly expectedExitCode: number;
  /** How the operation ended: done, error, pending, and so on, by number. */
  readonly status: number;
  readonly changedAtS: number | undefined;
  readonly migrateSource: string | undefined;
  readonly migrateTarget: string | undefined;
  /** What became of the definition since: nothing, something that a reload takes over, or more. */
  readonly definition: 'same' | 'reload' | 'changed';
}
