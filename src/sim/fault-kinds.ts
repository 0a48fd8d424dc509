import type { Prng } from '../base/prng.ts';
import { defaultNode } from '../model/config.ts';
import type { Faults, Undo } from './faults.ts';
import type { Host } from './host.ts';
import { between } from './random-streams.ts';
import type { Simulation } from './simulation.ts';

/** What a fault has at hand when it strikes. */
export interface Strike {
  readonly simulation: Simulation;
  readonly faults: Faults;
  readonly prng: Prng;
  /** The host that was drawn. */
  readonly host: Host;
  /** Has a fault that began later taken back after a while, or when everything is healed. */
  readonly remember: (forMs: number, name: string, undo: Undo) => void;
}

/** A way in which things go wrong. Returns what takes it back, if it does not pass by itself. */
export interface FaultKind {
  readonly name: string;
  /** How long it lasts, in ms, where it is taken back. */
  readonly minMs: number;
  readonly maxMs: number;
  strike(strike: Strike): Undo | undefined;
}

const YEAR_MS = 365 * 86_400_000;
const none = { loss: 0, duplication: 0, delayMs: 0, jitterMs: 0 };

/** Faults that the cluster must bear without touching a service, one at a time. */
export const calmKinds: readonly FaultKind[] = [
  kind('cable cut', 200, 20_000, ({ faults, host, simulation, prng }) =>
    faults.cutCable(host.index, prng.integer(0, simulation.network.links - 1)),
  ),
  kind('switch off', 200, 20_000, ({ faults, simulation, prng }) =>
    faults.cutLink(prng.integer(0, simulation.network.links - 1)),
  ),
  kind('one lossy link', 1000, 20_000, ({ faults, prng, simulation }) => {
    const link = prng.integer(0, simulation.network.links - 1);
    return faults.worsen({ ...none, loss: 0.3 }, (_from, _to, at) => at === link);
  }),
  kind('some loss', 1000, 20_000, ({ faults }) =>
    faults.worsen({ ...none, loss: 0.03, duplication: 0.05 }, () => true),
  ),
  kind('slow disk', 500, 15_000, ({ host }) => {
    host.disk.quality = { syncMinMs: 20, syncMaxMs: 250 };
    return () => host.disk.repair();
  }),
  kind('agent killed', 0, 0, ({ host }) => passing(() => host.killAgent())),
  kind('agent stalls', 0, 0, ({ host, prng }) =>
    passing(() => host.stallAgent(between(prng, 20, 2500))),
  ),
  kind('heart killed', 0, 0, ({ host, prng }) =>
    passing(() => host.killHeart(between(prng, 20, 100))),
  ),
  kind('heart stalls', 0, 0, ({ host, prng }) =>
    passing(() => host.stallHeart(between(prng, 5, 120))),
  ),
  kind('clock step', 0, 0, ({ host, prng }) =>
    passing(() => host.stepWallClock(between(prng, -3, 3) * YEAR_MS)),
  ),
  kind('clock rate', 0, 0, ({ host, prng, simulation }) =>
    passing(() => host.setClockRate(1 + simulation.driftMax * (2 * prng.fraction() - 1))),
  ),
];

