import type {
  NodeStateInput,
  OperationHistory,
  ResourceHistory,
  TicketInput,
} from '../../core/scheduler/policy/input.ts';
import { isTrue } from '../../core/scheduler/policy/state.ts';
import type { DefinitionReader } from './definition.ts';
import { childNamed, childrenNamed, type Element } from './element.ts';
import { readPairs, type Source } from './nvpairs.ts';
import { readAgent } from './resources.ts';

export function readNodeStates(
  status: Element | undefined,
  source: Source,
  definitions: DefinitionReader,
): readonly NodeStateInput[] {
  return childrenNamed(status, 'node_state').map((state) => {
    const { id = '', uname, join, expected } = state.attributes;
    const transient = childNamed(state, 'transient_attributes');
    const resources = childNamed(childNamed(state, 'lrm'), 'lrm_resources');
    const name = uname ?? id;
    return {
      id,
      name,
      isMember: readMember(state.attributes.in_ccm),
      isOnline: readOnline(state.attributes.crmd),
      join,
      expected,
      wasFenced: isSet(state.attributes.node_fenced),
      isMaintenance: isTrue(state.attributes.node_in_maintenance),
      attributes: readPairs(transient, 'instance_attributes', source),
      history: childrenNamed(resources, 'lrm_resource').map((resource) =>
        readHistory(resource, name, definitions),
      ),
    };
  });
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && (isTrue(text) || Number(text) > 0);
}

/** A word, or the time in seconds since when. */
function readMember(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  return isTrue(text) || Number(text) > 0;
}

function readOnline(text: string | undefined): boolean {
  return text === 'online' || Number(text ?? 0) > 0;
}

function readHistory(
  element: Element,
  node: string,
  definitions: DefinitionReader,
): ResourceHistory {
  const { id = '', container } = element.attributes;
  const locked = element.attributes['shutdown-lock'];
  return {
    resource: id,
    agent: readAgent(element),
    container,
    lockedAtS: locked === undefined || locked === '0' ? undefined : Number(locked),
    operations: childrenNamed(element, 'lrm_rsc_op').map((operation) =>
      readOperation(operation, id, node, definitions),
    ),
  };
}

function readOperation(
  element: Element,
  resource: string,
  node: string,
  definitions: DefinitionReader,
): OperationHistory {
  const { attributes } = element;
  const magic = attributes['transition-magic'];
  const [outcome = '', ...rest] = (magic ?? '').split(';');
  const [magicStatus, magicCode] = outcome.split(':');
  const transition = attributes['transition-key'] ?? rest.join(';');
  const changed = attributes['last-rc-change'] ?? attributes['last-run'];
  const task = attributes.operation ?? '';
  const intervalMs = Number(attributes.interval ?? 0);
  return {
    id: attributes.id ?? '',
    key: attributes.operation_key ?? attributes.id ?? '',
    task,
    intervalMs,
    callId: numberFrom(attributes['call-id'], -1),
    exitCode: numberFrom(attributes['rc-code'], numberFrom(magicCode, 0)),
    expectedExitCode: expectedOf(transition),
    status: numberFrom(attributes['op-status'], numberFrom(magicStatus, 0)),
    changedAtS: changed === undefined ? undefined : Number(changed),
    migrateSource: attributes.migrate_source,
    migrateTarget: attributes.migrate_target,
    definition: definitions.compare(element, resource, node, task, intervalMs),
  };
}

function numberFrom(text: string | undefined, otherwise: number): number {
  if (text === undefined || text === '') return otherwise;
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? otherwise : value;
}

/** `ACTION:TRANSITION:EXPECTED:ID`. */
function expectedOf(transition: string): number {
  const parts = transition.split(':');
  if (parts.length < 4) return parts.length === 3 ? 0 : -1;
  return numberFrom(parts[2], -1);
}

export function readTickets(status: Element | undefined): readonly TicketInput[] {
  const tickets = childNamed(status, 'tickets');
  const current = childrenNamed(tickets, 'ticket_state').map(({ attributes }) => ({
    id: attributes.id ?? '',
    isGranted: isTrue(attributes.granted),
    isStandby: isTrue(attributes.standby),
  }));
  return current;
}
