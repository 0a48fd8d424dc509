import { problemsOf } from '../../api/problems.ts';
import type { StatusReport } from '../../api/requests.ts';
import { spanText } from '../../model/duration.ts';
import { primitiveOf } from '../../model/ids.ts';
import { nodeViews } from './node-view.ts';
import { resourceViews } from './resource-view.ts';
import { safeText } from './safe-text.ts';
import type { Screen } from './status-screen.ts';

type Fact = readonly [label: string, text: string];

function factLines(facts: readonly Fact[]): string {
  const width = Math.max(...facts.map(([label]) => label.length));
  return facts.map(([label, text]) => `${label.padEnd(width)}  ${safeText(text)}`).join('\n');
}

/** `holdfast status NODE`. */
export function nodeDetail(status: StatusReport, name: string, screen: Screen): string {
  const view = nodeViews(status).find(({ node }) => node === name);
  if (view === undefined) return '';
  const peer = status.peers.find(({ node }) => node === name);
  const since = spanText(status.wallMs - view.sinceMs);
  return [
    factLines([
      ['node', view.self ? `${view.node} (here)` : view.node],
      ['state', `${view.state} for ${since}`],
      ['vote', view.vote],
      ['runs', view.runs.length === 0 ? 'nothing' : view.runs.join(', ')],
      ['addresses', view.addresses.join(', ')],
      ...(view.links === undefined
        ? []
        : [['links up', `${view.links.up} of ${view.links.all}`] as const]),
      ...(peer?.heard !== true ? [] : [['hears', peer.hears.join(', ') || 'nobody'] as const]),
      ['version', view.version],
    ]),
    ...problemTexts(status, [name], screen),
  ].join('\n');
}

/** `holdfast status RESOURCE`. */
export function resourceDetail(status: StatusReport, name: string, screen: Screen): string {
  const views = resourceViews(status);
  const at = views.findIndex((view) => view.name === name);
  const view = views[at];
  if (view === undefined) return '';
  const after = views.slice(at + 1);
  const end = after.findIndex(({ depth }) => depth <= view.depth);
  const parts = [view, ...(end < 0 ? after : after.slice(0, end))].map((part) => part.name);
  const facts = status.facts.instances.filter(({ instance }) =>
    parts.includes(primitiveOf(instance)),
  );
  const failures = status.facts.failures.filter(({ instance }) =>
    parts.includes(primitiveOf(instance)),
  );
  return [
    factLines([
      ['resource', view.name],
      ['kind', view.agent ?? view.kind],
      ['state', view.state === 'stopped' && view.stoppedByWish ? 'stopped (as asked)' : view.state],
      ['node', view.nodes.join(', ') || '-'],
      ...facts.map((fact): Fact => {
        const since = fact.sinceMs > 0 ? ` for ${spanText(status.wallMs - fact.sinceMs)}` : '';
        return [`  ${fact.instance}`, `${fact.role} on ${fact.node}${since}`];
      }),
      ...failures.map((failure): Fact => {
        const ago = spanText(status.wallMs - failure.atMs);
        return ['failure', `${failure.action} on ${failure.node} ${ago} ago: ${failure.reason}`];
      }),
    ]),
    ...problemTexts(status, parts, screen),
    `why: holdfast why ${name}`,
  ].join('\n');
}

function problemTexts(
  status: StatusReport,
  about: readonly string[],
  { paint }: Screen,
): readonly string[] {
  return problemsOf(status)
    .filter((item) => item.about !== undefined && about.includes(item.about.split(':')[0] ?? ''))
    .flatMap(({ text, next, severity }) => [
      paint(severity === 'critical' ? 'bad' : 'warn', safeText(text)),
      ...(next === undefined ? [] : [paint('strong', `  ${safeText(next)}`)]),
    ]);
}
