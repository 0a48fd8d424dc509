import type { HeartEffect } from '../core/membership/heart-machine.ts';
import type { DiskWrite, NodeEffect, NodeInput } from '../core/node/node-io.ts';
import type { DiskImage } from './disk-image.ts';
import type { Activation } from './world.ts';

/** Looks on from outside and may object. Each method does nothing unless a checker needs it. */
export class Observer {
  /** Something became active or inactive in the world. */
  onActivation(_change: Activation): void {}

  /** An agent took an input, and asks for an effect. */
  onNodeInput(_host: number, _input: NodeInput): void {}

  onNodeEffect(_host: number, _effect: NodeEffect): void {}

  /** A heart asks for an effect other than a packet. */
  onHeartEffect(_host: number, _effect: HeartEffect): void {}

  /** A write is on disk now. */
  onDurable(_host: number, _write: DiskWrite, _image: DiskImage): void {}

  /** An agent process begins with what it finds on the disk. */
  onAgentStart(_host: number, _image: DiskImage): void {}

  /** The host lost its power; what it ran is gone. */
  onPowerOff(_host: number): void {}

  /** Something was done to the cluster on purpose. */
  onFault(_text: string): void {}
}

/** What a run came to. */
export type Failure = {
  /** crash: a machine asserted. safety: a promise was broken. liveness: it did not come back. */
  readonly kind: 'crash' | 'safety' | 'liveness';
  readonly rule: string;
  readonly text: string;
  readonly atMs: number;
};

/** Thrown by checkers; ends the run. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly kind: Failure['kind'];
  readonly rule: string;

  constructor(kind: Failure['kind'], rule: string, text: string) {
    super(text);
    this.kind = kind;
    this.rule = rule;
  }
}
