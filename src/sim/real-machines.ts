import { Heart } from '../core/membership/heart.ts';
import { NodeMachine } from '../core/node/node-machine.ts';
import type { Machines } from './machines.ts';

/** The machines of the product. */
export const realMachines: Machines = {
  heart: (start) => new Heart(start),
  node: (start) => new NodeMachine(start),
};
