import {
  type CloneConfig,
  type ClusterConfig,
  defaultMeta,
  defaultNode,
  type GroupConfig,
  INFINITY_SCORE,
  type MetaConfig,
  type PrimitiveConfig,
  type Rule,
} from '../../../src/model/config.ts';
import { explain } from '../../../src/model/explain.ts';
import { instanceId, type NodeId, nodeId, resourceId } from '../../../src/model/ids.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { reasonText } from '../../../src/model/reason-text.ts';
import type { Order } from '../../../src/model/status.ts';
import { World } from './world.ts';

/**
 * A scripted case: blocks of commands, `----`, and what they print. Commands, one a line:
 *
 *   nodes alpha bravo            they join
 *   node alpha standby           also: online, maintenance, witness
 *   lose|down|leave|join|leaving|stay alpha
 *   option maintenance|opt-in|no-maintenance, option stickiness 0
 *   primitive web [restarts=1] [stickiness=5] [priority=1] [stopped] [unmanaged] [maintenance]
 *   group site ip web [stopped …]          of primitives given before
 *   clone proxies proxy [max=2] [per-node=2] [together]     of a primitive or group given before
 *   set web stopped …            changes the meta of a resource; `set web` alone takes that back
 *   delete web
 *   prefer ID web alpha SCORE    location; SCORE may be inf or -inf
 *   with ID web ip SCORE         colocation: web with ip
 *   order ID ip web [optional] [one-way]
 *   drop ID                      removes a rule
 *   outside web alpha            it runs there, and nobody told the cluster
 *   settle                       carries out everything until nothing is left; prints what was done
 *   plan                         prints where everything shall run and what is to be done
 *   give                         gives out the orders that wait for nothing, and leaves them unanswered
 *   answer start web on alpha [CODE TEXT]
 *   fail web alpha [CODE TEXT]   a monitor sees it dead
 *   move web bravo, restart web, cleanup web, changed web, clock 60s
 *   why web                      prints the sentence
 */
export class Script {
  readonly world: World = new World();
  readonly #primitives = new Map<string, PrimitiveConfig>();
  readonly #groups = new Map<string, GroupConfig>();

  run(input: string): string {
    const output: string[] = [];
    for (const line of input.split('\n')) {
      if (line.trim() === '' || line.startsWith('#')) continue;
      const printed = this.#command(line.trim().split(/\s+/));
      if (printed !== undefined) output.push(printed);
    }
    return output.length === 0 ? 'ok' : output.join('\n');
  }

