import { type Document, isMap, isSeq, YAMLSeq } from 'yaml';
import { editText, removeAt, setAt, setSwitch } from './edit-text.ts';

/** What `resource create` writes. Times as in the file, such as `40s`. */
export interface NewResource {
  readonly name: string;
  readonly agent: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly startTimeout?: string | undefined;
  readonly stopTimeout?: string | undefined;
  readonly monitorEvery?: string | undefined;
  readonly monitorTimeout?: string | undefined;
  readonly restarts?: number | undefined;
  readonly stopped: boolean;
  /** Becomes the last member of this group, which is made if it is not there. */
  readonly group?: string | undefined;
  /** Copies run everywhere, as the clone of this name. */
  readonly clone?: string | undefined;
}

/** Adds a primitive. The name must be free. */
export function createResource(text: string, resource: NewResource): string {
  return editText(text, (document) => {
    const at = ['resources', resource.name];
    const node = document.createNode(bodyOf(resource));
    for (const { value } of node.items) if (isMap(value)) value.flow = true;
    if (!isMap(document.get('resources', true))) document.set('resources', document.createNode({}));
    const resources = document.get('resources', true);
    if (isMap(resources)) resources.flow = false;
    document.setIn(at, node);
    if (resource.group !== undefined) addMember(document, resource.group, resource.name);
    if (resource.clone !== undefined) {
      setAt(document, ['clones', resource.clone, 'of'], resource.name);
    }
  });
}

function bodyOf(resource: NewResource): Readonly<Record<string, unknown>> {
  const { agent, parameters, startTimeout, stopTimeout, monitorEvery, monitorTimeout } = resource;
  const monitor = {
    ...(monitorEvery === undefined ? {} : { every: monitorEvery }),
    ...(monitorTimeout === undefined ? {} : { timeout: monitorTimeout }),
  };
  const some = (key: string, value: object) =>
    Object.keys(value).length === 0 ? {} : { [key]: value };
  return {
    agent,
    ...some('with', parameters),
    ...(startTimeout === undefined ? {} : { start: { timeout: startTimeout } }),
    ...(stopTimeout === undefined ? {} : { stop: { timeout: stopTimeout } }),
    ...(monitorEvery === 'off' ? { monitor: 'off' } : some('monitor', monitor)),
    ...(resource.restarts === undefined ? {} : { restarts: resource.restarts }),
    ...(resource.stopped ? { stopped: true } : {}),
  };
}

function addMember(document: Document, group: string, member: string): void {
  const path = ['groups', group, 'members'];
  const members = document.getIn(path, true);
  if (isSeq(members)) {
    members.add(document.createNode(member));
    return;
  }
  const list = document.createNode([member]);
  list.flow = true;
  setAt(document, path, list);
}

const sections = ['resources', 'groups', 'clones'] as const;

/** The part of the file that defines a name. */
export function sectionOf(document: Document, name: string): (typeof sections)[number] | undefined {
  return sections.find((section) => document.hasIn([section, name]));
}

/**
 * Takes a resource away, with all that cannot be without it: the members of a group, what a clone
 * copies, rules that name it, and a group that it leaves empty.
 */
export function deleteResource(
  text: string,
  name: string,
): { readonly text: string; readonly removed: readonly string[] } {
  const removed = new Set<string>();
  const edited = editText(text, (document) => removeResource(document, name, removed));
  return { text: edited, removed: [...removed] };
}

function removeResource(document: Document, name: string, removed: Set<string>): void {
  const section = sectionOf(document, name);
  if (section === undefined || removed.has(name)) return;
  removed.add(name);
  const parts = section === 'groups' ? membersOf(document, name) : cloned(document, name);
  removeAt(document, [section, name]);
  for (const part of parts) removeResource(document, part, removed);
  for (const clone of clonesOf(document, name)) removeResource(document, clone, removed);
  leaveGroups(document, name, removed);
  removeRules(document, (rule) => Object.values(rule).some((value) => value === name));
}

