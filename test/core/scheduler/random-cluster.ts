import fc from 'fast-check';
import {
  type CloneConfig,
  type ClusterConfig,
  defaultNode,
  defaultOptions,
  type GroupConfig,
  INFINITY_SCORE,
  type PrimitiveConfig,
  type ResourceConfig,
  type Rule,
} from '../../../src/model/config.ts';
import { nodeId, type ResourceId, resourceId } from '../../../src/model/ids.ts';
import { primitivesOf } from '../../../src/model/resources.ts';
import { primitiveConfig } from './script.ts';

export const nodeNames: readonly string[] = ['alpha', 'bravo', 'charlie', 'delta'];

/** Something that happens to a cluster between two plans. Numbers are taken modulo what there is. */
export type Happening =
  | { readonly kind: 'order'; readonly limit: number }
  /** Everything under way succeeds, and what is next is ordered; so many times. */
  | { readonly kind: 'rounds'; readonly count: number }
  | { readonly kind: 'answer'; readonly pick: number; readonly exitCode: number }
  | { readonly kind: 'fail'; readonly pick: number }
  | { readonly kind: 'lose' | 'down' | 'join' | 'leave' | 'standby'; readonly pick: number }
  | { readonly kind: 'move'; readonly pick: number; readonly node: number }
  | { readonly kind: 'restart' | 'cleanup' | 'toggle'; readonly pick: number }
  | { readonly kind: 'clock'; readonly seconds: number };

const pick = fc.nat({ max: 30 });

export const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('order' as const), limit: fc.nat(6) }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('rounds' as const), count: fc.nat(4) }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('answer' as const),
        pick,
        exitCode: fc.constantFrom(0, 0, 0, 0, 1, 5),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('fail' as const), pick }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'lose' as const,
          'down' as const,
          'join' as const,
          'leave' as const,
          'standby' as const,
        ),
        pick,
      }),
    },
    { arbitrary: fc.record({ kind: fc.constant('move' as const), pick, node: pick }), weight: 1 },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('restart' as const, 'cleanup' as const, 'toggle' as const),
        pick,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('clock' as const), seconds: pick }) },
  ),
  { maxLength: 60 },
);

const primitives = (prefix: string, count: number): fc.Arbitrary<readonly PrimitiveConfig[]> =>
  fc
    .array(fc.constantFrom('', 'restarts=0', 'stopped', 'stickiness=50', 'priority=3'), {
      minLength: 1,
      maxLength: count,
    })
    .map((words) => words.map((word, index) => primitiveConfig(`${prefix}${index}`, [word])));

const groups: fc.Arbitrary<readonly GroupConfig[]> = fc
  .array(primitives('x', 3), { maxLength: 2 })
  .map((lists) =>
    lists.map((members, index): GroupConfig => {
      return groupOf(`g${index}`, members);
    }),
  );

function groupOf(id: string, members: readonly PrimitiveConfig[]): GroupConfig {
  return {
    kind: 'group',
    id: resourceId(id),
    members: members.map((member, index) => ({ ...member, id: resourceId(`${id}m${index}`) })),
    meta: primitiveConfig(id).meta,
  };
}

const clones: fc.Arbitrary<readonly CloneConfig[]> = fc
  .array(
    fc.record({
      size: fc.integer({ min: 1, max: 2 }),
      max: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      maxPerNode: fc.constantFrom(1, 1, 2),
      interleave: fc.boolean(),
    }),
    { maxLength: 2 },
  )
  .map((items) =>
    items.map(({ size, ...rest }, index): CloneConfig => {
      const id = `c${index}`;
      const inner = groupOf(`${id}g`, plainPrimitives(size));
      const single = { ...primitiveConfig(`${id}p`) };
      return {
        kind: 'clone',
        id: resourceId(id),
        of: size === 1 ? single : inner,
        ...rest,
        meta: primitiveConfig(id).meta,
      };
    }),
  );

function plainPrimitives(count: number): readonly PrimitiveConfig[] {
  return Array.from({ length: count }, (_, index) => primitiveConfig(`p${index}`));
}

const score = fc.constantFrom(INFINITY_SCORE, -INFINITY_SCORE, 100, -100, 3);

/** Rules between random resources; an order rule always leads to a resource written later, so none run in circles. */
function rulesFor(resources: readonly ResourceConfig[]): fc.Arbitrary<readonly Rule[]> {
  const names: readonly ResourceId[] = resources.flatMap((resource) => [
    resource.id,
    ...primitivesOf(resource).map((primitive) => primitive.id),
  ]);
  const index = fc.nat({ max: names.length - 1 });
  const location = fc.record({ a: index, node: fc.constantFrom(...nodeNames), score });
  const pair = fc.record({ a: index, b: index, score, flag: fc.boolean(), second: fc.boolean() });
  return fc
    .tuple(
      fc.array(location, { maxLength: 4 }),
      fc.array(pair, { maxLength: 3 }),
      fc.array(pair, { maxLength: 3 }),
    )
    .map(([locations, colocations, orders]) => {
      const name = (at: number): ResourceId => names[at] ?? resourceId('none');
      return [
        ...locations.map((item, at): Rule => {
          const target = { resource: name(item.a), node: nodeId(item.node), score: item.score };
          return { kind: 'location', id: `l${at}`, ...target };
        }),
        ...colocations
          .filter((item) => item.a < item.b)
          .map((item, at): Rule => {
            const target = { dependent: name(item.b), primary: name(item.a), score: item.score };
            return { kind: 'colocation', id: `t${at}`, ...target };
          }),
        ...orders
          .filter((item) => item.a < item.b)
          .map((item, at): Rule => {
            const [first, then] = [name(item.a), name(item.b)];
            const strength = item.flag ? 'mandatory' : 'optional';
            return {
              kind: 'order',
              id: `o${at}`,
              first,
              then,
              strength,
              symmetrical: item.second,
            };
          }),
      ];
    });
}

/** A small cluster's configuration with everything that the scheduler knows. */
export const configs: fc.Arbitrary<ClusterConfig> = fc
  .tuple(primitives('p', 4), groups, clones, fc.constantFrom(1, 1, 1, 100))
  .chain(([single, grouped, cloned, stickiness]) => {
    const resources: readonly ResourceConfig[] = [...single, ...grouped, ...cloned];
    return rulesFor(resources).map((rules) => ({
      name: 'random',
      options: { ...defaultOptions, stickiness },
      nodes: Object.fromEntries(nodeNames.map((name) => [name, defaultNode])),
      resources,
      rules,
    }));
  });
