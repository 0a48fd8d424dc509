import type { HeartEffect } from '../../core/membership/heart-machine.ts';
import type { Entry } from '../../core/raft/entry.ts';
import type { Command } from '../../model/command.ts';
import { Observer, Violation } from '../observer.ts';
import type { Activation } from '../world.ts';

/** P3: while it is armed, no service starts or stops, no lease ends and no node is lost. */
export class CalmChecker extends Observer {
  readonly #names: readonly string[];
  #armed = false;
  #fault = 'nothing';

  constructor(names: readonly string[]) {
    super();
    this.#names = names;
  }

  arm(on: boolean): void {
    this.#armed = on;
  }

  override onFault(text: string): void {
    this.#fault = text;
  }

  override onActivation({ host, instance, active, why }: Activation): void {
    const verb = active ? 'started' : 'ended';
    this.#object(`${instance} ${verb} on ${this.#names[host]} (${why})`);
  }

  override onHeartEffect(host: number, effect: HeartEffect): void {
    if (effect.kind === 'note' && effect.note.kind === 'lease-ended') {
      this.#object(`${this.#names[host]} lost its lease`);
    }
    if (effect.kind === 'reset-host') this.#object(`${this.#names[host]} resets itself`);
  }

  onCommit(entry: Entry): void {
    if (entry.kind !== 'command') return;
    const command = entry.command as Command;
    if (command.kind === 'lost') this.#object(`${command.node} is lost`);
  }

  #object(what: string): void {
    if (!this.#armed) return;
    throw new Violation('safety', 'needless-outage', `${what}; last: ${this.#fault}`);
  }
}
