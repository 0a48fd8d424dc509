import { assert } from '../../base/assert.ts';
import type { NodeId } from '../../model/ids.ts';

/** The small numbers (1 … 65535) that stand for node names in datagrams; the configuration gives them out. */
export class NodeNumbers {
  readonly #numbers = new Map<NodeId, number>();
  readonly #names = new Map<number, NodeId>();

  constructor(nodes: Iterable<readonly [NodeId, number]>) {
    for (const [node, number] of nodes) {
      assert(Number.isInteger(number) && number > 0 && number < 0x1_0000, `node number ${number}`);
      assert(!this.#names.has(number), `two nodes have number ${number}`);
      assert(!this.#numbers.has(node), `node ${node} has two numbers`);
      this.#numbers.set(node, number);
      this.#names.set(number, node);
    }
  }

  numberOf(node: NodeId): number | undefined {
    return this.#numbers.get(node);
  }

  nameOf(number: number): NodeId | undefined {
    return this.#names.get(number);
  }
}
