import type { HeartEffect } from '../core/membership/heart-machine.ts';
import type { NodeEffect } from '../core/node/node-io.ts';
import { Observer } from './observer.ts';

/** A fault that waits for the worst moment. Springs once. */
export interface Ambush {
  readonly isMoment: (effect: NodeEffect | HeartEffect) => boolean;
  readonly spring: (host: number) => void;
}

/** Faults that lie in wait for what a machine asks for: random times would hardly ever meet such moments. */
export class Ambushes extends Observer {
  #waiting: Ambush[] = [];

  add(ambush: Ambush): void {
    this.#waiting.push(ambush);
  }

  clear(): void {
    this.#waiting = [];
  }

  override onNodeEffect(host: number, effect: NodeEffect): void {
    if (this.#waiting.length > 0) this.#look(host, effect);
  }

  override onHeartEffect(host: number, effect: HeartEffect): void {
    if (this.#waiting.length > 0) this.#look(host, effect);
  }

  #look(host: number, effect: NodeEffect | HeartEffect): void {
    const sprung = this.#waiting.find((ambush) => ambush.isMoment(effect));
    if (sprung === undefined) return;
    this.#waiting = this.#waiting.filter((ambush) => ambush !== sprung);
    sprung.spring(host);
  }
}
