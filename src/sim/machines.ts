import type { Machine } from '../base/machine.ts';
import type { HeartEffect, HeartInput, HeartStart } from '../core/membership/heart-machine.ts';
import type { NodeEffect, NodeInput, NodeStart } from '../core/node/node-io.ts';

/** What runs on every simulated host. Deliberate bugs put themselves around these. */
export interface Machines {
  heart(start: HeartStart): Machine<HeartInput, HeartEffect>;
  node(start: NodeStart): Machine<NodeInput, NodeEffect>;
}
