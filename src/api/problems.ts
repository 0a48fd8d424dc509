import { sortedTexts } from '../base/order.ts';
import type { ResourceConfig } from '../model/config.ts';
import { spanText } from '../model/duration.ts';
import type { InstanceStatus, MemberStatus } from '../model/status.ts';
import type { StatusReport } from './requests.ts';

/** critical: something does not run or nobody can decide. warning: less protected. note: so by wish. */
export type Severity = 'critical' | 'warning' | 'note';

/** Something that a person should know, and what to do about it. */
export interface StatusProblem {
  readonly severity: Severity;
  readonly code: ProblemCode;
  /** A node, resource, instance or link that it is about. */
  readonly about: string | undefined;
  readonly text: string;
  /** The command to type next. */
  readonly next: string | undefined;
}

export type ProblemCode =
  | 'no-quorum'
  | 'no-leader'
  | 'own-trouble'
  | 'lease-lost'
  | 'node-lost'
  | 'node-silent'
  | 'resource-blocked'
  | 'resource-failed'
  | 'resource-not-running'
  | 'address-missing'
  | 'agent-down'
  | 'link-down'
  | 'maintenance'
  | 'node-maintenance'
  | 'resource-unmanaged'
  | 'standby'
  | 'resource-stopped'
  | 'unprotected'
  | 'single-path'
  | 'even-voters'
  | 'single-node'
  | 'version-skew'
  | 'node-absent';

const severityOrder: readonly Severity[] = ['critical', 'warning', 'note'];

/** Everything that a person should know about the cluster, worst first. */
export function problemsOf(status: StatusReport): readonly StatusProblem[] {
  const found = [
    ...quorumProblems(status),
    ...ownProblems(status),
    ...memberProblems(status),
    ...instanceProblems(status),
    ...assignmentProblems(status),
    ...linkProblems(status),
    ...modeProblems(status),
    ...protectionProblems(status),
  ];
  return severityOrder.flatMap((severity) => found.filter((item) => item.severity === severity));
}

function problem(
  severity: Severity,
  code: ProblemCode,
  about: string | undefined,
  text: string,
  next?: string,
): StatusProblem {
  return { severity, code, about, text, next };
}

function quorumProblems(status: StatusReport): readonly StatusProblem[] {
  const { raft, self, peers } = status;
  if (raft.quorate) return [];
  const heard = new Set<string>(peers.filter((peer) => peer.heard).map((peer) => peer.node));
  const reached = raft.voters.filter((voter) => voter === self || heard.has(voter));
  const needed = Math.floor(raft.voters.length / 2) + 1;
  if (reached.length >= needed) {
    const text = 'no leader just now: the voters are electing one; what is shown may be old';
    return [problem('critical', 'no-leader', undefined, text, 'holdfast quorum status')];
  }
  const silent = raft.voters.filter((voter) => !reached.includes(voter)).join(', ');
  const text =
    `no quorum: ${self} reaches ${reached.length} of ${raft.voters.length} voters and needs ` +
    `${needed} (silent: ${silent}); nothing can be started or changed, what is shown may be old`;
  return [problem('critical', 'no-quorum', undefined, text, 'holdfast link status')];
}

function ownProblems({ trouble, lease, self, options, facts }: StatusReport): StatusProblem[] {
  const found = trouble.map((text) =>
    problem('critical', 'own-trouble', self, `${self}: ${text}`, 'journalctl -u holdfast -e'),
  );
  const joined = facts.members.some((m) => m.node === self && m.presence === 'joined');
  if (!lease.standing && joined) {
    const what = options.onLeaseLost === 'keep' ? 'keeps what it runs' : 'has stopped what it ran';
    const text = `${self} holds no lease and ${what}: too few voters hear it`;
    found.push(problem('critical', 'lease-lost', self, text, 'holdfast link status'));
  }
  return found;
}

function memberProblems(status: StatusReport): readonly StatusProblem[] {
  return status.facts.members.flatMap((member) => memberProblem(status, member));
}

