import type { PathQuality } from './network.ts';
import type { Simulation } from './simulation.ts';

/** Takes a fault back. Calling it twice does nothing. */
export type Undo = () => void;

/** What can be done to the network of a simulated cluster, each with its way back. */
export class Faults {
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** One cable of a host: nothing passes on that link, in either direction. */
  cutCable(host: number, link: number): Undo {
    return this.#cut((from, to, at) => at === link && (from === host || to === host));
  }

  /** All cables of a host. */
  isolate(host: number): Undo {
    return this.#cut((from, to) => from === host || to === host);
  }

  /** A switch: nothing passes on one link between any two hosts. */
  cutLink(link: number): Undo {
    return this.#cut((_from, _to, at) => at === link);
  }

  /** Nothing passes from one host to another on any link; the way back works. */
  cutOneWay(from: number, to: number): Undo {
    return this.#cut((a, b) => a === from && b === to);
  }

  /** Nothing passes between two hosts. */
  cutPair(one: number, other: number): Undo {
    return this.#cut((a, b) => (a === one && b === other) || (a === other && b === one));
  }

  /** What the host sends gets nowhere; what is sent to it arrives. */
  mute(host: number): Undo {
    return this.#cut((from) => from === host);
  }

  /** The host hears nobody; everybody hears it. */
  deafen(host: number): Undo {
    return this.#cut((_from, to) => to === host);
  }

  /** Hosts of one side reach only their own side. */
  partition(side: readonly number[]): Undo {
    return this.#cut((from, to) => side.includes(from) !== side.includes(to));
  }

  /** Makes paths worse: those for which `applies` says so. */
  worsen(quality: PathQuality, applies: (from: number, to: number, link: number) => boolean): Undo {
    const { network } = this.#simulation;
    const paths = this.#paths(applies);
    for (const [from, to, link] of paths) network.worsen(from, to, link, quality);
    return once(() => {
      for (const [from, to, link] of paths) network.mend(from, to, link, quality);
    });
  }

  #cut(applies: (from: number, to: number, link: number) => boolean): Undo {
    const { network } = this.#simulation;
    const paths = this.#paths(applies);
    for (const [from, to, link] of paths) network.cut(from, to, link);
    return once(() => {
      for (const [from, to, link] of paths) network.heal(from, to, link);
    });
  }

  #paths(
    applies: (from: number, to: number, link: number) => boolean,
  ): (readonly [number, number, number])[] {
    const { hosts, links } = this.#simulation.network;
    const paths: (readonly [number, number, number])[] = [];
    for (let from = 0; from < hosts; from += 1) {
      for (let to = 0; to < hosts; to += 1) {
        for (let link = 0; link < links; link += 1) {
          if (from !== to && applies(from, to, link)) paths.push([from, to, link]);
        }
      }
    }
    return paths;
  }
}

/** The action, done at most once. */
export function once(action: () => void): Undo {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
