import { describe, expect, test } from 'vitest';
import { knownCopies, numberCopies } from '../../../src/core/scheduler/copies.ts';
import { readFacts } from '../../../src/core/scheduler/facts.ts';
import { readNodes } from '../../../src/core/scheduler/nodes.ts';
import { instanceId, nodeId, resourceId } from '../../../src/model/ids.ts';
import type { InstanceStatus } from '../../../src/model/status.ts';
import { World } from './world.ts';

function copiesWith(
  maxPerNode: number,
  facts: readonly (readonly [string, string, 'started' | 'stopped'])[],
): readonly string[] {
  const world = new World();
  for (const name of ['alpha', 'bravo', 'charlie']) {
    world.add(nodeId(name));
    world.join(nodeId(name));
  }
  const instances = facts.map(([instance, node, role]): InstanceStatus => {
    const known = { assignment: undefined, failed: undefined, blocked: undefined, sinceMs: 0 };
    return { instance: instanceId(instance), node: nodeId(node), role, ...known };
  });
  const snapshot = world.snapshot();
  const nodes = readNodes(snapshot);
  const known = knownCopies(readFacts({ ...snapshot.status, instances }, nodes));
  const copies = numberCopies([resourceId('p')], maxPerNode, nodes, known);
  return copies.map((copy) => `${copy.number} ${nodes[copy.home]?.id}`);
}

describe('copies of a clone', () => {
  test('get the lowest free numbers in the order of the nodes', () => {
    expect(copiesWith(1, [])).toEqual(['0 alpha', '1 bravo', '2 charlie']);
  });

  test('keep the number that is known on their node', () => {
    expect(copiesWith(1, [['p:0', 'charlie', 'stopped']])).toEqual([
      '0 charlie',
      '1 alpha',
      '2 bravo',
    ]);
  });

  test('that run keep their number before those that are merely known', () => {
    const facts = [
      ['p:1', 'alpha', 'stopped'],
      ['p:1', 'bravo', 'started'],
    ] as const;
    expect(copiesWith(1, facts)).toEqual(['0 alpha', '1 bravo', '2 charlie']);
  });

  test('may be several on a node', () => {
    expect(copiesWith(2, [['p:5', 'bravo', 'started']])).toEqual([
      '0 alpha',
      '1 alpha',
      '2 bravo',
      '3 charlie',
      '4 charlie',
      '5 bravo',
    ]);
  });
});