function memberProblem(status: StatusReport, member: MemberStatus): readonly StatusProblem[] {
  const { node, presence } = member;
  const since = spanText(status.wallMs - member.sinceMs);
  if (presence === 'lost') {
    const how =
      status.options.takeover === 'fencing'
        ? 'its resources wait until it is proven off'
        : 'its resources start elsewhere as soon as its lease has ended';
    const text = `${node} was lost ${since} ago: ${how}`;
    return [problem('critical', 'node-lost', node, text, `on ${node}: systemctl status holdfast`)];
  }
  if (presence === 'down') {
    const text = `${node} has been down for ${since}; nothing runs there any more`;
    return [problem('critical', 'node-lost', node, text, `on ${node}: systemctl status holdfast`)];
  }
  if (presence === 'absent') {
    const text = `${node} is known and has never joined`;
    return [problem('note', 'node-absent', node, text, `on ${node}: systemctl start holdfast`)];
  }
  const peer = status.peers.find((item) => item.node === node);
  if (presence !== 'joined' || peer === undefined) return [];
  // Without a quorum the silence has been told already.
  if (!peer.heard && !status.raft.quorate) return [];
  if (!peer.heard) {
    const others = status.peers.filter((p) => p.heard && p.hears.includes(node)).map((p) => p.node);
    const text =
      others.length > 0
        ? `${status.self} does not hear ${node}, but ${others.join(', ')} does: partly connected`
        : `${node} is silent for ${spanText(peer.forMs)}`;
    return [problem('warning', 'node-silent', node, text, 'holdfast link status')];
  }
  if (peer.agent) return [];
  const text = `the agent of ${node} does not answer; its heart keeps what runs there`;
  return [problem('warning', 'agent-down', node, text, `on ${node}: journalctl -u holdfast -e`)];
}

function instanceProblems(status: StatusReport): readonly StatusProblem[] {
  return status.facts.instances.flatMap((instance) => instanceProblem(instance));
}

function instanceProblem({ instance, node, failed, blocked }: InstanceStatus): StatusProblem[] {
  const resource = instance.split(':')[0] ?? instance;
  if (blocked !== undefined) {
    const text =
      `${instance} is blocked: ${blocked.action} failed on ${node} (${blocked.reason}), so ` +
      'nobody knows whether it runs; it starts nowhere';
    const next = `holdfast resource cleanup ${resource}`;
    return [problem('critical', 'resource-blocked', instance, text, next)];
  }
  if (failed === undefined) return [];
  const what = failed.action === 'exit' ? 'died' : `failed to ${failed.action}`;
  const text = `${instance} ${what} on ${node}: ${failed.reason}`;
  return [problem('critical', 'resource-failed', instance, text, `holdfast why ${resource}`)];
}

interface StoppedByWish {
  /** Where it is said: a group rather than each of its members. */
  readonly named: readonly string[];
  readonly primitives: ReadonlySet<string>;
}

function stoppedByWish(resources: readonly ResourceConfig[]): StoppedByWish {
  const named: string[] = [];
  const primitives = new Set<string>();
  const walk = (resource: ResourceConfig, above: boolean): void => {
    const own = resource.meta.targetRole === 'stopped';
    if (own && !above) named.push(resource.id);
    const off = above || own;
    if (resource.kind === 'primitive') {
      if (off) primitives.add(resource.id);
    } else if (resource.kind === 'group') for (const member of resource.members) walk(member, off);
    else walk(resource.of, off);
  };
  for (const resource of resources) walk(resource, false);
  return { named, primitives };
}

function assignmentProblems(status: StatusReport): readonly StatusProblem[] {
  const off = stoppedByWish(status.resources);
  const running = new Set<string>(
    status.facts.instances.filter((i) => i.role === 'started').map((i) => i.instance),
  );
  const found: StatusProblem[] = [];
  for (const { instance, resource, node, reason } of status.assignments) {
    const primitive = instance.split(':')[0] ?? instance;
    if (node !== undefined || running.has(instance) || off.primitives.has(primitive)) continue;
    // Copies of a clone above the number of nodes are not missing.
    if (instance !== primitive && reason.rule === 'no-node') continue;
    const blocked = status.facts.instances.some((i) => i.instance === instance && i.blocked);
    if (blocked || status.options.maintenance) continue;
    const text = `${instance} runs nowhere: no node may run it`;
    found.push(
      problem('critical', 'resource-not-running', instance, text, `holdfast why ${resource}`),
    );
  }
  for (const name of off.named) {
    found.push(
      problem(
        'note',
        'resource-stopped',
        name,
        `${name} is stopped`,
        `holdfast resource start ${name}`,
      ),
    );
  }
  return found;
}