  #command(words: readonly string[]): string | undefined {
    const [verb = '', ...args] = words;
    const [first = '', second = ''] = args;
    const world = this.world;
    switch (verb) {
      case 'nodes':
        for (const name of args) {
          world.add(nodeId(name));
          world.join(nodeId(name));
        }
        return undefined;
      case 'node':
        return this.#node(nodeId(first), args.slice(1));
      case 'lose':
        world.apply({ kind: 'lost', node: nodeId(first), ...this.#incarnation(first) });
        return undefined;
      case 'down':
        world.down(nodeId(first));
        return undefined;
      case 'leave':
        world.apply({ kind: 'leave', node: nodeId(first), ...this.#incarnation(first) });
        return undefined;
      case 'join':
        world.join(nodeId(first));
        return undefined;
      case 'leaving':
      case 'stay':
        world.apply({
          kind: 'leaving',
          node: nodeId(first),
          on: verb === 'leaving',
          ...this.#incarnation(first),
        });
        return undefined;
      case 'option':
        return this.#option(first, second);
      case 'outside':
        world.running.add(`${first}@${second}`);
        return undefined;
      case 'clock':
        world.wallMs += Number.parseInt(first, 10) * 1000;
        return undefined;
      case 'settle':
        return world.settle().join('\n') || 'nothing to do';
      case 'plan':
        return planText(world.plan());
      case 'give':
        return world.giveOrders().map(orderText).join('\n') || 'nothing';
      case 'why':
        return this.#why(first);
      default:
        return this.#configureOrAct(verb, args);
    }
  }

  #configureOrAct(verb: string, args: readonly string[]): undefined {
    const [first = '', second = '', third = '', fourth = ''] = args;
    const world = this.world;
    const resource = resourceId(first);
    switch (verb) {
      case 'primitive': {
        const primitive = primitiveConfig(first, args.slice(1));
        this.#primitives.set(first, primitive);
        return this.#configure({ resources: [...world.config.resources, primitive] });
      }
      case 'group':
        return this.#group(first, args.slice(1));
      case 'clone':
        return this.#clone(first, second, args.slice(2));
      case 'set':
        return this.#setMeta(first, metaOf(args.slice(1)));
      case 'delete':
        return this.#configure({
          resources: world.config.resources.filter((item) => item.id !== first),
        });
      case 'prefer':
        return this.#rule({
          kind: 'location',
          id: first,
          resource: resourceId(second),
          node: nodeId(third),
          score: scoreOf(fourth),
        });
      case 'with':
        return this.#rule({
          kind: 'colocation',
          id: first,
          dependent: resourceId(second),
          primary: resourceId(third),
          score: scoreOf(fourth),
        });
      case 'order':
        return this.#order(first, resourceId(second), resourceId(third), args.slice(3));
      case 'drop':
        return this.#configure({ rules: world.config.rules.filter((rule) => rule.id !== first) });
      case 'move':
        return world.apply({
          kind: 'wish',
          wish: { kind: 'move', resource, to: nodeId(second) },
          by: 'test',
        }) as undefined;
      case 'restart':
        return world.apply({
          kind: 'wish',
          wish: { kind: 'restart', resource },
          by: 'test',
        }) as undefined;
      case 'cleanup':
        return world.apply({ kind: 'cleanup', resource, node: undefined, by: 'test' }) as undefined;
      case 'changed':
        world.changed = [instanceId(first)];
        return undefined;
      case 'fail':
        world.fail(instanceId(first), nodeId(second), {
          exitCode: Number(third || '7'),
          reason: args.slice(3).join(' '),
        });
        return undefined;
      case 'answer':
        return this.#answer(args);
      default:
        throw new Error(`unknown command ${verb}`);
    }
  }

  #incarnation(node: string): { readonly incarnation: number } {
    return { incarnation: this.world.incarnation(nodeId(node)) };
  }

  #configure(change: Partial<ClusterConfig>): undefined {
    this.world.configure(change);
    return undefined;
  }

  #rule(rule: Rule): undefined {
    return this.#configure({ rules: [...this.world.config.rules, rule] });
  }

  #order(
    id: string,
    first: ReturnType<typeof resourceId>,
    then: ReturnType<typeof resourceId>,
    words: readonly string[],
  ): undefined {
    return this.#rule({
      kind: 'order',
      id,
      first,
      then,
      strength: words.includes('optional') ? 'optional' : 'mandatory',
      symmetrical: !words.includes('one-way'),
    });
  }

  #node(node: NodeId, words: readonly string[]): undefined {
    const config = {
      ...defaultNode,
      standby: words.includes('standby'),
      maintenance: words.includes('maintenance'),
      role: words.includes('witness') ? ('witness' as const) : ('auto' as const),
    };
    return this.#configure({ nodes: { ...this.world.config.nodes, [node]: config } });
  }

  #option(name: string, value: string): undefined {
    const options = { ...this.world.config.options };
    const change = {
      maintenance: { maintenance: true },
      'no-maintenance': { maintenance: false },
      'opt-in': { symmetric: false },
      stickiness: { stickiness: Number(value) },
    }[name];
    if (change === undefined) throw new Error(`unknown option ${name}`);
    return this.#configure({ options: { ...options, ...change } });
  }

  #group(id: string, words: readonly string[]): undefined {
    const members = words.flatMap((word) => this.#primitives.get(word) ?? []);
    const meta = metaOf(words.filter((word) => !this.#primitives.has(word)));
    const group: GroupConfig = { kind: 'group', id: resourceId(id), members, meta };
    this.#groups.set(id, group);
    const names = new Set<string>(members.map((member) => member.id));
    const others = this.world.config.resources.filter((item) => !names.has(item.id));
    return this.#configure({ resources: [...others, group] });
  }

  #clone(id: string, inner: string, words: readonly string[]): undefined {
    const of = this.#primitives.get(inner) ?? this.#groups.get(inner);
    if (of === undefined) throw new Error(`clone of unknown ${inner}`);
    const value = (key: string): number | undefined => {
      const found = words.find((word) => word.startsWith(`${key}=`));
      return found === undefined ? undefined : Number(found.slice(key.length + 1));
    };
    const clone: CloneConfig = {
      kind: 'clone',
      id: resourceId(id),
      of,
      max: value('max'),
      maxPerNode: value('per-node') ?? 1,
      interleave: !words.includes('together'),
      meta: metaOf(words),
    };
    const others = this.world.config.resources.filter(
      (item) => item.id !== inner && item.id !== id,
    );
    return this.#configure({ resources: [...others, clone] });
  }

  #setMeta(id: string, meta: MetaConfig): undefined {
    const resources = this.world.config.resources.map((item) => {
      if (item.id === id) return { ...item, meta };
      if (item.kind !== 'group') return item;
      const members = item.members.map((member) =>
        member.id === id ? { ...member, meta } : member,
      );
      return { ...item, members };
    });
    return this.#configure({ resources });
  }

  #answer(args: readonly string[]): undefined {
    const [action, instance, , node, code = '0', ...text] = args;
    const order = [...this.world.state.orders()].find(
      (item) => item.action === action && item.instance === instance && item.node === node,
    );
    if (order === undefined) throw new Error(`no such order: ${args.join(' ')}`);
    this.world.answer(order, { exitCode: Number(code), reason: text.join(' ') });
    return undefined;
  }

  #why(resource: string): string {
    const plan = this.world.plan();
    const found = explain(
      {
        resources: this.world.config.resources,
        assignments: plan.assignments,
        actions: plan.actions,
        facts: this.world.state.facts(),
        quorate: true,
      },
      resourceId(resource),
    );
    return found?.sentence ?? 'no such resource';
  }
}

