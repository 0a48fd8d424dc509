import type { Machine } from '../../base/machine.ts';
import type { NodeEffect, NodeInput } from '../../core/node/node-io.ts';
import type { RaftMessage } from '../../core/raft/messages.ts';
import { ClusterState } from '../../core/store/cluster-state.ts';
import { type NodeId, nodeId } from '../../model/ids.ts';
import type { OperationResult } from '../../model/operation.ts';
import type { Machines } from '../machines.ts';
import {
  acting,
  type Bug,
  Meddled,
  type Meddling,
  replaceMethod,
  replacingBug,
  wrappingBug,
} from './bug.ts';

type NodeMeddling = Meddling<NodeInput, NodeEffect>;

const done: OperationResult = {
  status: 'done',
  exitCode: 0,
  reason: '',
  stdout: '',
  stderr: '',
  durationMs: 1,
};
const victim = nodeId('bravo');

/** Mistakes of the agent: Raft and its disk, the replicated state, R11 to R13, restarts. */
export const nodeBugs: readonly Bug[] = [
  wrappingBug(
    {
      name: 'vote-twice',
      rule: 'Raft',
      what: 'a voter grants every vote that it is asked for',
      seedsMax: 200,
      nodes: 7,
      kinds: ['heavy loss'],
    },
    aroundNode(() => (input, _now, step) => [...step(input), ...extraVotes(input)]),
  ),
  wrappingBug(
    {
      name: 'forget-to-sync',
      rule: 'P2',
      what: 'what is written is taken for durable before it is',
      seedsMax: 40,
      nodes: 3,
      kinds: ['two power-offs', 'power-off at an append'],
    },
    aroundNode(() => (input, _now, step) => {
      if (input.kind === 'persisted') return [];
      const effects: NodeEffect[] = [];
      for (let next = step(input); next.length > 0; ) {
        effects.push(...next);
        const last = next.filter((effect) => effect.kind === 'persist').at(-1);
        next = last === undefined ? [] : step({ kind: 'persisted', ticket: last.ticket });
      }
      return effects;
    }),
  ),
  wrappingBug(
    {
      name: 'commit-without-quorum',
      rule: 'P2',
      what: 'a leader takes what it sent for what its followers have on disk',
      seedsMax: 8,
    },
    aroundNode(() => (input, _now, step) => {
      const effects = step(input);
      return [...effects, ...effects.flatMap((effect) => acceptAtOnce(effect, step))];
    }),
  ),
  wrappingBug(
    {
      name: 'log-forgotten',
      rule: 'P2',
      what: 'a restart forgets the last entry of the log',
      seedsMax: 8,
    },
    (machines) => ({
      ...machines,
      node: (start) => {
        const entries = start.disk.entries.slice(0, -1);
        const commit = Math.min(start.disk.commit, entries.at(-1)?.index ?? 0);
        return machines.node({ ...start, disk: { ...start.disk, entries, commit } });
      },
    }),
  ),
  stateBug('apply-twice', 'one node applies each command twice', (apply) => {
    apply();
    return apply();
  }),
  stateBug('skip-lost', 'one node does not apply that a member is lost', (apply, kind) =>
    kind === 'lost' ? { kind: 'applied', changed: false } : apply(),
  ),
  wrappingBug(
    {
      name: 'operation-outside-gate',
      rule: 'R11',
      what: 'exclusive resources start outside the gate that the heart can shut',
      seedsMax: 8,
      kinds: ['isolated'],
    },
    aroundNode(
      () => (input, _now, step) =>
        step(input).map((effect) =>
          effect.kind === 'operate'
            ? { ...effect, operation: { ...effect.operation, exclusive: false } }
            : effect,
        ),
    ),
  ),
  wrappingBug(
    {
      name: 'join-before-down',
      rule: 'R12',
      what: 'a node joins anew while things of its former incarnation still stop',
      seedsMax: 300,
      kinds: ['isolated', 'mute'],
    },
    aroundNode(() => {
      let incarnation = 0;
      return (input, _now, step) => {
        const told = input.kind === 'heart' ? input.message : undefined;
        if (told?.kind === 'gate' || told?.kind === 'hello') incarnation = told.incarnation;
        const effects = step(input);
        const asks = effects.some(
          (effect) => effect.kind === 'heart' && effect.message.kind === 'put-down',
        );
        const message = { kind: 'all-down', incarnation, retired: incarnation } as const;
        return asks ? [...effects, ...step({ kind: 'heart', message })] : effects;
      };
    }),
  ),
  wrappingBug(
    {
      name: 'stop-not-awaited',
      rule: 'R13',
      what: 'a resource is given away when its stop has begun, not when it has ended',
      seedsMax: 8,
      kinds: ['clock step', 'clock rate'],
    },
    aroundNode(() => (input, _now, step) => {
      const effects = step(input);
      const stops = effects.flatMap((effect) =>
        effect.kind === 'operate' && effect.operation.action === 'stop' ? [effect.operation] : [],
      );
      return [
        ...effects,
        ...stops.flatMap(({ id }) => step({ kind: 'operation-done', operation: id, result: done })),
      ];
    }),
  ),
  wrappingBug(
    {
      name: 'rejoin-at-restart',
      rule: 'P3',
      what: 'a restarted agent begins a new incarnation although its heart kept the old one',
      seedsMax: 20,
      profile: 'calm',
    },
    aroundNode(() => (input, _now, step) => {
      if (input.kind !== 'heart' || input.message.kind !== 'hello') return step(input);
      return step({ kind: 'heart', message: { ...input.message, incarnation: 0 } });
    }),
  ),
  wrappingBug(
    {
      name: 'deaf-to-answers',
      rule: 'P4',
      what: 'the answer to a stop gets lost, and nobody asks again',
      seedsMax: 30,
    },
    aroundNode(() => {
      const stops = new Set<number>();
      return (input, _now, step) => {
        if (input.kind === 'operation-done' && stops.has(input.operation)) return [];
        const effects = step(input);
        for (const effect of effects) {
          if (effect.kind !== 'operate' || effect.operation.action !== 'stop') continue;
          if (effect.operation.id % 3 === 0) stops.add(effect.operation.id);
        }
        return effects;
      };
    }),
  ),
];

