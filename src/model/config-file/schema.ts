import * as z from 'zod';
import { durationPattern } from '../duration.ts';

/** Largest score that people may write; beyond it is `infinity`. */
export const SCORE_MAX = 1_000_000;

const durationWords = 'must be a duration with its unit, such as 500ms, 5s, 2min or 1h';

function duration(description: string): z.ZodString {
  return z
    .string({ error: durationWords })
    .regex(durationPattern, { error: durationWords })
    .meta({ description });
}

function flag(description: string): z.ZodBoolean {
  return z.boolean().meta({ description });
}

function integer(min: number, max: number, description: string): z.ZodInt {
  return z.int().min(min).max(max).meta({ description });
}

/** A value that is handed on as text, exactly as it is written: `0080` stays `0080`. */
const text: z.ZodType = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be a text, number, true or false' })
  .meta({ description: 'handed on as text, exactly as written' });

/** Checked by hand, for better words. */
export const anything: z.ZodUnknown = z.unknown();

const name: z.ZodString = z.string().meta({
  description: 'letters, digits, `-`, `_` and `.`, at most 64',
});

/** The checks of a map's keys; which of them must be there is said apart. */

type ShapeOf<Fields> = { readonly [K in keyof Fields]-?: z.ZodType<Fields[K]> };

export interface OptionsFields {
  readonly profile: 'default' | 'fast';
  readonly detect: { readonly min?: string | undefined; readonly max?: string | undefined };
  readonly 'self-stop': string;
  readonly 'agent-grace': string;
  readonly takeover: 'lease' | 'fencing';
  readonly 'on-lease-lost': 'stop' | 'keep';
  readonly stickiness: number;
  readonly maintenance: boolean;
  readonly symmetric: boolean;
}

/** The keys of `options:`. */
export const optionsShape: ShapeOf<OptionsFields> = {
  profile: z.enum(['default', 'fast']).meta({
    description: 'preset of the times; fast: detect.min 150ms, self-stop 150ms. Keys beside it win',
  }),
  detect: z
    .strictObject({
      min: duration('a node is lost after this silence at the earliest; at least 100ms').optional(),
      max: duration('and at the latest, over bad paths; at most 60s').optional(),
    })
    .meta({ description: 'bounds of the lease time D, which follows the measured jitter' }),
  'self-stop': duration('after a lost lease all exclusive resources are down within this time'),
  'agent-grace': duration('how long a node stays a member while its agent restarts'),
  takeover: z.enum(['lease', 'fencing']).meta({
    description: 'what a take-over needs: the end of the lease, or a confirmed fencing',
  }),
  'on-lease-lost': z.enum(['stop', 'keep']).meta({
    description: 'what a lost lease does to resources; keep needs `takeover: fencing`',
  }),
  stickiness: integer(0, SCORE_MAX, 'score for staying on a node; 1: no move back after a repair'),
  maintenance: flag('the cluster watches, and changes nothing'),
  symmetric: flag('false: a resource runs only where a rule prefers it'),
};

