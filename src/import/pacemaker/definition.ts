import { createHash } from 'node:crypto';
import type { OperationHistory } from '../../core/scheduler/policy/input.ts';
import type { Element } from './element.ts';

/** Tells whether an operation was done with the definition that stands now. */
export interface DefinitionReader {
  compare(
    operation: Element,
    resource: string,
    node: string,
    task: string,
    intervalMs: number,
  ): OperationHistory['definition'];
}

/** Parameters of a resource on a node; undefined where nothing can be said. */
export type ParametersOf = (resource: string, node: string, task: string) => Parameters | undefined;

export interface Parameters {
  readonly own: Readonly<Record<string, string>>;
  /** Given for that operation alone. */
  readonly extra: Readonly<Record<string, string>>;
}

export function newDefinitionReader(parametersOf: ParametersOf): DefinitionReader {
  return {
    compare(operation, resource, node, task, intervalMs) {
      const whole = operation.attributes['op-digest'];
      if (whole === undefined || intervalMs > 0) return 'same';
      const isStart = ['monitor', 'migrate_from', 'promote'].includes(task);
      const parameters = parametersOf(resource, node, isStart ? 'start' : task);
      if (parameters === undefined) return 'same';
      const { own, extra } = parameters;
      if (digestOf({ ...own, ...extra }) === whole) return 'same';
      // No agent takes up the parameters of an operation by a reload.
      if (digestOf(own) === whole) return 'changed';
      return judge(operation, own);
    },
  };
}

function judge(
  { attributes }: Element,
  parameters: Readonly<Record<string, string>>,
): OperationHistory['definition'] {
  const secure = attributes['op-secure-digest'];
  const hidden = listOf(attributes['op-secure-params']);
  const known = without(parameters, hidden);
  const ownFencing = Object.keys(known).filter((name) => name.startsWith('pcmk_'));
  if (secure !== undefined && digestOf(known) === secure) return 'same';
  if (secure !== undefined && digestOf(without(known, ownFencing)) === secure) return 'same';
  const part = attributes['op-restart-digest'];
  if (part === undefined) return 'changed';
  const restarting = attributes['op-force-restart'];
  const names = listOf(restarting);
  const kept =
    restarting === undefined
      ? parameters
      : Object.fromEntries(Object.entries(parameters).filter(([name]) => names.includes(name)));
  return digestOf(kept) === part ? 'reload' : 'changed';
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter((name) => name !== '');
}

function without(
  parameters: Readonly<Record<string, string>>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.includes(name)));
}

/** MD5 of the parameters as one element with its attributes in order, as the record has it. */
function digestOf(parameters: Readonly<Record<string, string>>): string {
  const names = Object.keys(parameters).sort((a, b) => (a < b ? -1 : 1));
  const attributes = names
    .map((name) => ` ${name}="${escapeText(parameters[name] ?? '')}"`)
    .join('');
  return createHash('md5').update(` <parameters${attributes}/>\n`).digest('hex');
}

function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
