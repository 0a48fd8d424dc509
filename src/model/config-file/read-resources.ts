import { nearestWord } from '../../base/nearest-word.ts';
import { agentName, parseAgent } from '../agent-spec.ts';
import {
  type CloneConfig,
  defaultMeta,
  type GroupConfig,
  type MetaConfig,
  type MonitorConfig,
  type PrimitiveConfig,
  type ResourceConfig,
} from '../config.ts';
import { resourceId } from '../ids.ts';
import { describe, type FieldsOf, readFields, readMap } from './fields.ts';
import type { Findings, Path } from './findings.ts';
import { checkNativeParameters } from './native-parameters.ts';
import { readTime } from './read-options.ts';
import {
  anything,
  cloneShape,
  groupShape,
  metaShape,
  monitorShape,
  primitiveShape,
  requiredKeys,
} from './schema.ts';
import { shown } from './shown.ts';
import { checkName, readTexts } from './texts.ts';

/** Times of operations where nobody says others, in ms. */
export const operationDefaults = {
  startTimeoutMs: 60_000,
  stopTimeoutMs: 60_000,
  monitor: { intervalMs: 10_000, timeoutMs: 20_000, depth: 0 },
} as const;

const timeoutBounds = [100, 86_400_000] as const;
const windowBounds = [1000, 30 * 86_400_000] as const;

/** What the rules may name. */
export type ResourceNames = ReadonlyMap<string, 'resource' | 'group' | 'clone'>;

/** Reads `resources:`, `groups:` and `clones:` and puts the members into what holds them. */
export function readResources(
  top: Readonly<Record<string, unknown>>,
  findings: Findings,
): { readonly resources: readonly ResourceConfig[]; readonly names: ResourceNames } {
  const names = collectNames(top, findings);
  const primitives = readPrimitives(top.resources, findings);
  const holders = new Map<string, string>();
  const groups = readGroups(top.groups, primitives, names, holders, findings);
  const clones = readClones(top.clones, primitives, groups, names, holders, findings);
  const byName = new Map<string, ResourceConfig>([...primitives, ...groups, ...clones]);
  const resources = [...byName.entries()]
    .filter(([name]) => !holders.has(name))
    .map(([, resource]) => resource);
  return { resources, names };
}

const sections = [
  ['resources', 'resource'],
  ['groups', 'group'],
  ['clones', 'clone'],
] as const;

function collectNames(top: Readonly<Record<string, unknown>>, findings: Findings): ResourceNames {
  const names = new Map<string, 'resource' | 'group' | 'clone'>();
  for (const [section, what] of sections) {
    for (const name of Object.keys(readMap(top[section], [section], findings) ?? {})) {
      checkName(name, [section, name], what, findings);
      const other = names.get(name);
      if (other === undefined) names.set(name, what);
      else findings.addKey([section, name], `'${shown(name)}' names a ${other} already`);
    }
  }
  return names;
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : [];
}

function readPrimitives(value: unknown, findings: Findings): Map<string, PrimitiveConfig> {
  const primitives = new Map<string, PrimitiveConfig>();
  for (const [name, item] of entriesOf(value)) {
    const primitive = readPrimitive(name, item, ['resources', name], findings);
    if (primitive !== undefined) primitives.set(name, primitive);
  }
  return primitives;
}

function readPrimitive(
  name: string,
  value: unknown,
  path: Path,
  findings: Findings,
): PrimitiveConfig | undefined {
  const shape = { ...primitiveShape, with: anything, monitor: anything, ...metaShape };
  const fields = readFields(value, path, shape, findings, requiredKeys.primitive);
  if (fields === undefined) return undefined;
  const { startTimeoutMs, stopTimeoutMs } = operationDefaults;
  const timeout = (verb: 'start' | 'stop', otherwise: number) =>
    readTime([...path, verb, 'timeout'], fields[verb]?.timeout, otherwise, timeoutBounds, findings);
  const operations = {
    startTimeoutMs: timeout('start', startTimeoutMs),
    stopTimeoutMs: timeout('stop', stopTimeoutMs),
    monitors: readMonitors(fields.monitor, [...path, 'monitor'], findings),
  };
  const meta = readMeta(fields, path, findings);
  const parameters = readTexts(fields.with, [...path, 'with'], findings);
  if (fields.agent === undefined) return undefined;
  const agent = parseAgent(fields.agent);
  if (agent === undefined) {
    reportAgent(fields.agent, [...path, 'agent'], findings);
    return undefined;
  }
  checkNativeParameters(agent, parameters, path, findings);
  return { kind: 'primitive', id: resourceId(name), agent, parameters, operations, meta };
}

function reportAgent(text: string, path: Path, findings: Findings): void {
  const near = nearestWord(text, ['process', 'address']);
  const native =
    near === undefined ? undefined : agentName({ kind: near as 'process' | 'address' });
  const hint =
    native === undefined
      ? 'ocf:PROVIDER:TYPE, systemd:UNIT, lsb:SCRIPT, process or address'
      : `did you mean '${native}'?`;
  findings.add(path, `'${shown(text)}' is not an agent`, hint);
}

