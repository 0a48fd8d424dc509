import type { PolicyInput, PolicyOptions, ResourceInput } from './input.ts';

/** From nothing known to promoted; a role is higher than those before it. */
export const roles = { unknown: 0, stopped: 1, started: 2, unpromoted: 3, promoted: 4 } as const;
export type Role = (typeof roles)[keyof typeof roles];

export const INFINITE = 1_000_000;

export function addScores(a: number, b: number): number {
  if (a <= -INFINITE || b <= -INFINITE) return -INFINITE;
  if (a >= INFINITE || b >= INFINITE) return INFINITE;
  return Math.max(-INFINITE, Math.min(INFINITE, a + b));
}

/** A node as this run of the policy knows it. */
export interface PolicyNode {
  readonly id: string;
  readonly name: string;
  readonly kind: 'member' | 'remote' | 'ping';
  readonly attributes: Map<string, string>;
  readonly capacity: Map<string, number>;
  isOnline: boolean;
  isUnclean: boolean;
  isUnseen: boolean;
  isPending: boolean;
  isStandby: boolean;
  isStandbyOnFail: boolean;
  isMaintenance: boolean;
  isShuttingDown: boolean;
  isExpectedUp: boolean;
  wasFenced: boolean;
  needsReset: boolean;
  isUnpacked: boolean;
  isDiscoveryOff: boolean;
  /** Only what is written for it may run here (the node of a bundle's replica). */
  isExclusive: boolean;
  /** The connection of a remote or guest node. */
  connection: Resource | undefined;
  readonly running: Resource[];
  assignedCount: number;
}

export type Discovery = 0 | 1 | 2;

/** A node in the eyes of one resource. */
export interface Seatable {
  readonly node: PolicyNode;
  score: number;
  count: number;
  discovery: Discovery;
}

export type Table = Map<PolicyNode, Seatable>;

export interface Colocation {
  readonly id: string;
  readonly dependent: Resource;
  readonly primary: Resource;
  readonly dependentRole: Role;
  readonly primaryRole: Role;
  readonly score: number;
  readonly attribute: string;
  readonly isInfluential: boolean;
  readonly isExplicit: boolean;
}

export interface Location {
  readonly id: string;
  readonly role: Role;
  readonly discovery: Discovery;
  readonly scores: ReadonlyMap<PolicyNode, number>;
}

export interface TicketNeed {
  readonly ticket: string;
  readonly role: Role;
}

/** What is configured for a resource, with everything inherited. */
export interface Settings {
  readonly stickiness: number;
  readonly isCritical: boolean;
  readonly isUnique: boolean;
  readonly notifies: boolean;
  readonly isPromotable: boolean;
  readonly isOrdered: boolean;
  readonly interleaves: boolean;
  readonly cloneMax: number;
  readonly cloneNodeMax: number;
  readonly cloneMin: number;
  readonly promotedMax: number;
  readonly promotedNodeMax: number;
  readonly migrationThreshold: number;
  readonly multiplyActive: 'restart' | 'stop' | 'block' | 'unexpected';
  readonly needs: 'nothing' | 'quorum' | 'fencing' | 'unfencing';
  readonly reconnectMs: number;
  readonly isMaintenance: boolean;
  readonly targetRole: string | undefined;
}