/** Faults beyond the limits: services move, nodes are lost, but nothing may ever run twice. */
export const stormKinds: readonly FaultKind[] = [
  ...calmKinds,
  kind('power-off', 500, 15_000, ({ host }) => powerCycle([host])),
  kind('two power-offs', 500, 15_000, ({ simulation, host, prng }) =>
    powerCycle([host, prng.pick(simulation.hosts)]),
  ),
  kind('all power-off', 200, 5000, ({ simulation }) => powerCycle(simulation.hosts)),
  kind('freeze', 20, 12_000, ({ host }) => {
    host.freeze();
    return () => host.thaw();
  }),
  kind('isolated', 200, 15_000, ({ faults, host }) => faults.isolate(host.index)),
  kind('mute', 200, 10_000, ({ faults, host }) => faults.mute(host.index)),
  kind('deaf', 200, 10_000, ({ faults, host }) => faults.deafen(host.index)),
  kind('one way cut', 200, 15_000, ({ faults, host, simulation, prng }) =>
    faults.cutOneWay(host.index, prng.pick(simulation.hosts).index),
  ),
  kind('voters change', 0, 0, ({ simulation, host, prng }) => {
    const node = prng.pick(simulation.names);
    simulation.request(host.index, { kind: 'config' }, (response) => {
      if (response.kind !== 'config') return;
      const { config, version: ifVersion } = response;
      const settings = config.nodes[node] ?? defaultNode;
      const role = settings.role === 'auto' ? ('learner' as const) : ('auto' as const);
      const nodes = { ...config.nodes, [node]: { ...settings, role } };
      const how = { source: '', ifVersion, by: 'storm', what: `${node}: ${role}`, dryRun: false };
      const request = { kind: 'configure', config: { ...config, nodes }, ...how } as const;
      simulation.queue.after(1, () => simulation.request(host.index, request, () => {}));
    });
    return undefined;
  }),
  kind('pair cut', 200, 8000, ({ faults, host, simulation, prng }) =>
    faults.cutPair(host.index, prng.pick(simulation.hosts).index),
  ),
  kind('flapping', 2000, 12_000, flapping),
  kind('partition', 500, 15_000, ({ faults, simulation, prng }) => {
    const side = simulation.hosts.map((host) => host.index).filter(() => prng.chance(0.5));
    return faults.partition(side);
  }),
  kind('heavy loss', 500, 10_000, ({ faults, prng }) =>
    faults.worsen({ ...none, loss: between(prng, 0.1, 0.7) }, () => true),
  ),
  kind('lossy host', 500, 10_000, ({ faults, prng, host }) =>
    faults.worsen(
      { loss: between(prng, 0.2, 0.9), duplication: 0.1, delayMs: 0, jitterMs: 20 },
      (from, to) => from === host.index || to === host.index,
    ),
  ),
  kind('late packets', 500, 15_000, ({ faults, prng }) =>
    faults.worsen(
      {
        loss: 0,
        duplication: 0.05,
        delayMs: between(prng, 0, 300),
        jitterMs: between(prng, 0, 900),
      },
      () => true,
    ),
  ),
  kind('late, then cut', 300, 4000, ({ faults, host, simulation, prng, remember }) => {
    const quality = { ...none, delayMs: between(prng, 50, 450) };
    const mend = faults.worsen(quality, (_from, to) => to === host.index);
    simulation.queue.after(between(prng, 300, 3000), () => {
      remember(between(prng, 800, 4000), 'cut', faults.isolate(host.index));
    });
    return mend;
  }),
  kind('isolated and stuck', 600, 8000, ({ faults, host, simulation }) => {
    simulation.world.setUnkillable(host.index, true);
    const heal = faults.isolate(host.index);
    return () => {
      simulation.world.setUnkillable(host.index, false);
      heal();
    };
  }),
  kind('very slow disk', 500, 10_000, ({ host, prng }) => {
    host.disk.quality = { syncMinMs: 50, syncMaxMs: between(prng, 200, 4000) };
    return () => host.disk.repair();
  }),
  kind('disk full', 500, 8000, ({ host }) => {
    host.disk.fill();
    return () => host.disk.repair();
  }),
  kind('long agent stall', 0, 0, ({ host, prng }) =>
    passing(() => host.stallAgent(between(prng, 500, 12_000))),
  ),
  kind('long heart stall', 0, 0, ({ host, prng }) =>
    passing(() => host.stallHeart(between(prng, 100, 4000))),
  ),
  kind('agent crash loop', 0, 0, ({ host, simulation, prng }) => {
    const times = prng.integer(2, 8);
    for (let i = 0; i < times; i += 1) {
      simulation.queue.after(i * between(prng, 200, 1500), () => host.killAgent());
    }
    return undefined;
  }),
  kind('heart crash', 0, 0, ({ host, prng }) =>
    passing(() => host.killHeart(between(prng, 20, 1500))),
  ),
  kind('resource dies', 0, 0, ({ host, simulation, prng }) => {
    const running = [...simulation.world.kernel(host.index).things.keys()];
    if (running.length > 0) simulation.world.kill(host.index, prng.pick(running), prng.chance(0.7));
    return undefined;
  }),
  kind('address deleted', 0, 0, ({ host, simulation, prng }) => {
    const held = [...simulation.world.kernel(host.index).addresses.keys()];
    if (held.length > 0) simulation.world.deleteAddress(host.index, prng.pick(held));
    return undefined;
  }),
  kind('bad agents', 1000, 15_000, ({ host, prng }) => {
    host.quality = {
      fail: between(prng, 0, 0.3),
      hang: between(prng, 0, 0.1),
      lie: between(prng, 0, 0.2),
      slowness: between(prng, 1, 15),
    };
    return () => host.healAgents();
  }),
  kind('unkillable', 500, 4000, ({ host, simulation }) => {
    simulation.world.setUnkillable(host.index, true);
    return () => simulation.world.setUnkillable(host.index, false);
  }),
];

