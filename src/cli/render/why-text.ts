import { problemsOf } from '../../api/problems.ts';
import type { StatusReport } from '../../api/requests.ts';
import { primitiveOf } from '../../model/ids.ts';
import type { Assignment } from '../../model/plan.ts';
import { reasonText } from '../../model/reason-text.ts';
import { resourceViews } from './resource-view.ts';
import { safeText } from './safe-text.ts';

/** Why a resource is where it is: the problems that concern it, then each part with its reason. */
export function whyText(
  status: StatusReport,
  resource: string,
): { readonly text: string; readonly assignments: readonly Assignment[] } {
  const parts = partsOf(status, resource);
  const assignments = status.assignments.filter(({ instance }) =>
    parts.includes(primitiveOf(instance)),
  );
  const problems = problemsOf(status).filter(
    ({ severity, about }) =>
      severity === 'critical' && (about === undefined || parts.includes(about.split(':')[0] ?? '')),
  );
  const lines = [
    ...problems.map(({ text }) => text),
    ...assignments.map((assignment) => sentence(assignment)),
    ...problems.flatMap(({ next }) => (next?.startsWith('holdfast why') ? [] : [`next: ${next}`])),
  ];
  return { text: lines.map(safeText).join('\n'), assignments };
}

/** The primitives of a resource, group or clone, by name. */
function partsOf(status: StatusReport, resource: string): readonly string[] {
  const views = resourceViews(status);
  const at = views.findIndex(({ name }) => name === resource);
  const top = views[at];
  if (top === undefined) return [];
  const rest = views.slice(at + 1);
  const end = rest.findIndex(({ depth }) => depth <= top.depth);
  return [top, ...(end < 0 ? rest : rest.slice(0, end))].map(({ name }) => name);
}

function sentence({ instance, node, reason }: Assignment): string {
  const place = node === undefined ? 'runs nowhere' : `belongs on ${node}`;
  return `${instance} ${place}, because ${reasonText(reason)}`;
}
