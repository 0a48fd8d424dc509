import type { ApiRequest, ApiResponse, ErrorCode } from '../../api/requests.ts';
import { unreachable } from '../../base/assert.ts';
import { addMs, earliest, type Instant } from '../../base/instant.ts';
import type { Command } from '../../model/command.ts';
import type { NodeId } from '../../model/ids.ts';
import { resourceById } from '../../model/resources.ts';
import type { Outcome } from '../store/outcome.ts';
import { isHeard, type NodeContext, type Unstamped } from './context.ts';
import { planNow } from './planning.ts';

/** A client is told that nothing is known of its write after so long. */
const WRITE_TIMEOUT_MS = 10_000;
/** A request that finds no leader waits so long for one. */
const LEADER_WAIT_MS = 3000;

/** Where the answer goes: to a client of this node, or to the node that passed the request on. */
type Asker =
  | { readonly kind: 'client'; readonly id: number }
  | { readonly kind: 'peer'; readonly node: NodeId; readonly id: number };

/** A command in the log whose outcome somebody waits for. */
interface Pending {
  readonly asker: Asker;
  readonly term: number;
  readonly dueAt: Instant;
}

interface Forwarded {
  readonly asker: Asker;
  readonly to: NodeId;
  readonly dueAt: Instant;
}

interface Parked {
  readonly asker: Asker;
  readonly request: ApiRequest;
  readonly dueAt: Instant;
}

/** Requests that change something: brought into the log by the leader, answered once applied there. */
export class Requests {
  readonly #pending = new Map<number, Pending>();
  readonly #forwarded = new Map<number, Forwarded>();
  #parked: Parked[] = [];
  #nextForward: number;

  /** `firstForward`: from far apart places in each agent process, or a late answer could meet another question. */
  constructor(firstForward: number) {
    this.#nextForward = firstForward;
  }

  deadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const item of this.#pending.values()) first = earliest(first, item.dueAt);
    for (const item of this.#forwarded.values()) first = earliest(first, item.dueAt);
    for (const item of this.#parked) first = earliest(first, item.dueAt);
    return first;
  }

  fromClient(id: number, request: ApiRequest, context: NodeContext): void {
    this.#take({ kind: 'client', id }, request, context);
  }

  fromPeer(node: NodeId, id: number, request: ApiRequest, context: NodeContext): void {
    const asker: Asker = { kind: 'peer', node, id };
    if (context.raft.role === 'leader') this.#lead(asker, request, context);
    else answer(asker, errorResponse('no-leader', 'that node does not lead any more'), context);
  }

  response(id: number, response: ApiResponse, context: NodeContext): void {
    const forwarded = this.#forwarded.get(id);
    this.#forwarded.delete(id);
    if (forwarded !== undefined) answer(forwarded.asker, response, context);
  }

  /** A command of the log was applied. */
  applied(index: number, term: number, outcome: Outcome, context: NodeContext): void {
    const pending = this.#pending.get(index);
    if (pending === undefined) return;
    this.#pending.delete(index);
    const response =
      pending.term === term
        ? outcomeResponse(outcome, index)
        : errorResponse('unavailable', 'the leader changed; the change was not made', 'try again');
    answer(pending.asker, response, context);
  }

  /** There is a leader (another one, or for the first time). */
  leaderChanged(context: NodeContext): void {
    const parked = this.#parked;
    this.#parked = [];
    for (const item of parked) this.#take(item.asker, item.request, context);
  }

  wake(context: NodeContext): void {
    const unknown = errorResponse(
      'timeout',
      'no answer from the cluster in time: it is not known whether the change was made',
      'look at "holdfast status" and "holdfast events", then try again',
    );
    for (const [index, item] of this.#pending) {
      if (item.dueAt > context.now) continue;
      this.#pending.delete(index);
      answer(item.asker, unknown, context);
    }
    for (const [id, item] of this.#forwarded) {
      if (item.dueAt > context.now) continue;
      this.#forwarded.delete(id);
      answer(item.asker, unknown, context);
    }
    const late = this.#parked.filter((item) => item.dueAt <= context.now);
    this.#parked = this.#parked.filter((item) => item.dueAt > context.now);
    for (const item of late) answer(item.asker, noLeader(context), context);
  }

  #take(asker: Asker, request: ApiRequest, context: NodeContext): void {
    const leader = context.raft.leader;
    if (context.raft.role === 'leader') {
      this.#lead(asker, request, context);
    } else if (leader === undefined) {
      this.#parked.push({ asker, request, dueAt: addMs(context.now, LEADER_WAIT_MS) });
    } else {
      const id = this.#nextForward;
      this.#nextForward += 1;
      this.#forwarded.set(id, { asker, to: leader, dueAt: addMs(context.now, WRITE_TIMEOUT_MS) });
      context.send(leader, { kind: 'request', id, request });
    }
  }