function linkProblems({ links, peers }: StatusReport): readonly StatusProblem[] {
  const heard = new Set<string>(peers.filter((peer) => peer.heard).map((peer) => peer.node));
  return links
    .filter(({ up, peer }) => !up && heard.has(peer))
    .map(({ link, peer, forMs }) => {
      const text = `link ${link} to ${peer} is down for ${spanText(forMs)}; others carry on`;
      return problem('warning', 'link-down', `${link}/${peer}`, text, 'holdfast link status');
    });
}

function modeProblems({ options, nodes, resources }: StatusReport): readonly StatusProblem[] {
  const found: StatusProblem[] = [];
  if (options.maintenance) {
    const text = 'maintenance: the cluster watches and changes nothing; failures stay as they are';
    found.push(problem('warning', 'maintenance', undefined, text, 'holdfast maintenance off'));
  }
  for (const name of sortedTexts(Object.keys(nodes))) {
    const node = nodes[name];
    if (node?.maintenance) {
      const text = `${name} is in maintenance: nothing is changed there`;
      found.push(
        problem('warning', 'node-maintenance', name, text, `holdfast node online ${name}`),
      );
    }
    if (node?.standby) {
      const text = `${name} is on standby and runs nothing`;
      found.push(problem('note', 'standby', name, text, `holdfast node online ${name}`));
    }
  }
  for (const { id, meta } of resources) {
    if (meta.managed && !meta.maintenance) continue;
    const text = `${id} is not managed: it is watched, and neither started nor stopped`;
    found.push(problem('warning', 'resource-unmanaged', id, text, 'holdfast config show'));
  }
  return found;
}

function protectionProblems(status: StatusReport): readonly StatusProblem[] {
  const { raft, facts, options, resources } = status;
  const joined = facts.members.filter(({ presence }) => presence === 'joined');
  const known = facts.members.filter(({ presence }) => presence !== 'left');
  const found: StatusProblem[] = [];
  if (known.length === 1) {
    const text = 'one node: nothing is left when it fails';
    found.push(problem('note', 'single-node', undefined, text, 'holdfast cluster token'));
  } else if (raft.voters.length % 2 === 0) {
    const text =
      `${raft.voters.length} voters: as many failures as with ${raft.voters.length - 1} are ` +
      'survived; an odd number is better';
    found.push(problem('note', 'even-voters', undefined, text, 'holdfast cluster token'));
  }
  const single = joined.filter(({ addresses }) => addresses.length < 2).map(({ node }) => node);
  if (single.length > 0 && known.length > 1) {
    const text = `a single path leads to ${single.join(', ')}: one cable or switch can part it`;
    found.push(problem('note', 'single-path', undefined, text, 'holdfast link status'));
  }
  const exposed = resources.filter(({ kind }) => kind !== 'clone').filter(needsFencing);
  if (options.takeover === 'lease' && exposed.length > 0 && known.length > 1) {
    const names = exposed.map(({ id }) => id).join(', ');
    const text = `no fencing: a host that freezes as a whole may go on writing (${names})`;
    found.push(problem('note', 'unprotected', undefined, text, 'holdfast help protection'));
  }
  return [...found, ...versionProblems(joined)];
}

/** Floating addresses end by themselves in the kernel of a frozen host; nothing else does. */
function needsFencing(resource: ResourceConfig): boolean {
  if (resource.kind === 'primitive') return resource.agent.kind !== 'address';
  return resource.kind === 'group'
    ? resource.members.some(needsFencing)
    : needsFencing(resource.of);
}

function versionProblems(joined: readonly MemberStatus[]): readonly StatusProblem[] {
  const versions = sortedTexts(new Set(joined.map(({ version }) => version)));
  if (versions.length < 2) return [];
  const text = `the nodes run different versions: ${versions.join(', ')}`;
  return [problem('note', 'version-skew', undefined, text, 'holdfast node list')];
}
