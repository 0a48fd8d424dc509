import type { Entry } from '../../core/raft/entry.ts';
import type { Command } from '../../model/command.ts';
import { isExclusive, type NodeId } from '../../model/ids.ts';
import { Observer, Violation } from '../observer.ts';
import type { Simulation } from '../simulation.ts';

/** R16, and the grain of a timer: a gate may shut so much after the promises were counted. */
const TOLERANCE_MS = 25;

/**
 * R6, R7, R11 to R13 against the world: when the log says that an incarnation is lost its gate is shut; when it says
 * that it is down nothing of it is left; and nothing is given to a node while it is active on another one.
 */
export class TakeoverChecker extends Observer {
  #simulation: Simulation | undefined;
  /** Losses and takeovers that were seen, so that a quiet run is not taken for a proof. */
  losses = 0;
  takeovers = 0;

  watch(simulation: Simulation): void {
    this.#simulation = simulation;
  }

  onCommit(entry: Entry): void {
    const simulation = this.#simulation;
    if (simulation === undefined || entry.kind !== 'command') return;
    const command = entry.command as Command;
    if (command.kind === 'lost') this.#lost(simulation, command.node, command.incarnation);
    if (command.kind === 'down' && command.proof === 'lease') {
      this.#down(simulation, command.node, command.incarnation);
    }
    if (command.kind === 'order') {
      for (const order of command.orders) {
        if (order.action === 'start' && isExclusive(order.instance)) {
          this.#started(simulation, order.instance, order.node);
        }
        if (order.takeover) this.takeovers += 1;
      }
    }
  }

  #lost(simulation: Simulation, node: NodeId, incarnation: number): void {
    this.losses += 1;
    const host = simulation.names.indexOf(node);
    const { world } = simulation;
    const kernel = world.kernel(host);
    simulation.queue.after(TOLERANCE_MS, () => {
      const isOpen = world.kernel(host) === kernel && kernel.gates.get(incarnation) === true;
      if (!isOpen || world.wasImpaired(host)) return;
      simulation.fail(
        'safety',
        'lost-with-lease',
        `incarnation ${incarnation} of ${node} is lost in the log, and its gate is still open`,
      );
    });
  }

  #down(simulation: Simulation, node: NodeId, incarnation: number): void {
    const host = simulation.names.indexOf(node);
    const { world } = simulation;
    if (world.wasImpaired(host)) return;
    const kernel = world.kernel(host);
    const left = kernel.left(incarnation, simulation.now);
    if (left.length === 0 && kernel.gates.get(incarnation) !== true) return;
    throw new Violation(
      'safety',
      'down-too-early',
      `incarnation ${incarnation} of ${node} is down in the log, and still has: ${left.join(', ') || 'an open gate'}`,
    );
  }

  #started(simulation: Simulation, instance: Parameters<typeof isExclusive>[0], to: NodeId): void {
    const { world } = simulation;
    for (const host of world.activeOn(instance)) {
      const name = simulation.names[host];
      if (name === to || world.wasImpaired(host)) continue;
      throw new Violation(
        'safety',
        'given-while-active',
        `${instance} is given to ${to} while it is active on ${name}`,
      );
    }
  }
}