  #lead(asker: Asker, request: ApiRequest, context: NodeContext): void {
    if (request.kind === 'transfer-leadership') {
      answer(asker, transferred(request.to, context), context);
      return;
    }
    const next = plannedCommand(request, context);
    if (next.kind === 'answer') {
      answer(asker, next.response, context);
      return;
    }
    const index = context.append(next.command);
    if (index === undefined) {
      answer(
        asker,
        errorResponse('unavailable', 'leadership is being handed over', 'try again'),
        context,
      );
      return;
    }
    const { term } = context.raft.status(context.now);
    this.#pending.set(index, { asker, term, dueAt: addMs(context.now, WRITE_TIMEOUT_MS) });
  }
}

/** Hands leadership to a voter: the asked one, or the one with the newest log. */
function transferred(wanted: NodeId | undefined, context: NodeContext): ApiResponse {
  const { peers, configuration } = context.raft.status(context.now);
  const others = peers.filter(({ peer }) => configuration.voters.includes(peer));
  const heard = others.filter(({ peer }) => isHeard(context, peer));
  const to = wanted ?? heard.toSorted((a, b) => b.match - a.match)[0]?.peer;
  const unchanged = { kind: 'done', changed: false, index: context.state.index } as const;
  if (to === context.self) return { ...unchanged, plan: undefined };
  if (to === undefined) return errorResponse('unsafe', 'no other voter is in reach');
  if (!others.some(({ peer }) => peer === to)) {
    return errorResponse('not-found', `${to} is no other voter`, 'see "holdfast quorum status"');
  }
  if (!isHeard(context, to)) return errorResponse('unsafe', `this node does not hear ${to}`);
  context.raftStep({ kind: 'transfer', to });
  return { ...unchanged, changed: true, plan: undefined };
}

type Next =
  | { readonly kind: 'append'; readonly command: Unstamped<Command> }
  | { readonly kind: 'answer'; readonly response: ApiResponse };

/** What the leader does about a request: a command for the log, or an answer at once. */
function plannedCommand(request: ApiRequest, context: NodeContext): Next {
  const { state } = context;
  if (state.config === undefined) return refuse('unavailable', 'the cluster is not set up yet');
  switch (request.kind) {
    case 'configure':
      return configureCommand(request, context);
    case 'move':
      return moveCommand(request, context);
    case 'restart':
      return append({
        kind: 'wish',
        wish: { kind: 'restart', resource: request.resource },
        by: request.by,
      });
    case 'cleanup':
      if (
        request.resource !== undefined &&
        resourceById(state.config, request.resource) === undefined
      ) {
        return refuse('not-found', `there is no resource ${request.resource}`);
      }
      return append({
        kind: 'cleanup',
        resource: request.resource,
        node: request.node,
        by: request.by,
      });
    case 'leave':
      return refuse('bad-request', 'a node leaves by its own agent only');
    case 'create-token':
      return append({
        kind: 'token',
        id: request.tokenId,
        secretHash: request.secretHash,
        untilMs: context.wallMs + request.lifetimeMs,
        by: request.by,
      });
    case 'admit': {
      const token = state.token(request.tokenId);
      if (token === undefined || token.secretHash !== request.secretHash) {
        return refuse('bad-token', 'the join token is unknown or was used before');
      }
      return append({
        kind: 'add-node',
        node: request.node,
        addresses: request.addresses,
        fingerprint: request.fingerprint,
        tokenId: request.tokenId,
      });
    }
    case 'remove-node':
      return append({
        kind: 'remove-node',
        node: request.node,
        newDatagramSecret: request.newDatagramSecret,
        by: request.by,
      });
    case 'transfer-leadership':
    case 'status':
    case 'config':
    case 'events':
      return refuse('bad-request', `${request.kind} is not for the log`);
    default:
      return unreachable(request);
  }
}

