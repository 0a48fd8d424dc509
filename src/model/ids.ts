import type { Brand } from '../base/brand.ts';

/** Name of a node, as in the configuration: letters, digits, `-`, `_` and `.`, at most 64. */
export type NodeId = Brand<string, 'NodeId'>;
/** Name of a link: one network path that all nodes share, such as `net0`. */
export type LinkId = Brand<string, 'LinkId'>;
/** Name of a primitive, group or clone in the configuration. */
export type ResourceId = Brand<string, 'ResourceId'>;
/** A thing that runs: a primitive's own name, or `NAME:N` for copy N of a clone's primitive. */
export type InstanceId = Brand<string, 'InstanceId'>;

export const nodeId = (text: string): NodeId => text as NodeId;
export const linkId = (text: string): LinkId => text as LinkId;
export const resourceId = (text: string): ResourceId => text as ResourceId;
export const instanceId = (text: string): InstanceId => text as InstanceId;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Whether a text may name a node, link or resource: nothing in it can break a terminal, a shell or a path. */
export function isName(text: string): boolean {
  return namePattern.test(text);
}

/** The resource whose copy an instance is: `web:1` is a copy of `web`. */
export function primitiveOf(instance: InstanceId): ResourceId {
  const colon = instance.indexOf(':');
  return resourceId(colon < 0 ? instance : instance.slice(0, colon));
}

/** Copies of clones are named `NAME:N`; everything else may be active on one node only. */
export function isExclusive(instance: InstanceId): boolean {
  return !instance.includes(':');
}