export interface Resource {
  readonly id: string;
  readonly config: ResourceInput;
  readonly kind: ResourceInput['kind'];
  readonly settings: Settings;
  readonly meta: ReadonlyMap<string, string>;
  readonly isConnection: boolean;
  readonly isFenceDevice: boolean;
  readonly replicas: readonly Replica[];
  parent: Resource | undefined;
  children: Resource[];
  container: Resource | undefined;
  readonly fillers: Resource[];
  /** The container of a bundle's replica, or anything else in one. */
  bundlePart: 'container' | 'address' | 'connection' | 'child' | undefined;
  isRemoved: boolean;
  isManaged: boolean;
  isBlocked: boolean;
  isFailed: boolean;
  stopsIfFailed: boolean;
  ignoresFailure: boolean;
  isStartPending: boolean;
  canMigrate: boolean;
  isReloading: boolean;
  isRestarting: boolean;
  stopsUnexpected: boolean;
  isDiscoveryExclusive: boolean;
  failureTimeoutS: number;
  /** The name under which its history knows it. */
  historyName: string | undefined;
  pendingOn: PolicyNode | undefined;
  role: Role;
  nextRole: Role;
  runningOn: PolicyNode[];
  readonly knownOn: Set<PolicyNode>;
  readonly dangling: PolicyNode[];
  partialSource: PolicyNode | undefined;
  partialTarget: PolicyNode | undefined;
  lockedTo: PolicyNode | undefined;
  lockedAtS: number;
  priority: number;
  readonly configuredPriority: number;
  sortIndex: number;
  isUnassigned: boolean;
  isAssigning: boolean;
  isMerging: boolean;
  seat: PolicyNode | undefined;
  table: Table;
  readonly locations: Location[];
  readonly thisWith: Colocation[];
  readonly withThis: Colocation[];
  readonly tickets: TicketNeed[];
  readonly actions: Action[];
  readonly actionsByKey: Map<string, Action[]>;
  hasPromotionScores: boolean;
  hasPromotionOrder: boolean;
}

export interface Replica {
  readonly index: number;
  readonly container: Resource;
  readonly address: Resource | undefined;
  readonly connection: Resource | undefined;
  readonly child: Resource | undefined;
  readonly node: PolicyNode | undefined;
}

/** What a link between two actions does, beside their order. */
export const effects = {
  ordered: 1,
  impliesFirst: 2,
  impliesThen: 4,
  impliesFirstIfPromoted: 8,
  blocksThen: 16,
  impliesFirstMigratable: 32,
  unpseudoThen: 64,
  impliesThenOnNode: 128,
  probe: 256,
  restart: 512,
  sameNode: 1024,
  requiresAny: 2048,
  thenCancelsFirst: 4096,
  asymmetric: 8192,
  load: 16_384,
  antiColocated: 32_768,
  serialize: 65_536,
  own: 131_072,
  ifFirstUnmigratable: 262_144,
} as const;

export interface Link {
  readonly action: Action;
  effects: number;
}

export interface Action {
  readonly index: number;
  readonly key: string;
  readonly task: string;
  readonly intervalMs: number;
  readonly resource: Resource | undefined;
  node: PolicyNode | undefined;
  isOptional: boolean;
  isRunnable: boolean;
  isPseudo: boolean;
  isMigration: boolean;
  isDangling: boolean;
  isTracked: boolean;
  needs: 'nothing' | 'quorum' | 'fencing';
  /** Runnable as soon as this many of those before it are; 0: not of this kind. */
  anyOf: number;
  runnableBefore: number;
  readonly before: Link[];
  readonly after: Link[];
  fence: string | undefined;
  isUpdating: boolean;
}

/** "First of this, then of that", found again by the keys of their actions. */
export interface Ordering {
  effects: number;
  readonly firstResource: Resource | undefined;
  readonly firstKey: string | undefined;
  readonly firstAction: Action | undefined;
  readonly thenResource: Resource | undefined;
  readonly thenKey: string | undefined;
  readonly thenAction: Action | undefined;
}

/** Everything that one run of the policy works on. */
export interface World {
  readonly input: PolicyInput;
  readonly options: PolicyOptions;
  readonly isQuorate: boolean;
  withoutQuorum: PolicyOptions['withoutQuorum'];
  nodes: PolicyNode[];
  readonly nodeByName: Map<string, PolicyNode>;
  resources: Resource[];
  readonly byId: Map<string, Resource>;
  hasFenceDevice: boolean;
  usesUnfencing: boolean;
  hasRemoteNodes: boolean;
  readonly actions: Action[];
  readonly orderings: Ordering[];
  /** Failure counts that this transition clears: resource id and node name. */
  readonly clearing: Set<string>;
  readonly stopContainers: Resource[];
  readonly tickets: Map<string, { isGranted: boolean; isStandby: boolean }>;
  readonly singles: Map<string, Action>;
}

export function isCollective(resource: Resource | undefined): boolean {
  return resource !== undefined && (resource.kind === 'clone' || resource.kind === 'bundle');
}