function readMonitors(value: unknown, path: Path, findings: Findings): readonly MonitorConfig[] {
  if (value === undefined) return [operationDefaults.monitor];
  if (value === 'off' || value === false) return [];
  if (!Array.isArray(value)) {
    if (typeof value === 'object') return [readMonitor(value, path, findings)];
    findings.add(path, `must be a map with every, timeout, depth, or off, not ${describe(value)}`);
    return [];
  }
  const monitors = value.map((item, i) => readMonitor(item, [...path, i], findings));
  const seen = new Set<string>();
  for (const [i, { intervalMs, depth }] of monitors.entries()) {
    const key = `${intervalMs}/${depth}`;
    if (seen.has(key)) findings.add([...path, i], 'the same interval and depth is there twice');
    seen.add(key);
  }
  return monitors;
}

function readMonitor(value: unknown, path: Path, findings: Findings): MonitorConfig {
  const fields = readFields(value, path, monitorShape, findings) ?? {};
  const { intervalMs, timeoutMs } = operationDefaults.monitor;
  const time = (key: 'every' | 'timeout', otherwise: number) =>
    readTime([...path, key], fields[key], otherwise, timeoutBounds, findings);
  return {
    intervalMs: time('every', intervalMs),
    timeoutMs: time('timeout', timeoutMs),
    depth: fields.depth ?? 0,
  };
}

function readMeta(fields: FieldsOf<typeof metaShape>, path: Path, findings: Findings): MetaConfig {
  const window = [...path, 'failure-window'];
  const { failureWindowMs } = defaultMeta;
  return {
    targetRole: fields.stopped === true ? 'stopped' : 'started',
    managed: fields.managed ?? defaultMeta.managed,
    maintenance: fields.maintenance ?? defaultMeta.maintenance,
    priority: fields.priority ?? defaultMeta.priority,
    stickiness: fields.stickiness,
    restarts: fields.restarts ?? defaultMeta.restarts,
    failureWindowMs: readTime(
      window,
      fields['failure-window'],
      failureWindowMs,
      windowBounds,
      findings,
    ),
  };
}

/** Notes that one resource is part of another; a resource can be part of one only. */
function hold(
  member: string,
  holder: string,
  path: Path,
  holders: Map<string, string>,
  findings: Findings,
): void {
  const other = holders.get(member);
  if (other === undefined) holders.set(member, holder);
  else if (other === holder) findings.add(path, `'${shown(member)}' is in the list twice`);
  else findings.add(path, `'${shown(member)}' is a part of ${other} already`);
}

function readGroups(
  value: unknown,
  primitives: ReadonlyMap<string, PrimitiveConfig>,
  names: ResourceNames,
  holders: Map<string, string>,
  findings: Findings,
): Map<string, GroupConfig> {
  const groups = new Map<string, GroupConfig>();
  for (const [name, item] of entriesOf(value)) {
    const path = ['groups', name];
    const shape = { ...groupShape, ...metaShape };
    const fields = readFields(item, path, shape, findings, requiredKeys.group);
    if (fields === undefined) continue;
    const members: PrimitiveConfig[] = [];
    for (const [i, member] of (fields.members ?? []).entries()) {
      const at = [...path, 'members', i];
      const known = checkPart(member, ['resource'], at, names, findings);
      if (known) hold(member, `group '${shown(name)}'`, at, holders, findings);
      const primitive = primitives.get(member);
      if (known && primitive !== undefined) members.push(primitive);
    }
    const meta = readMeta(fields, path, findings);
    groups.set(name, { kind: 'group', id: resourceId(name), members, meta });
  }
  return groups;
}

/** Whether a name is known and of a kind that may stand here; reports it otherwise. */
function checkPart(
  name: string,
  wanted: readonly ('resource' | 'group')[],
  path: Path,
  names: ResourceNames,
  findings: Findings,
): boolean {
  const kind = names.get(name);
  if (kind === undefined) {
    reportUnknownName(name, path, names.keys(), findings);
    return false;
  }
  if ((wanted as readonly string[]).includes(kind)) return true;
  findings.add(path, `'${shown(name)}' is a ${kind}; here stands a ${wanted.join(' or a ')}`);
  return false;
}

/** Says that no resource has a name, and which one was probably meant. */
export function reportUnknownName(
  name: string,
  path: Path,
  known: Iterable<string>,
  findings: Findings,
): void {
  const near = nearestWord(name, known);
  const hint = near === undefined ? undefined : `did you mean '${near}'?`;
  findings.add(path, `there is no resource '${shown(name)}'`, hint);
}

function readClones(
  value: unknown,
  primitives: ReadonlyMap<string, PrimitiveConfig>,
  groups: ReadonlyMap<string, GroupConfig>,
  names: ResourceNames,
  holders: Map<string, string>,
  findings: Findings,
): Map<string, CloneConfig> {
  const clones = new Map<string, CloneConfig>();
  for (const [name, item] of entriesOf(value)) {
    const path = ['clones', name];
    const shape = { ...cloneShape, ...metaShape };
    const fields = readFields(item, path, shape, findings, requiredKeys.clone);
    if (fields?.of === undefined) continue;
    const at = [...path, 'of'];
    if (!checkPart(fields.of, ['resource', 'group'], at, names, findings)) continue;
    hold(fields.of, `clone '${shown(name)}'`, at, holders, findings);
    const of = primitives.get(fields.of) ?? groups.get(fields.of);
    if (of === undefined) continue;
    clones.set(name, {
      kind: 'clone',
      id: resourceId(name),
      of,
      max: fields.max,
      maxPerNode: fields['max-per-node'] ?? 1,
      interleave: fields.interleave ?? true,
      meta: readMeta(fields, path, findings),
    });
  }
  return clones;
}
