import * as z from 'zod';
import {
  cloneShape,
  groupShape,
  metaShape,
  monitorShape,
  nodeShape,
  optionsShape,
  primitiveShape,
  requiredKeys,
  ruleShapes,
  type Shape,
} from './schema.ts';

/** A strict object in which only the named keys must be there. */
function strict(shape: Shape, required: readonly string[] = []): z.ZodType {
  const fields = Object.entries(shape).map(([key, type]): [string, z.ZodType] => [
    key,
    required.includes(key) ? type : type.optional(),
  ]);
  return z.strictObject(Object.fromEntries(fields));
}

function monitorSchema(): z.ZodType {
  const one = strict(monitorShape);
  return z
    .union([one, z.array(one), z.literal('off'), z.literal(false)])
    .meta({ description: 'recurring checks: every 10s by default; `off` for none' });
}

function ruleSchema(): z.ZodType {
  const verbs = Object.entries(ruleShapes).map(([verb, shape]) =>
    z.strictObject({ [verb]: strict(shape, requiredKeys[verb as keyof typeof ruleShapes]) }),
  );
  return z.union(verbs);
}

/** JSON Schema (draft 2020-12) of the configuration file, for editors. */
export function configJsonSchema(): unknown {
  const primitive = { ...primitiveShape, monitor: monitorSchema(), ...metaShape };
  const whole = z
    .strictObject({
      cluster: z.string().meta({ description: 'name of the cluster' }),
      options: strict(optionsShape).optional(),
      nodes: z.record(z.string(), strict(nodeShape)).optional(),
      resources: z.record(z.string(), strict(primitive, requiredKeys.primitive)).optional(),
      groups: z
        .record(z.string(), strict({ ...groupShape, ...metaShape }, requiredKeys.group))
        .optional(),
      clones: z
        .record(z.string(), strict({ ...cloneShape, ...metaShape }, requiredKeys.clone))
        .optional(),
      rules: z.array(ruleSchema()).optional(),
    })
    .meta({ title: 'holdfast configuration' });
  return z.toJSONSchema(whole, { io: 'input', reused: 'inline' });
}