/** One node at a time goes without a word; its services must be back in the stated time. */
export const lossKinds: readonly FaultKind[] = [
  kind('power-off', 15_000, 25_000, ({ host }) => powerCycle([host])),
  kind('isolated', 15_000, 25_000, ({ faults, host }) => faults.isolate(host.index)),
];

function kind(
  name: string,
  minMs: number,
  maxMs: number,
  strike: (strike: Strike) => Undo | undefined,
): FaultKind {
  return { name, minMs, maxMs, strike };
}

/** The paths to each other host come and go, each for itself: silences are never complete everywhere at once. */
function _flapping({ faults, host, simulation, prng }: Strike): Undo {
  let isOver = false;
  const heals = new Set<Undo>();
  const flap = (other: number): void => {
    const heal = faults.cutPair(host.index, other);
    heals.add(heal);
    simulation.queue.after(between(prng, 100, 900), () => {
      heals.delete(heal);
      heal();
      simulation.queue.after(between(prng, 30, 500), () => {
        if (!isOver) flap(other);
      });
    });
  };
  for (const { index } of simulation.hosts) {
    if (index !== host.index) {
      simulation.queue.after(between(prng, 0, 900), () => {
        if (!isOver) flap(index);
      });
    }
  }
  return () => {
    isOver = true;
    for (const heal of heals) heal();
  };
}

/** A fault that is over by itself. */
function _passing(_done: undefined | undefined): undefined {
  return undefined;
}

/** The paths to each other host come and go, each for itself: silences are never complete everywhere at once. */
function flapping({ faults, host, simulation, prng }: Strike): Undo {
  let isOver = false;
  const heals = new Set<Undo>();
  const flap = (other: number): void => {
    const heal = faults.cutPair(host.index, other);
    heals.add(heal);
    simulation.queue.after(between(prng, 100, 900), () => {
      heals.delete(heal);
      heal();
      simulation.queue.after(between(prng, 30, 500), () => {
        if (!isOver) flap(other);
      });
    });
  };
  for (const { index } of simulation.hosts) {
    if (index !== host.index) {
      simulation.queue.after(between(prng, 0, 900), () => {
        if (!isOver) flap(index);
      });
    }
  }
  return () => {
    isOver = true;
    for (const heal of heals) heal();
  };
}

/** A fault that is over by itself. */
function passing(strike: () => void): undefined {
  strike();
  return undefined;
}

function powerCycle(hosts: readonly Host[]): Undo {
  for (const host of hosts) host.powerOff();
  return () => {
    for (const host of hosts) host.powerOn();
  };
}