function configureCommand(
  request: Extract<ApiRequest, { kind: 'configure' }>,
  context: NodeContext,
): Next {
  const { state } = context;
  if (request.ifVersion !== state.configVersion) {
    return refuse(
      'conflict',
      `the configuration is at version ${state.configVersion}, not ${request.ifVersion}`,
      'read it again and repeat the change',
    );
  }
  if (request.dryRun) {
    const plan = planNow(context, { config: request.config })?.plan.actions;
    const response: ApiResponse = { kind: 'done', changed: false, index: state.index, plan };
    return { kind: 'answer', response };
  }
  return append({
    kind: 'configure',
    config: request.config,
    ifVersion: request.ifVersion,
    source: request.source,
    by: request.by,
    what: request.what,
  });
}

function moveCommand(request: Extract<ApiRequest, { kind: 'move' }>, context: NodeContext): Next {
  const { state } = context;
  if (state.config === undefined || resourceById(state.config, request.resource) === undefined) {
    return refuse('not-found', `there is no resource ${request.resource}`);
  }
  const to = request.to ?? otherNode(request.resource, context);
  if (to === undefined) return refuse('unsafe', `no other node can run ${request.resource} now`);
  if (state.member(to) === undefined) return refuse('not-found', `there is no node ${to}`);
  if (state.member(to)?.presence !== 'joined') {
    return refuse('unsafe', `node ${to} is no working member now`, 'see "holdfast node list"');
  }
  return append({
    kind: 'wish',
    wish: { kind: 'move', resource: request.resource, to },
    by: request.by,
  });
}

/** The best node for a resource beside the one where it runs. */
function otherNode(
  resource: Extract<ApiRequest, { kind: 'move' }>['resource'],
  context: NodeContext,
): NodeId | undefined {
  const { config } = context.state;
  const found = config === undefined ? undefined : resourceById(config, resource);
  const first =
    found?.kind === 'group'
      ? found.members[0]?.id
      : found?.kind === 'primitive'
        ? found.id
        : undefined;
  const assignment = planNow(context)?.plan.assignments.find(
    (item) => item.instance === String(first),
  );
  return assignment?.candidates.find(
    (candidate) => candidate.node !== assignment.node && candidate.score > -1_000_000,
  )?.node;
}

function append(command: Unstamped<Command>): Next {
  return { kind: 'append', command };
}

function refuse(code: ErrorCode, message: string, hint?: string): Next {
  return { kind: 'answer', response: errorResponse(code, message, hint) };
}

function errorResponse(code: ErrorCode, message: string, hint?: string): ApiResponse {
  return { kind: 'error', code, message, hint };
}

function outcomeResponse(outcome: Outcome, index: number): ApiResponse {
  if (outcome.kind === 'applied') {
    return { kind: 'done', changed: outcome.changed, index, plan: undefined };
  }
  const code = outcome.code === 'stale' ? 'conflict' : outcome.code;
  return errorResponse(code, outcome.message);
}

/** A voter may not leave where the others would have no quorum without it: all of them would stop what they run. */
export function whyNotLeave(context: NodeContext): ApiResponse | undefined {
  const { voters } = context.raft.status(context.now).configuration;
  const others = voters.filter((voter) => voter !== context.self);
  const members = context.state.members().filter((member) => member.presence === 'joined');
  const isAlone = members.every((member) => member.node === context.self);
  if (others.length === voters.length || isAlone) return undefined;
  const left = others.filter((voter) => isHeard(context, voter));
  if (left.length * 2 > voters.length) return undefined;
  return errorResponse(
    'unsafe',
    `without ${context.self} only ${left.length} of ${voters.length} voters would be left: the cluster would lose its quorum and stop everything`,
    'bring other voters back first; see "holdfast quorum status"',
  );
}

function noLeader(context: NodeContext): ApiResponse {
  const { voters } = context.raft.status(context.now).configuration;
  const heard = context.view?.peers.filter((peer) => peer.heard).map((peer) => peer.node) ?? [];
  const reached = voters.filter((voter) => voter === context.self || heard.includes(voter));
  if (reached.length * 2 > voters.length) {
    return errorResponse('no-leader', 'no leader is elected yet', 'try again in a moment');
  }
  return errorResponse(
    'no-quorum',
    `no quorum: this node reaches ${reached.length} of ${voters.length} voters`,
    'see "holdfast quorum status"',
  );
}

function answer(asker: Asker, response: ApiResponse, context: NodeContext): void {
  if (asker.kind === 'client') context.emit({ kind: 'respond', id: asker.id, response });
  else context.send(asker.node, { kind: 'response', id: asker.id, response });
}
