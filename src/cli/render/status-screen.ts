import { problemsOf, type StatusProblem } from '../../api/problems.ts';
import type { StatusReport } from '../../api/requests.ts';
import { spanText } from '../../model/duration.ts';
import { type NodeState, nodeViews } from './node-view.ts';
import type { Mood, Paint } from './paint.ts';
import { type ResourceState, type ResourceView, resourceViews } from './resource-view.ts';
import { cut, safeText, wrap } from './safe-text.ts';
import { type Row, tableLines } from './table.ts';

/** How much room there is, and whether colours are wanted. */
export interface Screen {
  readonly width: number;
  readonly paint: Paint;
  /** Every problem and note, however long that gets. */
  readonly all?: boolean;
}

/** Problems that are shown in full; of the others it is said that they are there. */
const PROBLEMS_SHOWN = 4;
const NOTES_SHOWN = 3;

/** `holdfast status`: problems first, then nodes, then resources. Fits 80 × 24 for a small cluster. */
export function statusScreen(status: StatusReport, screen: Screen): string {
  const problems = problemsOf(status);
  const urgent = problems.filter(({ severity }) => severity !== 'note');
  const notes = problems.filter(({ severity }) => severity === 'note');
  const problemsMax = screen.all ? urgent.length : PROBLEMS_SHOWN;
  const notesMax = screen.all ? notes.length : NOTES_SHOWN;
  const lines = [
    headLine(status, urgent.length, screen),
    ...urgent.slice(0, problemsMax).flatMap((item) => problemLines(item, screen)),
    ...more(urgent.length - problemsMax, 'more problem', screen),
    '',
    ...nodeLines(status, screen),
    ...resourceLines(status, screen),
    '',
    ...notes.slice(0, notesMax).flatMap((note) => noteLines(note, screen)),
    ...more(notes.length - notesMax, 'more note', screen),
    failoverLine(status, screen),
  ];
  return lines.join('\n');
}

function headLine(status: StatusReport, urgent: number, { width, paint }: Screen): string {
  const joined = status.facts.members.filter(({ presence }) => presence === 'joined').length;
  const all = status.facts.members.filter(({ presence }) => presence !== 'left').length;
  const state = urgent === 0 ? 'all is well' : urgent === 1 ? '1 problem' : `${urgent} problems`;
  const leader = status.raft.leader === undefined ? 'no leader' : `leader ${status.raft.leader}`;
  const rest = `${joined} of ${all} nodes, ${leader}, configuration ${status.configVersion}`;
  const left = `${safeText(status.cluster)}: ${state}`;
  const room = width - left.length - 3;
  const tail = room >= 20 ? ` (${cut(safeText(rest), room)})` : '';
  return (
    paint('strong', `${safeText(status.cluster)}: `) +
    paint(urgent === 0 ? 'good' : 'bad', state) +
    paint('dim', tail)
  );
}

function problemLines(item: StatusProblem, { width, paint }: Screen): readonly string[] {
  const mood: Mood = item.severity === 'critical' ? 'bad' : 'warn';
  const [first = '', ...rest] = wrap(safeText(item.text), width - 2);
  const next = item.next === undefined ? [] : [paint('strong', `    ${safeText(item.next)}`)];
  const mark = paint(mood, item.severity === 'critical' ? '!' : '-');
  return [
    `${mark} ${paint(mood, first)}`,
    ...rest.map((line) => `  ${paint(mood, line)}`),
    ...next,
  ];
}

function more(count: number, what: string, { paint }: Screen): readonly string[] {
  if (count <= 0) return [];
  return [paint('dim', `  … and ${count} ${what}${count === 1 ? '' : 's'}: holdfast status --all`)];
}

function noteLines(
  { text, next }: StatusProblem,
  { width, paint, all }: Screen,
): readonly string[] {
  const line = `note: ${safeText(text)}`;
  if (!all) return [paint('dim', cut(line, width))];
  const more = next === undefined ? [] : [paint('strong', `    ${safeText(next)}`)];
  return [...wrap(line, width).map((part) => paint('dim', part)), ...more];
}

function failoverLine({ failover, options }: StatusReport, { width, paint }: Screen): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const lost = `failover: a node is lost after ${seconds(failover.detectMs)} of silence`;
  const after =
    options.takeover === 'fencing'
      ? 'taken over when proven off'
      : `taken over after ${seconds(failover.takeoverMs)}`;
  return paint('dim', cut(`${lost}, ${after}`, width));
}

const nodeMoods: Readonly<Record<NodeState, Mood | undefined>> = {
  online: 'good',
  standby: 'warn',
  maintenance: 'warn',
  leaving: 'warn',
  silent: 'warn',
  lost: 'bad',
  down: 'bad',
  left: 'dim',
  absent: 'dim',
};

/** The table of `holdfast node list`. */
export function nodeLines(status: StatusReport, { width, paint }: Screen): readonly string[] {
  const rows = nodeViews(status).map(
    (node): Row => [
      node.self ? `${node.node} (here)` : node.node,
      { text: node.state, mood: nodeMoods[node.state] },
      node.vote,
      node.links === undefined ? '-' : `${node.links.up}/${node.links.all}`,
      node.sinceMs > 0 ? spanText(status.wallMs - node.sinceMs) : '-',
      node.runs.length === 0 ? '-' : node.runs.join(' '),
    ],
  );
  return tableLines(['NODE', 'STATE', 'VOTE', 'LINKS', 'SINCE', 'RUNS'], rows, width, paint);
}

const resourceMoods: Readonly<Record<ResourceState, Mood | undefined>> = {
  running: 'good',
  starting: 'warn',
  stopping: 'warn',
  stopped: undefined,
  failed: 'bad',
  blocked: 'bad',
  unknown: 'bad',
};

/** The table of `holdfast resource list`. */
export function resourceLines(status: StatusReport, { width, paint }: Screen): readonly string[] {
  const views = resourceViews(status);
  if (views.length === 0) {
    return [paint('dim', 'no resources yet: holdfast resource create, or holdfast apply -f FILE')];
  }
  const rows = views.map((view) => resourceRow(status, view));
  return tableLines(['RESOURCE', 'STATE', 'NODE', 'SINCE', 'KIND'], rows, width, paint);
}

function resourceRow(status: StatusReport, view: ResourceView): Row {
  const wanted = view.state === 'stopped' && view.stoppedByWish;
  const odd = view.state === 'stopped' && !view.stoppedByWish && !status.options.maintenance;
  const state = wanted ? 'stopped (as asked)' : view.state;
  const mood = odd ? 'bad' : resourceMoods[view.state];
  return [
    '  '.repeat(view.depth) + view.name,
    { text: view.managed ? state : `${state} (unmanaged)`, mood },
    view.nodes.length === 0 ? '-' : view.nodes.join(' '),
    view.sinceMs === undefined || view.sinceMs <= 0 ? '-' : spanText(status.wallMs - view.sinceMs),
    view.agent ?? view.kind,
  ];
}
