import type { ResourceId } from './ids.ts';
import type { Reason } from './reason.ts';

/** The command that would change a decision, or show more about its cause; undefined where nothing is to be done. */
export function nextStep(reason: Reason, resource: ResourceId): string | undefined {
  switch (reason.rule) {
    case 'intended-stop':
      return `holdfast resource start ${reason.resource}`;
    case 'node-standby':
    case 'node-maintenance':
      return `holdfast node online ${reason.node}`;
    case 'cluster-maintenance':
      return 'holdfast maintenance off';
    case 'too-many-failures':
    case 'unusable':
      return `holdfast resource cleanup ${reason.resource}`;
    case 'failed':
    case 'blocked':
      return `holdfast resource cleanup ${resource}`;
    case 'node-lost':
    case 'waits-for-lost-node':
      return `holdfast status ${reason.node}`;
    case 'node-left':
    case 'not-joined':
      return 'holdfast node list';
    case 'resource-maintenance':
    case 'unmanaged':
    case 'removed':
    case 'not-allowed':
    case 'witness':
    case 'location':
    case 'order-cycle':
    case 'clone-limit':
      return 'holdfast config show';
    case 'colocation':
      return `holdfast why ${resource === reason.dependent ? reason.primary : reason.dependent}`;
    case 'group':
      return `holdfast why ${reason.waitsFor}`;
    case 'order':
      return `holdfast why ${reason.first}`;
    case 'better-node':
      return reason.because && nextStep(reason.because, resource);
    case 'no-node':
      return noNodeStep(reason, resource);
    default:
      return undefined;
  }
}

/** Of several causes, the one that a person can end at once comes first. */
function noNodeStep(
  reason: Extract<Reason, { readonly rule: 'no-node' }>,
  resource: ResourceId,
): string | undefined {
  const order: readonly Reason['rule'][] = [
    'too-many-failures',
    'unusable',
    'node-standby',
    'node-maintenance',
    'location',
    'not-allowed',
    'node-lost',
  ];
  for (const rule of order) {
    const found = reason.refusals.find((refusal) => refusal.because.rule === rule);
    if (found !== undefined) return nextStep(found.because, resource);
  }
  return 'holdfast node list';
}
