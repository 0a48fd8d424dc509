import type { RaftConfiguration } from '../../../src/core/raft/entry.ts';
import type { RaftSettings } from '../../../src/core/raft/settings.ts';
import type { NodeId } from '../../../src/model/ids.ts';
import { must } from './oracle.ts';
import { calm, TestCluster } from './test-cluster.ts';
import type { Mutation, TestNode } from './test-node.ts';

/** Small, so that windows fill, messages split and logs are compacted within a short run. */
const smallSettings: RaftSettings = {
  electionMinMs: 100,
  electionMaxMs: 200,
  heartbeatMs: 25,
  maxEntriesPerMessage: 4,
  maxBytesPerMessage: 150,
  maxInflightMessages: 3,
  tailEntries: 5,
  maxUncommittedEntries: 50,
};

export interface ChaosResult {
  readonly commands: number;
  readonly marks: ReadonlyMap<string, number>;
}

/**
 * One life of a cluster under one seed: faults first, then calm, in which it must recover.
 * Throws a Violation (or the machine's own AssertionError) if a property of Raft is broken.
 */
export function runChaos(seed: number, mutation?: Mutation): ChaosResult {
  const voters = [3, 3, 5, 1, 2, 4][seed % 6] ?? 3;
  const cluster = new TestCluster({
    seed,
    nodes: Math.max(voters, 3 + (seed % 3)),
    voters,
    settings: smallSettings,
    faults: calm,
    mutation,
  });
  const { prng } = cluster;
  // Each seed has its own weather: some without loss, some without crashes, and so on.
  cluster.faults = {
    loss: prng.pick([0, 0.02, 0.1, 0.3]),
    doubling: prng.pick([0, 0.05, 0.2]),
    delayMaxMs: prng.pick([3, 20, 60, 300]),
    delayed: prng.pick([0.1, 0.3, 1]),
    diskMaxMs: prng.pick([1, 5, 40]),
  };
  const chaos = new Chaos(cluster);
  for (let i = 0; i < 250; i += 1) {
    chaos.act();
    cluster.runFor(prng.integer(0, 40));
    if (i % 25 === 0) compareAllLogs(cluster);
  }
  recover(cluster, chaos);
  compareAllLogs(cluster);
  return { commands: cluster.oracle.commands, marks: cluster.marks };
}