/** A primitive with defaults, and what the words change. */
export function primitiveConfig(id: string, words: readonly string[] = []): PrimitiveConfig {
  return {
    kind: 'primitive',
    id: resourceId(id),
    agent: { kind: 'process' },
    parameters: {},
    operations: { startTimeoutMs: 20_000, stopTimeoutMs: 20_000, monitors: [] },
    meta: metaOf(words),
  };
}

function metaOf(words: readonly string[]): MetaConfig {
  const number = (key: string): number | undefined => {
    const found = words.find((word) => word.startsWith(`${key}=`));
    return found === undefined ? undefined : Number(found.slice(key.length + 1));
  };
  return {
    ...defaultMeta,
    targetRole: words.includes('stopped') ? 'stopped' : 'started',
    managed: !words.includes('unmanaged'),
    maintenance: words.includes('maintenance'),
    priority: number('priority') ?? 0,
    stickiness: number('stickiness'),
    restarts: number('restarts') ?? defaultMeta.restarts,
  };
}

function scoreOf(text: string): number {
  if (text === 'inf') return INFINITY_SCORE;
  return text === '-inf' ? -INFINITY_SCORE : Number(text);
}

function orderText(order: Order): string {
  return `${order.action} ${order.instance} on ${order.node}`;
}

function planText(plan: Plan): string {
  const lines = plan.assignments.map((item) => {
    const where = item.node === undefined ? 'nowhere' : `on ${item.node}`;
    return `${item.instance} ${where}: ${reasonText(item.reason)}`;
  });
  for (const action of plan.actions) {
    const marks = [
      action.inFlight ? ' (under way)' : '',
      action.takeover ? ' (take-over)' : '',
      action.after.length > 0 ? ` after [${action.after.join(', ')}]` : '',
      action.blockedBy === undefined ? '' : ` BLOCKED: ${reasonText(action.blockedBy)}`,
    ];
    lines.push(`> ${action.id}${marks.join('')}: ${reasonText(action.reason)}`);
  }
  for (const wish of plan.wishesDone) {
    const why = wish.reason === undefined ? '' : `: ${reasonText(wish.reason)}`;
    lines.push(`wish ${wish.id} ${wish.fulfilled ? 'fulfilled' : 'cannot be'}${why}`);
  }
  if (plan.recheckAtMs !== undefined) lines.push(`look again at ${plan.recheckAtMs}`);
  if (plan.actions.length === 0) lines.push('nothing to do');
  return lines.join('\n');
}
