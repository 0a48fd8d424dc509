import type { StatusReport } from '../../api/requests.ts';
import { sortedTexts } from '../../base/order.ts';
import { agentName } from '../../model/agent-spec.ts';
import type { PrimitiveConfig, ResourceConfig } from '../../model/config.ts';
import { primitiveOf } from '../../model/ids.ts';
import type { InstanceStatus } from '../../model/status.ts';

/** How a resource is, in one word of the glossary. */
export type ResourceState =
  | 'running'
  | 'starting'
  | 'stopping'
  | 'stopped'
  | 'failed'
  | 'blocked'
  | 'unknown';

/** One line of a resource list. */
export interface ResourceView {
  readonly name: string;
  /** 0 at the top, 1 within a group or clone, 2 within a cloned group. */
  readonly depth: number;
  readonly kind: ResourceConfig['kind'];
  readonly agent: string | undefined;
  readonly state: ResourceState;
  /** Where it runs, or is about to. */
  readonly nodes: readonly string[];
  /** Wall clock, ms since 1970; undefined where it has no single answer. */
  readonly sinceMs: number | undefined;
  /** It shall not run. */
  readonly stoppedByWish: boolean;
  /** Whether the cluster may act on it. */
  readonly managed: boolean;
}

/** The resources of a cluster with their state, in the order of the configuration. */
export function resourceViews(status: StatusReport): readonly ResourceView[] {
  return status.resources.flatMap((resource) => viewsOf(status, resource, 0, above));
}

interface Above {
  readonly stopped: boolean;
  readonly managed: boolean;
}

const above: Above = { stopped: false, managed: true };

function viewsOf(
  status: StatusReport,
  resource: ResourceConfig,
  depth: number,
  outer: Above,
): readonly ResourceView[] {
  const inner = {
    stopped: outer.stopped || resource.meta.targetRole === 'stopped',
    managed: outer.managed && resource.meta.managed && !resource.meta.maintenance,
  };
  switch (resource.kind) {
    case 'primitive':
      return [primitiveView(status, resource, depth, inner)];
    case 'group': {
      const members = resource.members.flatMap((m) => viewsOf(status, m, depth + 1, inner));
      return [holderView(resource, depth, members, inner), ...members];
    }
    case 'clone': {
      const copies = viewsOf(status, resource.of, depth + 1, inner);
      return [holderView(resource, depth, copies, inner), ...copies];
    }
  }
}

function primitiveView(
  status: StatusReport,
  { id, agent }: PrimitiveConfig,
  depth: number,
  { stopped, managed }: Above,
): ResourceView {
  const facts = status.facts.instances.filter(({ instance }) => primitiveOf(instance) === id);
  const orders = status.facts.orders.filter(({ instance }) => primitiveOf(instance) === id);
  const state = stateOf(status, facts, orders);
  const joined = new Set(
    status.facts.members.filter((m) => m.presence === 'joined').map((m) => m.node),
  );
  const started = facts.filter(
    ({ role, node }) => role === 'started' && (state !== 'running' || joined.has(node)),
  );
  const at = state === 'starting' ? orders.filter(({ action }) => action === 'start') : started;
  const troubled = facts.filter((fact) => fact.blocked !== undefined || fact.failed !== undefined);
  const places = at.length === 0 && state !== 'stopped' ? troubled : at;
  return {
    name: id,
    depth,
    kind: 'primitive',
    agent: agentName(agent),
    state,
    nodes: sortedTexts(new Set(places.map(({ node }) => node))),
    sinceMs: sinceOf(state, facts, started),
    stoppedByWish: stopped,
    managed,
  };
}

function sinceOf(
  state: ResourceState,
  facts: readonly InstanceStatus[],
  started: readonly InstanceStatus[],
): number | undefined {
  const from = state === 'stopped' ? facts : started;
  const times = from.map(({ sinceMs }) => sinceMs);
  return times.length === 0 ? undefined : Math.max(...times);
}

function stateOf(
  status: StatusReport,
  facts: readonly InstanceStatus[],
  orders: StatusReport['facts']['orders'],
): ResourceState {
  if (facts.some(({ blocked }) => blocked !== undefined)) return 'blocked';
  if (orders.some(({ action }) => action === 'start')) return 'starting';
  if (orders.some(({ action }) => action === 'stop')) return 'stopping';
  const started = facts.filter(({ role }) => role === 'started');
  if (started.some(({ failed }) => failed !== undefined)) return 'failed';
  const members = new Map(status.facts.members.map((m) => [m.node, m.presence]));
  const seen = started.filter(({ node }) => members.get(node) === 'joined');
  if (seen.length > 0) return 'running';
  if (started.some(({ node }) => members.get(node) === 'lost')) return 'unknown';
  return facts.some(({ failed }) => failed !== undefined) ? 'failed' : 'stopped';
}

/** From worst to best: a group or clone is as bad as its worst part. */
const worst: readonly ResourceState[] = [
  'blocked',
  'failed',
  'unknown',
  'stopping',
  'starting',
  'stopped',
  'running',
];

function holderView(
  resource: ResourceConfig,
  depth: number,
  parts: readonly ResourceView[],
  { stopped, managed }: Above,
): ResourceView {
  const states = new Set(parts.map(({ state }) => state));
  return {
    name: resource.id,
    depth,
    kind: resource.kind,
    agent: undefined,
    state: worst.find((state) => states.has(state)) ?? 'stopped',
    nodes: sortedTexts(new Set(parts.flatMap(({ nodes }) => nodes))),
    sinceMs: undefined,
    stoppedByWish: stopped,
    managed,
  };
}

/** The names of a resource and of everything that it consists of. */
export function partsOf(status: StatusReport, resource: string): readonly string[] {
  const views = resourceViews(status);
  const at = views.findIndex(({ name }) => name === resource);
  const top = views[at];
  if (top === undefined) return [];
  const rest = views.slice(at + 1);
  const end = rest.findIndex(({ depth }) => depth <= top.depth);
  return [top, ...(end < 0 ? rest : rest.slice(0, end))].map(({ name }) => name);
}