export function topOf(resource: Resource, includingBundle = false): Resource {
  let top = resource;
  while (top.parent !== undefined) {
    if (top.parent.kind === 'bundle' && !includingBundle) break;
    top = top.parent;
  }
  return top;
}

export function isAnonymousClone(resource: Resource | undefined): boolean {
  return resource?.kind === 'clone' && !resource.settings.isUnique;
}

export function isUniqueClone(resource: Resource | undefined): boolean {
  return resource?.kind === 'clone' && resource.settings.isUnique;
}

export function isBundled(resource: Resource): boolean {
  return topOf(resource, true).kind === 'bundle' && resource.kind !== 'bundle';
}

export function isGuest(node: PolicyNode): boolean {
  return node.kind === 'remote' && node.connection?.container !== undefined;
}

export function isRemote(node: PolicyNode): boolean {
  return node.kind === 'remote' && !isGuest(node);
}

/** Where something runs now: a clean and live node if there is one. */
export function currentNode(resource: Resource): PolicyNode | undefined {
  return activeNode(resource).node;
}

/** The node to take it from, on how many it is active, and on how many of these without doubt. */
export function activeNode(resource: Resource): {
  node: PolicyNode | undefined;
  all: number;
  clean: number;
} {
  if (resource.kind === 'bundle' || resource.kind === 'clone' || resource.kind === 'group') {
    return collectiveActiveNode(resource);
  }
  let node: PolicyNode | undefined;
  let clean = 0;
  for (const candidate of resource.runningOn) {
    const isClean = candidate.isOnline && !candidate.isUnclean;
    if (isClean) clean += 1;
    if (candidate === resource.partialSource) node = candidate;
    else if (isClean && (node === undefined || node.isUnclean || !node.isOnline)) {
      node = candidate;
    }
  }
  return { node: node ?? resource.runningOn[0], all: resource.runningOn.length, clean };
}

function collectiveActiveNode(resource: Resource): ReturnType<typeof activeNode> {
  const nodes = new Set<PolicyNode>();
  let node: PolicyNode | undefined;
  const visit = (child: Resource): void => {
    if (child.children.length > 0) {
      for (const grandchild of child.children) visit(grandchild);
      return;
    }
    for (const candidate of child.runningOn) {
      nodes.add(candidate);
      if (node === undefined || (!node.isOnline && candidate.isOnline)) node = candidate;
    }
  };
  visit(resource);
  const clean = [...nodes].filter((item) => item.isOnline && !item.isUnclean).length;
  return { node, all: nodes.size, clean };
}

/** Whether a node may take resources at all. */
export function isAvailable(node: PolicyNode | undefined): boolean {
  return (
    node?.isOnline === true &&
    !node.isShuttingDown &&
    !node.isUnclean &&
    !node.isStandby &&
    !node.isMaintenance
  );
}

export function isSeatAvailable(seat: Seatable | undefined): boolean {
  return seat !== undefined && seat.score >= 0 && isAvailable(seat.node);
}

/** Whether a guest's container will be somewhere; true of every other node. */
export function willGuestRun(node: PolicyNode): boolean {
  if (!isGuest(node)) return true;
  const container = node.connection?.container;
  return container !== undefined && locationOf(container, false).length > 0;
}

/** Where a resource or any part of it is (or, with `current` false, will be). */
export function locationOf(resource: Resource, current: boolean): readonly PolicyNode[] {
  if (resource.children.length > 0) {
    const found = new Set<PolicyNode>();
    for (const child of resource.children) {
      for (const node of locationOf(child, current)) found.add(node);
    }
    return [...found];
  }
  if (current) return resource.runningOn;
  return resource.seat === undefined ? [] : [resource.seat];
}

/** The one node where it is or will be; undefined where that is none, or more than one. */
export function soleLocation(resource: Resource, current: boolean): PolicyNode | undefined {
  const found = locationOf(resource, current);
  return found.length === 1 ? found[0] : undefined;
}

/** The role of a resource, of a collective one the highest of any part. */
export function stateOf(resource: Resource, current: boolean): Role {
  if (resource.kind === 'primitive') return current ? resource.role : resource.nextRole;
  let role: Role = roles.unknown;
  for (const child of resource.children) {
    const childRole = stateOf(child, current);
    if (childRole > role) role = childRole;
  }
  return role;
}

