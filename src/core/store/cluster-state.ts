import { unreachable } from '../../base/assert.ts';
import { canonicalJson } from '../../base/canonical-json.ts';
import { sortedBy, sortedEntries, sortedTexts } from '../../base/order.ts';
import type { ClusterSecrets, Command } from '../../model/command.ts';
import type { ClusterConfig, PrimitiveConfig } from '../../model/config.ts';
import type { ClusterEvent } from '../../model/event.ts';
import { type InstanceId, type NodeId, primitiveOf } from '../../model/ids.ts';
import type { Wish } from '../../model/plan.ts';
import { primitiveById } from '../../model/resources.ts';
import type { ClusterStatus, InstanceStatus, MemberStatus, Order } from '../../model/status.ts';
import { bootstrap, configure, token, wish, wishDone } from './configuration.ts';
import { record } from './event-log.ts';
import { cleanup, failure, mended, order, result } from './instances.ts';
import { addNode, down, join, leave, leaving, lost, removeNode } from './members.ts';
import { applied, type Outcome } from './outcome.ts';
import { emptyState, instanceKey, type JoinToken, type State } from './state.ts';

/** Format of the text that `snapshot` gives. */
const FORMAT = 1;

/**
 * The replicated state: committed commands applied in order, on every node alike. Configuration (what people
 * wrote) and status (what happened) are apart. Time comes in with the commands only.
 */
export class ClusterState {
  #state: State;
  #facts: ClusterStatus | undefined;

  constructor() {
    this.#state = emptyState();
  }

  /** Index of the last applied entry. */
  get index(): number {
    return this.#state.index;
  }

  get clusterId(): string {
    return this.#state.clusterId;
  }

  /** Undefined before the cluster's first command has arrived. */
  get config(): ClusterConfig | undefined {
    return this.#state.config;
  }

  get configVersion(): number {
    return this.#state.configVersion;
  }

  get configSource(): string | undefined {
    return this.#state.configSource;
  }

  get secrets(): ClusterSecrets {
    return this.#state.secrets;
  }

  get wishes(): readonly Wish[] {
    return this.#state.wishes;
  }

  get leaving(): readonly NodeId[] {
    return sortedTexts(this.#state.leaving);
  }

  get lastEvent(): number {
    return this.#state.nextEvent - 1;
  }

  member(node: NodeId): MemberStatus | undefined {
    return this.#state.members.get(node);
  }

  members(): readonly MemberStatus[] {
    return this.facts().members;
  }

  /** The orders that are not yet answered, oldest first. */
  orders(): IterableIterator<Order> {
    return this.#state.orders.values();
  }

  order(id: number): Order | undefined {
    return this.#state.orders.get(id);
  }

  instance(instance: InstanceStatus['instance'], node: NodeId): InstanceStatus | undefined {
    return this.#state.instances.get(instanceKey(instance, node));
  }

  /** The resource as it was when the start of this instance on this node was ordered. */
  definition(instance: InstanceId, node: NodeId): PrimitiveConfig | undefined {
    return this.#state.definitions.get(instanceKey(instance, node));
  }

  /** Instances that run by another agent or other parameters than the configuration says now. */
  changed(): readonly InstanceId[] {
    return this.facts().instances.flatMap(({ instance, node, assignment }) => {
      const running = this.definition(instance, node);
      const wanted = primitiveById(this.config, primitiveOf(instance));
      if (assignment === undefined || running === undefined || wanted === undefined) return [];
      const same =
        running === wanted ||
        canonicalJson([running.agent, running.parameters]) ===
          canonicalJson([wanted.agent, wanted.parameters]);
      return same ? [] : [instance];
    });
  }

  token(id: string): JoinToken | undefined {
    return this.#state.tokens.get(id);
  }

  /** Events with a number above `after`, oldest first, at most `limit`. */
  eventsAfter(after: number, limit: number): readonly ClusterEvent[] {
    const events = this.#state.events;
    const first = events[0]?.number ?? 1;
    const start = Math.max(0, after + 1 - first);
    return events.slice(start, start + limit);
  }

  /** What happened, as plain data in a fixed order. The same object until the next change. */
  facts(): ClusterStatus {
    const state = this.#state;
    this.#facts ??= {
      index: state.index,
      members: sortedBy(state.members.values(), (member) => member.node),
      instances: sortedEntries(state.instances).map(([, status]) => status),
      orders: [...state.orders.values()],
      failures: state.failures,
    };
    return this.#facts;
  }

