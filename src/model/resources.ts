import type { ClusterConfig, PrimitiveConfig, ResourceConfig } from './config.ts';
import type { ResourceId } from './ids.ts';

/** The primitives of a resource, in their order. */
export function primitivesOf(resource: ResourceConfig): readonly PrimitiveConfig[] {
  switch (resource.kind) {
    case 'primitive':
      return [resource];
    case 'group':
      return resource.members;
    case 'clone':
      return primitivesOf(resource.of);
  }
}

/** Every primitive of a configuration. */
export function allPrimitives(config: ClusterConfig): readonly PrimitiveConfig[] {
  return config.resources.flatMap(primitivesOf);
}

export function primitiveById(
  config: ClusterConfig | undefined,
  id: ResourceId,
): PrimitiveConfig | undefined {
  if (config === undefined) return undefined;
  for (const resource of config.resources) {
    const found = primitivesOf(resource).find((primitive) => primitive.id === id);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The resource of that name: a top-level one, what a clone copies, or a member of a group. */
export function resourceById(
  config: Pick<ClusterConfig, 'resources'>,
  id: ResourceId,
): ResourceConfig | undefined {
  for (const resource of config.resources) {
    if (resource.id === id) return resource;
    if (resource.kind === 'clone' && resource.of.id === id) return resource.of;
    const member = primitivesOf(resource).find((primitive) => primitive.id === id);
    if (member !== undefined) return member;
  }
  return undefined;
}

/** Whether a primitive is the resource itself, or a part of that group or clone. */
export function resourceContains(
  config: ClusterConfig,
  resource: ResourceId,
  primitive: ResourceId,
): boolean {
  const found = resourceById(config, resource);
  return found !== undefined && primitivesOf(found).some((member) => member.id === primitive);
}
