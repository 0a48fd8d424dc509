import { addScores, addToScores, INFINITE, type PolicyNode, type World } from './state.ts';

/** Nodes that are not well are avoided, as the cluster's health strategy says. */
export function applyHealth(world: World): void {
  const { strategy, base } = world.options.health;
  if (strategy === 'none') return;
  for (const node of world.nodes) {
    const score = healthOf(world, node, base);
    if (score === 0) continue;
    for (const resource of world.resources) {
      if (resource.meta.get('allow-unhealthy-nodes') === 'true') continue;
      addToScores(world, resource, node, score);
    }
  }
}

function healthOf(world: World, node: PolicyNode, base: number): number {
  const { strategy } = world.options.health;
  let sum = strategy === 'progressive' ? base : 0;
  for (const [name, value] of node.attributes) {
    if (!name.startsWith('#health')) continue;
    sum = addScores(sum, healthValue(world, value));
  }
  return sum;
}

function healthValue(world: World, text: string): number {
  const { strategy, red, yellow, green } = world.options.health;
  const isOwn = strategy === 'progressive' || strategy === 'custom';
  switch (text.toLowerCase()) {
    case 'red':
      return isOwn ? red : -INFINITE;
    case 'yellow':
      if (isOwn) return yellow;
      return strategy === 'only-green' ? -INFINITE : 0;
    case 'green':
      return isOwn ? green : 0;
    default: {
      const value = Number.parseInt(text, 10);
      return Number.isNaN(value) ? 0 : value;
    }
  }
}
