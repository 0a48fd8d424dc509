import { describe, expect, it } from 'vitest';
import { defaultNode } from '../../../src/model/config.ts';
import type { Host } from '../../../src/sim/host.ts';
import { Cluster, services } from '../support/cluster.ts';

/** Asks that a node vote no more, or again. */
function setRole(cluster: Cluster, by: Host, node: Host, role: 'learner' | 'auto'): string {
  const read = cluster.ask(by.index, { kind: 'config' });
  if (read?.kind !== 'config') return 'no configuration';
  const nodes = { ...read.config.nodes, [node.id]: { ...defaultNode, role } };
  const answer = cluster.askAndWait(
    by.index,
    {
      kind: 'configure',
      config: { ...read.config, nodes },
      source: 'by a test',
      ifVersion: read.version,
      by: 'test',
      what: `${node.id} becomes ${role}`,
      dryRun: false,
    },
    5000,
  );
  return answer?.kind ?? 'no answer';
}

describe('voters', () => {
  it('a voter that becomes a learner and a voter again touches no service', () => {
    const cluster = new Cluster({ seed: 21 }).start();
    const node = cluster.otherThan(cluster.leader());
    cluster.calmly(() => {
      for (const role of ['learner', 'auto'] as const) {
        expect(setRole(cluster, cluster.leader(), node, role)).toBe('done');
        cluster.run(8000);
        const voters = cluster.status(cluster.leader().index)?.raft.voters ?? [];
        expect(voters.includes(node.id)).toBe(role === 'auto');
      }
      cluster.untilWhole(10_000);
    });
  });

  it('a voter set that changes while a former voter is cut off lets nothing run twice', () => {
    const cluster = new Cluster({ seed: 22 }).start();
    const owner = cluster.ownerOf('db');
    const leader = cluster.leader();
    const mate = cluster.otherThan(owner, leader);
    const heal = cluster.faults.partition([owner.index, mate.index]);
    cluster.run(3000);
    const present = cluster.leader();
    expect(setRole(cluster, present, mate, 'learner')).toBe('done');
    cluster.run(8000);
    expect(cluster.status(present.index)?.raft.voters).not.toContain(mate.id);
    heal();
    cluster.untilWhole(15_000);
    expect(cluster.ownersOf('db')).toHaveLength(1);
  });

  it('a voter removed from the set with its services elsewhere leaves them alone', () => {
    const cluster = new Cluster({ seed: 23, nodes: 3 }).start();
    const node = cluster.otherThan(cluster.leader());
    expect(setRole(cluster, cluster.leader(), node, 'learner')).toBe('done');
    cluster.run(8000);
    node.powerOff();
    cluster.untilActive(services, 2500);
    node.powerOn();
    cluster.untilWhole(15_000);
  });
});