function mapKeys(document: Document, section: string): readonly string[] {
  const value: unknown = document.toJS();
  const map = typeof value === 'object' && value !== null ? value : {};
  const part = (map as Readonly<Record<string, unknown>>)[section];
  return typeof part === 'object' && part !== null ? Object.keys(part) : [];
}

function membersOf(document: Document, group: string): readonly string[] {
  const members = document.getIn(['groups', group, 'members'], true);
  const list: unknown = isSeq(members) ? members.toJSON() : [];
  return Array.isArray(list) ? list.map(String) : [];
}

function cloned(document: Document, clone: string): readonly string[] {
  const of = document.getIn(['clones', clone, 'of']);
  return typeof of === 'string' ? [of] : [];
}

function clonesOf(document: Document, name: string): readonly string[] {
  return mapKeys(document, 'clones').filter((clone) => cloned(document, clone).includes(name));
}

function leaveGroups(document: Document, name: string, removed: Set<string>): void {
  for (const group of mapKeys(document, 'groups')) {
    const at = membersOf(document, group).indexOf(name);
    if (at < 0) continue;
    document.deleteIn(['groups', group, 'members', at]);
    if (membersOf(document, group).length === 0) removeResource(document, group, removed);
  }
}

function removeRules(
  document: Document,
  matches: (rule: Readonly<Record<string, unknown>>) => boolean,
): void {
  const rules = document.get('rules', true);
  if (!isSeq(rules)) return;
  rules.items = rules.items.filter((item) => {
    const rule: unknown = isMap(item) ? item.toJSON() : undefined;
    const body: unknown = Object.values(rule ?? {})[0];
    return typeof body !== 'object' || body === null || !matches(body as Record<string, unknown>);
  });
  if (rules.items.length === 0) document.delete('rules');
}

/** Changes switches of a node; those that are not given stay. */
export function setNode(
  text: string,
  node: string,
  switches: { readonly standby?: boolean; readonly maintenance?: boolean; readonly role?: string },
): string {
  return editText(text, (document) => {
    const set = (key: string, value: unknown, otherwise: unknown) => {
      if (value !== undefined) setSwitch(document, ['nodes', node, key], value, otherwise);
    };
    set('standby', switches.standby, false);
    set('maintenance', switches.maintenance, false);
    set('role', switches.role, 'auto');
  });
}

/** Takes away what is said of a node, and the rules that name it. */
export function forgetNode(text: string, node: string): string {
  return editText(text, (document) => {
    removeAt(document, ['nodes', node]);
    removeRules(document, (rule) => rule.node === node);
  });
}

/** Says whether a resource, group or clone shall be stopped. */
export function setStopped(text: string, name: string, stopped: boolean): string {
  return editText(text, (document) => {
    const section = sectionOf(document, name);
    if (section !== undefined) setSwitch(document, [section, name, 'stopped'], stopped, false);
  });
}

/** Sets an option by its path, such as `['detect', 'min']`; undefined takes it away. */
export function setOption(text: string, path: readonly string[], value: unknown): string {
  return editText(text, (document) => {
    const at = ['options', ...path];
    if (value === undefined) removeAt(document, at);
    else setAt(document, at, value);
  });
}

/** Turns an option on or off; off is its default. */
export function setOptionSwitch(text: string, name: string, on: boolean): string {
  return editText(text, (document) => setSwitch(document, ['options', name], on, false));
}

/** Adds a rule as the file has it: `{ prefer: { resource: 'site', node: 'alpha' } }`. */
export function addRule(text: string, rule: Readonly<Record<string, object>>): string {
  return editText(text, (document) => {
    const node = document.createNode(rule);
    for (const { value } of node.items) if (isMap(value)) value.flow = true;
    if (!isSeq(document.get('rules', true))) document.set('rules', new YAMLSeq());
    const list = document.get('rules', true);
    if (isSeq(list)) list.items.push(node);
  });
}