/** What may happen to a cluster, with the odds that the seed gave to each. */
class Chaos {
  readonly #cluster: TestCluster;
  readonly #actions: readonly (() => void)[];
  #nextCommand = 1;
  #nextRead = 1;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
    const { prng } = cluster;
    const kinds = [
      { odds: 20, act: () => this.propose(this.#anyone()) },
      { odds: prng.integer(0, 4), act: () => cluster.crash(this.#anyone()) },
      { odds: prng.integer(0, 4), act: () => this.#restart() },
      { odds: 6, act: () => cluster.start(this.#anyone()) },
      { odds: prng.integer(0, 2), act: () => cluster.stall(this.#anyone(), prng.integer(20, 400)) },
      { odds: prng.integer(0, 1), act: () => cluster.hang(this.#anyone(), prng.integer(50, 600)) },
      { odds: prng.integer(0, 2), act: () => this.#storm() },
      { odds: prng.integer(0, 3), act: () => this.#cut() },
      { odds: 2, act: () => this.#heal() },
      { odds: prng.pick([0, 1, 3, 10]), act: () => this.#changeConfiguration(this.#anyone()) },
      { odds: prng.integer(0, 2), act: () => this.#transfer() },
      { odds: 3, act: () => this.#compact() },
      { odds: 4, act: () => this.#read() },
      { odds: 2, act: () => this.#hint() },
      { odds: 2, act: () => this.#streamUp() },
    ];
    this.#actions = kinds.flatMap(({ odds, act }) => Array.from({ length: odds }, () => act));
  }

  act(): void {
    this.#cluster.prng.pick(this.#actions)();
  }

  propose(node: TestNode): void {
    const count = this.#cluster.prng.integer(1, 3);
    const commands = Array.from({ length: count }, (_, i) => this.#nextCommand + i);
    this.#nextCommand += count;
    this.#cluster.input(node, { kind: 'propose', commands });
  }

  /** Mostly the leader, or one who takes itself for it. */
  #anyone(): TestNode {
    const { prng, nodes } = this.#cluster;
    const leaders = nodes.filter((node) => node.raft?.role === 'leader');
    return leaders.length > 0 && prng.chance(0.6) ? prng.pick(leaders) : prng.pick(nodes);
  }

  /** Down and up again at once, in the middle of whatever is going on. */
  #restart(): void {
    this.#restartNode(this.#cluster.prng.pick(this.#cluster.nodes));
  }

  #restartNode(node: TestNode): void {
    this.#cluster.crash(node);
    this.#cluster.start(node);
  }

  /**
   * The leader restarts or is cut off, and everyone notices at once: several campaign together
   * while voters restart and the old leader is asked for reads.
   */
  #storm(): void {
    const cluster = this.#cluster;
    const { prng, nodes } = cluster;
    const leader = this.#anyone();
    if (prng.chance(0.5)) this.#isolate(leader);
    else this.#restartNode(leader);
    for (const node of nodes) cluster.input(node, { kind: 'peer-silent', peer: leader.id });
    const restarts = prng.pick([0, 0, 2, 4]);
    for (let i = 0; i < restarts; i += 1) {
      cluster.after(prng.integer(0, 40), () => this.#restart());
    }
    for (let i = 0; i < 10; i += 1) {
      cluster.after(prng.integer(0, 100), () => this.propose(this.#anyone()));
      cluster.after(prng.integer(0, 200), () => this.#readFrom(leader));
    }
    const changes = prng.pick([0, 0, 10]);
    for (let i = 0; i < changes; i += 1) {
      const node = prng.chance(0.5) ? leader : this.#anyone();
      cluster.after(prng.integer(0, 200), () => this.#changeConfiguration(node));
    }
  }

  /** One way, both ways, or one node from all others. */
  #cut(): void {
    const { prng, nodes, cuts } = this.#cluster;
    const [a, b] = [this.#anyone(), prng.pick(nodes)];
    cuts.add(`${a.id}>${b.id}`);
    if (prng.chance(0.5)) cuts.add(`${b.id}>${a.id}`);
    if (prng.chance(0.4)) this.#isolate(a);
  }

  #isolate(node: TestNode): void {
    for (const other of this.#cluster.nodes) {
      this.#cluster.cuts.add(`${node.id}>${other.id}`);
      this.#cluster.cuts.add(`${other.id}>${node.id}`);
    }
  }

  #heal(): void {
    this.#cluster.cuts.clear();
  }

  /** Mostly one node; more than one voter must be refused. */
  #changeConfiguration(node: TestNode): void {
    const current = node.raft?.status(this.#cluster.now).configuration;
    if (current === undefined) return;
    const { prng, nodes } = this.#cluster;
    let configuration = moved(current, prng.pick(nodes).id, prng.integer(0, 2));
    while (prng.chance(0.2)) {
      configuration = moved(configuration, prng.pick(nodes).id, prng.integer(0, 2));
    }
    this.#cluster.input(node, { kind: 'change-configuration', configuration });
  }

  #transfer(): void {
    const { prng, nodes } = this.#cluster;
    this.#cluster.input(this.#anyone(), { kind: 'transfer', to: prng.pick(nodes).id });
  }

  #compact(): void {
    const node = this.#cluster.prng.pick(this.#cluster.nodes);
    const { index, data } = node.machine;
    if (node.isUp && index > 0) this.#cluster.input(node, { kind: 'snapshot', index, data });
  }

  #read(): void {
    this.#readFrom(this.#anyone());
  }

  #readFrom(node: TestNode): void {
    this.#cluster.read(node, this.#nextRead);
    this.#nextRead += 1;
  }

  #hint(): void {
    const { prng, nodes } = this.#cluster;
    const kind = prng.chance(0.7) ? 'peer-silent' : 'peer-heard';
    this.#cluster.input(prng.pick(nodes), { kind, peer: this.#anyone().id });
  }

  #streamUp(): void {
    const { prng, nodes } = this.#cluster;
    this.#cluster.input(this.#anyone(), { kind: 'stream-up', peer: prng.pick(nodes).id });
  }
}

/** A node becomes a voter, a learner, or leaves. */
function moved(current: RaftConfiguration, node: NodeId, to: number): RaftConfiguration {
  const voters = current.voters.filter((other) => other !== node);
  const learners = current.learners.filter((other) => other !== node);
  if (to === 0) return { voters: [...voters, node], learners };
  return { voters, learners: to === 1 ? [...learners, node] : learners };
}

function compareAllLogs(cluster: TestCluster): void {
  for (const a of cluster.nodes) {
    for (const b of cluster.nodes) if (a !== b) cluster.oracle.compareLogs(a.disk, b.disk);
  }
}

/** The liveness half: all is well again, so a command must reach every member within the limit. */
function recover(cluster: TestCluster, chaos: Chaos): void {
  cluster.faults = calm;
  cluster.cuts.clear();
  for (const node of cluster.nodes) cluster.start(node);
  const before = cluster.oracle.commands;
  const hasCommitted = cluster.runUntil(() => {
    const { leader } = cluster;
    if (leader !== undefined) chaos.propose(leader);
    return cluster.oracle.commands > before;
  }, 5000);
  must(hasCommitted, 'liveness: nothing can be committed');
  const hasSpread = cluster.runUntil(() => {
    const status = cluster.leader?.raft?.status(cluster.now);
    if (status === undefined) return false;
    const { voters, learners } = status.configuration;
    return cluster.nodes.every(
      (node) =>
        node.machine.index === cluster.oracle.commit || ![...voters, ...learners].includes(node.id),
    );
  }, 5000);
  must(hasSpread, 'liveness: a member does not catch up');
}
