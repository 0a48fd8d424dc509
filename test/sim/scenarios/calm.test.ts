import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';

describe('calm', () => {
  it('a cable of the active host cut and healed touches no service', () => {
    const cluster = new Cluster({ seed: 11 }).start();
    const { index } = cluster.ownerOf('web');
    cluster.calmly(() => {
      for (let link = 0; link < 2; link += 1) {
        const heal = cluster.faults.cutCable(index, link);
        cluster.run(4000);
        heal();
        cluster.run(4000);
      }
    });
  });

  it('an agent in a crash loop is restarted and touches no service', () => {
    const cluster = new Cluster({ seed: 12 }).start();
    const owner = cluster.ownerOf('web');
    cluster.calmly(() => {
      for (let i = 0; i < 5; i += 1) {
        owner.killAgent();
        cluster.run(700);
      }
      cluster.untilWhole(10_000);
    });
  });

  it("the leader's agent killed touches no service", () => {
    const cluster = new Cluster({ seed: 13 }).start();
    cluster.calmly(() => {
      cluster.leader().killAgent();
      cluster.untilWhole(10_000);
    });
  });

  it('a heart that crashes is followed by one that takes over its lease, and no service is touched', () => {
    const cluster = new Cluster({ seed: 14 }).start();
    const owner = cluster.ownerOf('web');
    cluster.calmly(() => {
      owner.killHeart(100);
      cluster.untilWhole(10_000);
    });
  });

  it('a slow disk on the leader touches no service', () => {
    const cluster = new Cluster({ seed: 15 }).start();
    const { disk } = cluster.leader();
    cluster.calmly(() => {
      disk.quality = { syncMinMs: 100, syncMaxMs: 400 };
      cluster.run(8000);
      disk.repair();
      cluster.untilWhole(10_000);
    });
  });

  it('a full disk on the leader touches no service', () => {
    const cluster = new Cluster({ seed: 16 }).start();
    const { disk } = cluster.leader();
    cluster.calmly(() => {
      disk.fill();
      cluster.run(8000);
      disk.repair();
      cluster.untilWhole(10_000);
    });
  });

  it('a voter that stalls for less than its lease touches no service', () => {
    const cluster = new Cluster({ seed: 17 }).start();
    const owner = cluster.ownerOf('web');
    cluster.calmly(() => {
      owner.stallHeart(120);
      owner.stallAgent(2000);
      cluster.run(4000);
      cluster.untilWhole(10_000);
    });
  });

  it('wall clocks that step by years touch no service', () => {
    const cluster = new Cluster({ seed: 18 }).start();
    cluster.calmly(() => {
      for (const host of cluster.simulation.hosts) {
        host.stepWallClock((host.index - 2) * 365 * 86_400_000);
        cluster.run(1000);
      }
      cluster.untilWhole(10_000);
    });
  });

  it('a lossy network touches no service', () => {
    const cluster = new Cluster({ seed: 19 }).start();
    const loss = { loss: 0.03, duplication: 0.05, delayMs: 0, jitterMs: 5 };
    cluster.calmly(() => {
      const mend = cluster.faults.worsen(loss, () => true);
      cluster.run(30_000);
      mend();
    });
    expect(cluster.takeover.losses).toBe(0);
  });
});
