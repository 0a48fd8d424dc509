import { type InstanceId, isExclusive } from '../model/ids.ts';

/** Two hosts on which one exclusive instance was active at the same true time. */
export interface DoubleOwner {
  readonly atMs: number;
  readonly instance: InstanceId;
  readonly hosts: readonly [number, number];
  /**
   * `limit`: outside the proof and stated as such: the older owner's host or heart was frozen, so that
   * nobody could put the instance down.
   */
  readonly kind: 'violation' | 'limit';
}

/** Sees from outside, in true time, what is active where. */
export interface WorldView {
  /** Whether an observer would find the instance active on that host now. */
  isActive(host: number, instance: InstanceId): boolean;
  /** Whether nobody could put things down on that host a moment ago. */
  wasImpaired(host: number): boolean;
}

/** P1, judged by the world and not by what nodes believe: no exclusive instance is active on two hosts. */
export class OwnershipJudge {
  readonly #view: WorldView;
  readonly #hosts: number;
  readonly doubles: DoubleOwner[] = [];

  constructor(view: WorldView, hosts: number) {
    this.#view = view;
    this.#hosts = hosts;
  }

  /** Called whenever an instance becomes active on a host, or its host serves again. */
  activated(host: number, instance: InstanceId, nowMs: number): void {
    if (!isExclusive(instance)) return;
    for (let other = 0; other < this.#hosts; other += 1) {
      if (other === host || !this.#view.isActive(other, instance)) continue;
      const limit = this.#view.wasImpaired(other) || this.#view.wasImpaired(host);
      this.doubles.push({
        atMs: nowMs,
        instance,
        hosts: [other, host],
        kind: limit ? 'limit' : 'violation',
      });
    }
  }

  get violation(): DoubleOwner | undefined {
    return this.doubles.find((double) => double.kind === 'violation');
  }
}
