import { orderActions } from './actions.ts';
import { fenceAction, isUnfenced, unfence } from './fence-node.ts';
import type { Action, PolicyNode, Resource, World } from './state.ts';

/** What needs its node unfenced waits for that; and has it done where it never was. */
export function orderAfterUnfencing(
  world: World,
  resource: Resource,
  node: PolicyNode,
  action: Action,
  what: number,
): void {
  const isDevice = resource.isFenceDevice && world.usesUnfencing;
  if (!isDevice && resource.settings.needs !== 'unfencing') return;
  orderActions(fenceAction(world, node, 'on', true), action, what);
  if (!isUnfenced(node)) unfence(world, node);
}
