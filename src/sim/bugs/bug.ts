import type { Instant } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import type { NodeId } from '../../model/ids.ts';
import type { Profile } from '../fault-plan.ts';
import type { Machines } from '../machines.ts';
import { realMachines } from '../real-machines.ts';

/** A mistake that somebody could make, put into the machines on purpose: the simulator must find it. */
export interface Bug {
  readonly name: string;
  /** The rule of the lease protocol, or the promise, that it breaks. */
  readonly rule: string;
  /** What is wrong, in one line. */
  readonly what: string;
  /** It is found within so many seeds, from seed 1 on. */
  readonly seedsMax: number;
  readonly profile: Profile;
  readonly nodes: number | undefined;
  /** Kinds of faults without which it would take too many seeds; undefined: as each seed draws. */
  readonly kinds: readonly string[] | undefined;
  /** Puts it in; the result takes it out again. */
  install(): { readonly machines: Machines; remove(): void };
}

type Where = Pick<Bug, 'name' | 'rule' | 'what' | 'seedsMax'> &
  Partial<Pick<Bug, 'profile' | 'nodes' | 'kinds'>>;

/** A bug that puts itself around the machines. */
export function wrappingBug(where: Where, wrap: (machines: Machines) => Machines): Bug {
  return {
    profile: 'storm',
    nodes: undefined,
    kinds: undefined,
    ...where,
    install: () => ({ machines: wrap(realMachines), remove: () => {} }),
  };
}

/** A bug in a part of a machine: methods of the part are replaced while it is installed. */
export function replacingBug(where: Where, replace: () => readonly (() => void)[]): Bug {
  return {
    profile: 'storm',
    nodes: undefined,
    kinds: undefined,
    ...where,
    install: () => {
      const undos = replace();
      return {
        machines: knownMachines,
        remove: () => {
          for (const undo of undos) undo();
        },
      };
    },
  };
}

/** Replaces a method of a prototype. Returns what puts it back. */
export function replaceMethod<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  make: (original: T[K]) => T[K],
): () => void {
  const original = prototype[name];
  prototype[name] = make(original);
  return () => {
    prototype[name] = original;
  };
}

/** A machine whose inputs and effects somebody has his fingers in. */
export class Meddled<Input, Effect> implements Machine<Input, Effect> {
  readonly inner: Machine<Input, Effect>;
  readonly #meddle: Meddling<Input, Effect>;

  constructor(inner: Machine<Input, Effect>, meddle: Meddling<Input, Effect>) {
    this.inner = inner;
    this.#meddle = meddle;
  }

  step(input: Input, now: Instant): readonly Effect[] {
    return this.#meddle(input, now, (given) => this.inner.step(given, now));
  }

  deadline(): Instant | undefined {
    return this.inner.deadline();
  }
}

/** Takes an input and gives the effects; `step` is the honest machine. */
export type Meddling<Input, Effect> = (
  input: Input,
  now: Instant,
  step: (input: Input) => readonly Effect[],
) => readonly Effect[];

/** Whose machine takes a step now, and what its clock shows: for parts that are not told. */
export const acting: { self: NodeId | undefined; now: Instant | undefined } = {
  self: undefined,
  now: undefined,
};

/** The machines of the product, which tell who acts. */
const knownMachines: Machines = {
  heart: (start) => known(start.self, realMachines.heart(start)),
  node: (start) => known(start.self, realMachines.node(start)),
};

function known<Input, Effect>(
  self: NodeId,
  machine: Machine<Input, Effect>,
): Machine<Input, Effect> {
  return new Meddled<Input, Effect>(machine, (input, now, step) => {
    acting.self = self;
    acting.now = now;
    return step(input);
  });
}