export function primitivesIn(resource: Resource): readonly Resource[] {
  if (resource.kind === 'primitive') return [resource];
  return resource.children.flatMap((child) => primitivesIn(child));
}

export function isBlockedAnywhere(resource: Resource): boolean {
  return resource.isBlocked || resource.children.some((child) => isBlockedAnywhere(child));
}

export function copyTable(table: Table): Table {
  const copy: Table = new Map();
  for (const [node, seat] of table) copy.set(node, { ...seat });
  return copy;
}

export function anyAvailable(table: Table): boolean {
  for (const seat of table.values()) if (isSeatAvailable(seat)) return true;
  return false;
}

/** Adds to the score of one node, or of all; for parts as well. */
export function addToScores(
  world: World,
  resource: Resource,
  node: PolicyNode | undefined,
  score: number,
): void {
  for (const target of node === undefined ? world.nodes : [node]) {
    addToScore(resource, target, score);
  }
  if (node === undefined && score <= -INFINITE && resource.seat !== undefined) {
    resource.seat = undefined;
  }
}

function addToScore(resource: Resource, node: PolicyNode, score: number): void {
  for (const child of resource.children) addToScore(child, node, score);
  const seat = resource.table.get(node);
  if (seat === undefined) resource.table.set(node, newSeatable(node, score));
  else seat.score = addScores(seat.score, score);
}

export function newSeatable(node: PolicyNode, score: number): Seatable {
  return { node, score, count: 0, discovery: 0 };
}

/** Compares names with their numbers as numbers, so that node2 comes before node10. */
export function compareNames(a: string, b: string): number {
  const left = a.toLowerCase().match(/\d+|\D+/g) ?? [];
  const right = b.toLowerCase().match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const x = left[i] ?? '';
    const y = right[i] ?? '';
    if (x === y) continue;
    const byNumber = Number(x) - Number(y);
    if (!Number.isNaN(byNumber) && byNumber !== 0) return byNumber;
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}

export function roleFromText(text: string | undefined): Role {
  switch (text?.toLowerCase()) {
    case 'stopped':
      return roles.stopped;
    case 'started':
      return roles.started;
    case 'unpromoted':
      return roles.unpromoted;
    case 'promoted':
      return roles.promoted;
    default:
      return roles.unknown;
  }
}

/** `started` says nothing more than that it runs: for constraints that is any role. */
export function constraintRole(text: string | undefined): Role {
  const role = roleFromText(text);
  return role === roles.started ? roles.unknown : role;
}

export function numberOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? otherwise : value;
}

export function scoreOf(text: string | undefined, otherwise = 0): number {
  if (text === undefined) return otherwise;
  const trimmed = text.trim();
  if (/^\+?infinity$/i.test(trimmed)) return INFINITE;
  if (/^-infinity$/i.test(trimmed)) return -INFINITE;
  const value = Number.parseInt(trimmed, 10);
  return Number.isNaN(value) ? otherwise : Math.max(-INFINITE, Math.min(INFINITE, value));
}

export function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:true|on|yes|y|1)$/i.test(text);
}

export function isFalse(text: string | undefined): boolean {
  return text !== undefined && /^(?:false|off|no|n|0)$/i.test(text);
}

/** Milliseconds of `10s`, `5min`, `100ms`; a bare number is seconds. */
export function intervalMs(text: string | undefined, otherwise = 0): number {
  if (text === undefined) return otherwise;
  const iso = /^P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(text);
  if (iso !== null) {
    const [, d = '0', h = '0', m = '0', s = '0'] = iso;
    return (((Number(d) * 24 + Number(h)) * 60 + Number(m)) * 60 + Number(s)) * 1000;
  }
  const match = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(text);
  if (match === null) return scoreOf(text) === INFINITE ? INFINITE * 1000 : otherwise;
  const factors: Record<string, number> = {
    '': 1000,
    s: 1000,
    sec: 1000,
    ms: 1,
    msec: 1,
    us: 0.001,
    usec: 0.001,
    m: 60_000,
    min: 60_000,
    h: 3_600_000,
    hr: 3_600_000,
  };
  return Number(match[1]) * (factors[(match[2] ?? '').toLowerCase()] ?? 1000);
}
