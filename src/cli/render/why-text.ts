import type { StatusReport } from '../../api/requests.ts';
import { type Explanation, explain } from '../../model/explain.ts';
import { resourceId } from '../../model/ids.ts';
import type { Assignment } from '../../model/plan.ts';
import { reasonText } from '../../model/reason-text.ts';
import { partsOf } from './resource-view.ts';
import { safeText } from './safe-text.ts';

/** What `holdfast why` found out. */
export interface Why {
  readonly explanation: Explanation | undefined;
  readonly assignments: readonly Assignment[];
}

export function whyOf(status: StatusReport, resource: string): Why {
  const parts = partsOf(status, resource);
  const assignments = status.assignments.filter((item) => parts.includes(item.resource));
  const input = { ...status, quorate: status.raft.quorate };
  return { explanation: explain(input, resourceId(resource)), assignments };
}

/** The sentence, its command on a line of its own, and the scores where they are wanted. */
export function whyLines(
  { explanation, assignments }: Why,
  resource: string,
  scores: boolean,
): readonly string[] {
  if (explanation === undefined) return [`nothing has been decided about ${resource} yet`];
  const { sentence, command } = explanation;
  const end = command === undefined ? '' : `; next: ${command}`;
  const text = sentence.endsWith(end) ? sentence.slice(0, sentence.length - end.length) : sentence;
  return [
    safeText(text),
    ...(command === undefined ? [] : [`  ${safeText(command)}`]),
    ...(scores ? assignments.flatMap(scoreLines) : []),
  ];
}

function scoreLines({ instance, candidates }: Assignment): readonly string[] {
  return [
    `scores of ${instance}:`,
    ...candidates.map(({ node, score, reasons }) => {
      const why = reasons.map(reasonText).join(', ');
      return safeText(`  ${String(score).padStart(8)}  ${node}${why === '' ? '' : `: ${why}`}`);
    }),
  ];
}