function aroundNode(make: () => NodeMeddling): (machines: Machines) => Machines {
  return (machines) => ({
    ...machines,
    node: (start): Machine<NodeInput, NodeEffect> => new Meddled(machines.node(start), make()),
  });
}

function extraVotes(input: NodeInput): readonly NodeEffect[] {
  if (input.kind !== 'message' || input.message.kind !== 'raft') return [];
  const { message } = input.message;
  if (message.kind !== 'vote') return [];
  const reply: RaftMessage = { kind: 'vote-reply', term: message.term, granted: true };
  return [{ kind: 'send', to: input.from, message: { kind: 'raft', message: reply } }];
}

function acceptAtOnce(
  effect: NodeEffect,
  step: (input: NodeInput) => readonly NodeEffect[],
): readonly NodeEffect[] {
  if (effect.kind !== 'send' || effect.message.kind !== 'raft') return [];
  const { message } = effect.message;
  if (message.kind !== 'append' || message.entries.length === 0) return [];
  const match = message.entries.at(-1)?.index ?? 0;
  const reply: RaftMessage = { kind: 'append-accepted', term: message.term, match };
  return step({ kind: 'message', from: effect.to, message: { kind: 'raft', message: reply } });
}

type Outcome = ReturnType<ClusterState['apply']>;

/** One node, and only one, treats commands in its own way. */
function stateBug(
  name: string,
  what: string,
  treat: (apply: () => Outcome, kind: string) => Outcome,
): Bug {
  const isVictim = (node: NodeId | undefined): boolean => node === victim;
  return replacingBug({ name, rule: 'P2', what, seedsMax: 8 }, () => [
    replaceMethod(
      ClusterState.prototype,
      'apply',
      (original) =>
        function (this: ClusterState, command, index) {
          const apply = (): Outcome => original.call(this, command, index);
          return isVictim(acting.self) ? treat(apply, command.kind) : apply();
        },
    ),
  ]);
}