export interface NodeFields {
  readonly standby: boolean;
  readonly maintenance: boolean;
  readonly role: 'auto' | 'voter' | 'learner' | 'witness';
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The keys of a node. */
export const nodeShape: ShapeOf<NodeFields> = {
  standby: flag('runs nothing, stays a member'),
  maintenance: flag('the cluster changes nothing on this node'),
  role: z.enum(['auto', 'voter', 'learner', 'witness']).meta({
    description: 'a witness votes and runs nothing; a learner runs resources and never votes',
  }),
  attributes: z.record(z.string(), text).meta({ description: 'named values for rules' }),
};

export interface MetaFields {
  readonly stopped: boolean;
  readonly managed: boolean;
  readonly maintenance: boolean;
  readonly priority: number;
  readonly stickiness: number;
  readonly restarts: number;
  readonly 'failure-window': string;
}

/** Keys that primitives, groups and clones share. */
export const metaShape: ShapeOf<MetaFields> = {
  stopped: flag('shall not run'),
  managed: flag('false: watched, and never started or stopped'),
  maintenance: flag('like `managed: false`, for a while'),
  priority: integer(-SCORE_MAX, SCORE_MAX, 'higher is placed first'),
  stickiness: integer(0, SCORE_MAX, 'score for staying on a node, instead of the cluster’s own'),
  restarts: integer(0, SCORE_MAX, 'restarts in place within the window, before it moves'),
  'failure-window': duration('failures older than this are forgotten'),
};

export interface OperationFields {
  readonly timeout?: string | undefined;
}

const operation: z.ZodType<OperationFields> = z.strictObject({
  timeout: duration('it has failed when it takes longer').optional(),
});

export interface MonitorFields {
  readonly every: string;
  readonly timeout: string;
  readonly depth: 0 | 10 | 20;
}

/** The keys of `monitor:`. */
export const monitorShape: ShapeOf<MonitorFields> = {
  every: duration('time between two checks; at least 100ms'),
  timeout: duration('the check has failed when it takes longer'),
  depth: z.union([z.literal(0), z.literal(10), z.literal(20)], { error: 'must be 0, 10 or 20' }),
};

export interface PrimitiveFields {
  readonly agent: string;
  readonly with: Readonly<Record<string, unknown>>;
  readonly start: OperationFields;
  readonly stop: OperationFields;
}

/** The keys of a primitive resource, beside `metaShape` and `monitor`. */
export const primitiveShape: ShapeOf<PrimitiveFields> = {
  agent: z.string().meta({
    description: 'ocf:PROVIDER:TYPE, systemd:UNIT, lsb:SCRIPT, process or address',
  }),
  with: z.record(z.string(), text).meta({ description: 'parameters of the agent' }),
  start: operation,
  stop: operation,
};

export interface GroupFields {
  readonly members: readonly string[];
}

/** The keys of a group, beside `metaShape`. */
export const groupShape: ShapeOf<GroupFields> = {
  members: z.array(name).min(1).meta({
    description: 'run together on one node; start in this order, stop in the reverse one',
  }),
};

export interface CloneFields {
  readonly of: string;
  readonly max: number;
  readonly 'max-per-node': number;
  readonly interleave: boolean;
}

/** The keys of a clone, beside `metaShape`. */
export const cloneShape: ShapeOf<CloneFields> = {
  of: name.meta({ description: 'the primitive or group of which copies run' }),
  max: integer(1, 10_000, 'copies in all; not given: one for each node'),
  'max-per-node': integer(1, 1000, 'copies on one node'),
  interleave: flag('what depends on a copy waits for the copy on its own node only'),
};

const score: z.ZodInt = integer(1, SCORE_MAX, 'how much it matters; the larger wins');
const wish: z.ZodType<number | 'infinity'> = z.union([score, z.literal('infinity')], {
  error: `must be a whole number from 1 to ${SCORE_MAX}, or infinity`,
});
const ruleId: z.ZodString = name.meta({ description: 'name of the rule; made up if not given' });
const until: z.ZodString = z.string().meta({
  description: 'the rule ends by itself then: 2026-11-20T14:00:00Z',
});
export interface LocationFields {
  readonly resource: string;
  readonly node: string;
  readonly id: string;
  readonly until: string;
}

export interface ColocationFields {
  readonly dependent: string;
  readonly with: string;
  readonly score: number;
  readonly id: string;
}

export interface OrderFields {
  readonly first: string;
  readonly then: string;
  readonly optional: boolean;
  readonly symmetrical: boolean;
  readonly id: string;
}

type WishFields = LocationFields & { readonly score: number | 'infinity' };

export interface RuleShapes {
  readonly prefer: ShapeOf<WishFields>;
  readonly avoid: ShapeOf<WishFields>;
  readonly never: ShapeOf<LocationFields>;
  readonly together: ShapeOf<ColocationFields>;
  readonly apart: ShapeOf<ColocationFields>;
  readonly order: ShapeOf<OrderFields>;
}

export type RuleVerb = keyof RuleShapes;

const location: ShapeOf<LocationFields> = { resource: name, node: name, id: ruleId, until };
const colocation: ShapeOf<ColocationFields> = {
  dependent: name,
  with: name,
  score,
  id: ruleId,
};

/** The rules, by their verb. */
export const ruleShapes: RuleShapes = {
  prefer: { ...location, score: wish },
  avoid: { ...location, score: wish },
  never: location,
  together: colocation,
  apart: colocation,
  order: {
    first: name,
    then: name,
    optional: flag('only when both start or stop anyway'),
    symmetrical: flag('false: stopping has no order'),
    id: ruleId,
  },
};

/** Which keys must be there. */
export const requiredKeys: Readonly<
  Record<RuleVerb | 'primitive' | 'group' | 'clone', readonly string[]>
> = {
  primitive: ['agent'],
  group: ['members'],
  clone: ['of'],
  prefer: ['resource', 'node'],
  avoid: ['resource', 'node'],
  never: ['resource', 'node'],
  together: ['dependent', 'with'],
  apart: ['dependent', 'with'],
  order: ['first', 'then'],
};

/** The keys at the top. */
export const topKeys: readonly string[] = [
  'cluster',
  'options',
  'nodes',
  'resources',
  'groups',
  'clones',
  'rules',
];

export type Shape = Readonly<Record<string, z.ZodType>>;