  /** Notes entries without a command of ours (no-ops, voter sets): only the index moves. */
  skip(index: number): void {
    this.#state.index = index;
    this.#facts = undefined;
  }

  /** Adds a line about a voter set that came into force. */
  votersChanged(voters: readonly NodeId[]): void {
    record(this.#state, this.#state.lastMs, { kind: 'voters-changed', voters });
  }

  /** Applies the command at an index of the log. */
  apply(command: Command, index: number): Outcome {
    this.skip(index);
    const state = this.#state;
    state.lastMs = command.atMs;
    switch (command.kind) {
      case 'bootstrap':
        return bootstrap(state, command);
      case 'lead':
        record(state, command.atMs, {
          kind: 'leader-elected',
          node: command.node,
          term: command.term,
        });
        return applied;
      case 'add-node':
        return addNode(state, command);
      case 'remove-node':
        return removeNode(state, command);
      case 'join':
        return join(state, command);
      case 'leaving':
        return leaving(state, command);
      case 'leave':
        return leave(state, command);
      case 'lost':
        return lost(state, command);
      case 'down':
        return down(state, command);
      case 'configure':
        return configure(state, command);
      case 'wish':
        return wish(state, command);
      case 'wish-done':
        return wishDone(state, command);
      case 'order':
        return order(state, command);
      case 'result':
        return result(state, command);
      case 'failure':
        return failure(state, command);
      case 'mended':
        return mended(state, command);
      case 'cleanup':
        return cleanup(state, command);
      case 'token':
        return token(state, command);
      default:
        return unreachable(command);
    }
  }

  /** The whole state as text; equal states give equal texts. */
  snapshot(): string {
    const {
      members,
      leaving: leave_,
      instances,
      definitions,
      orders,
      tokens,
      ...rest
    } = this.#state;
    return canonicalJson({
      format: FORMAT,
      ...rest,
      members: sortedBy(members.values(), (member) => member.node),
      leaving: sortedTexts(leave_),
      instances: sortedEntries(instances),
      definitions: sortedEntries(definitions),
      orders: [...orders.values()],
      tokens: sortedEntries(tokens),
    });
  }

  /** The state that `snapshot` gave. Throws on a text of another format. */
  static restore(text: string): ClusterState {
    const data = JSON.parse(text) as SnapshotData;
    if (data.format !== FORMAT) {
      throw new RangeError(`snapshot format ${data.format} is not ${FORMAT}`);
    }
    const {
      format: _,
      members,
      leaving: left,
      instances,
      definitions,
      orders,
      tokens,
      ...rest
    } = data;
    const state = new ClusterState();
    state.#state = {
      ...emptyState(),
      ...rest,
      members: new Map(members.map((member) => [member.node, member])),
      leaving: new Set(left),
      instances: new Map(instances),
      definitions: new Map(definitions),
      orders: new Map(orders.map((item) => [item.id, item])),
      tokens: new Map(tokens),
    };
    return state;
  }
}

type MapName = 'members' | 'leaving' | 'instances' | 'definitions' | 'orders' | 'tokens';

type SnapshotData = Omit<State, MapName> & {
  readonly format: number;
  readonly members: readonly MemberStatus[];
  readonly leaving: readonly NodeId[];
  readonly instances: readonly [string, InstanceStatus][];
  readonly definitions: readonly [string, PrimitiveConfig][];
  readonly orders: readonly Order[];
  readonly tokens: readonly [string, JoinToken][];
};
