import type { StatusReport } from '../../api/requests.ts';
import { canonicalJson } from '../../base/canonical-json.ts';
import type { ResourceConfig } from '../../model/config.ts';
import { type InstanceId, instanceId } from '../../model/ids.ts';
import { Violation } from '../observer.ts';
import type { Simulation } from '../simulation.ts';

/** What is still missing before the cluster is whole again; undefined: nothing. */
export function missing(
  simulation: Simulation,
  reports: readonly (StatusReport | undefined)[],
): string | undefined {
  const leaders = new Set<string>();
  for (let host = 0; host < simulation.hosts.length; host += 1) {
    const name = simulation.names[host];
    const report = reports[host];
    if (report === undefined) return `${name} does not answer`;
    const problem = problemOf(report);
    if (problem !== undefined) return `${name}: ${problem}`;
    leaders.add(report.raft.leader ?? '');
  }
  if (leaders.size > 1) return `leaders: ${[...leaders].join(', ')}`;
  const indexes = reports.map((report) => report?.raft.appliedIndex ?? 0);
  if (Math.max(...indexes) - Math.min(...indexes) > 0) return `applied: ${indexes.join(', ')}`;
  checkSameStates(simulation, reports);
  return missingService(simulation, reports[0]);
}

/** All that was applied is the same everywhere, and so is what came of it: each command was applied once. */
function checkSameStates(
  simulation: Simulation,
  reports: readonly (StatusReport | undefined)[],
): void {
  const texts = reports.map((report, host) => {
    let events: unknown;
    simulation.request(host, { kind: 'events', after: 0, limit: 1_000_000 }, (response) => {
      if (response.kind === 'events') events = response.events.slice(-200);
    });
    return canonicalJson([report?.facts, report?.configVersion, events]);
  });
  const odd = texts.findIndex((text) => text !== texts[0]);
  if (odd < 0) return;
  const names = `${simulation.names[0]} and ${simulation.names[odd]}`;
  throw new Violation('safety', 'states-agree', `${names} made different states of the same log`);
}

function problemOf(report: StatusReport): string | undefined {
  const { raft, lease, facts } = report;
  if (raft.leader === undefined || !raft.quorate) return 'no leader';
  if (!lease.standing) return 'no lease';
  if (report.trouble.length > 0) return report.trouble.join('; ');
  const absent = facts.members.filter((member) => member.presence !== 'joined');
  if (absent.length > 0) return `${absent.map((m) => `${m.node} is ${m.presence}`).join(', ')}`;
  const stuck = facts.instances.find((item) => item.failed ?? item.blocked);
  if (stuck !== undefined) return `${stuck.instance} on ${stuck.node} failed or is blocked`;
  if (!report.settled) {
    return `not settled: ${report.actions.map((action) => action.id).join(', ')}`;
  }
  return undefined;
}

function missingService(
  simulation: Simulation,
  report: StatusReport | undefined,
): string | undefined {
  for (const resource of report?.resources ?? []) {
    for (const instance of exclusiveInstances(resource)) {
      const active = simulation.world.activeOn(instance).map((host) => simulation.names[host]);
      const owner = report?.facts.instances.find(
        (item) => item.instance === instance && item.role === 'started',
      );
      if (active.length === 0) return `${instance} is active nowhere`;
      if (owner?.node !== active[0]) return `${instance} is active on ${active[0]}, unknown to all`;
    }
  }
  return undefined;
}

/** What of a resource may run once, and should run. */
export function exclusiveInstances(resource: ResourceConfig): readonly InstanceId[] {
  if (resource.kind === 'clone' || resource.meta.targetRole === 'stopped') return [];
  if (resource.kind === 'group') return resource.members.map((member) => instanceId(member.id));
  return [instanceId(resource.id)];
}
