import type { Mood } from '../../src/cli/render/paint.ts';
import type { ClusterEvent, Happening } from '../../src/model/event.ts';
import { eventText } from '../../src/model/event-text.ts';
import type { Host } from '../lab/host.ts';
import type { Gap } from '../lab/observation.ts';
import type { ObserverHandle } from '../lab/observer-handle.ts';
import type { DemoCluster } from './demo-cluster.ts';
import type { History } from './history.ts';
import type { Stage } from './stage.ts';

/** All that a scene works with. */
export interface Play {
  readonly stage: Stage;
  readonly cluster: DemoCluster;
  readonly observer: ObserverHandle;
  readonly history: History;
  /** Every gap that the observer has seen so far; it adds to them. */
  readonly gaps: readonly Gap[];
  /** A host whose power stays on, to be asked. */
  readonly witness: Host;
}

/** A line of the table at the end. */
export interface SceneResult {
  readonly what: string;
  /** How long nobody answered, in ms; undefined where no answer was missed. */
  readonly gapMs: number | undefined;
  /** Whether it went as it should. */
  readonly good: boolean;
}

/** A moment that the lines of a scene count from. */
export interface Beginning {
  readonly observerMs: number;
  readonly wallMs: number;
  readonly clockMs: number;
  readonly lastEvent: number;
}

const moods: Partial<Readonly<Record<Happening['kind'], Mood>>> = {
  'node-lost': 'bad',
  'node-down': 'bad',
  failed: 'bad',
  'node-joined': 'good',
};

/** Marks the beginning of a scene; from now on the events show, each with the time since then. */
export async function begin({ observer, history, stage }: Play): Promise<Beginning> {
  const observerMs = await observer.mark('scene');
  const beginning = {
    observerMs,
    wallMs: Date.now(),
    clockMs: performance.now(),
    lastEvent: history.last,
  };
  history.listen((event) => showEvent(stage, event, beginning.wallMs));
  return beginning;
}

function showEvent(stage: Stage, event: ClusterEvent, sinceMs: number): void {
  const { what } = event;
  // What a host that joins is asked is of no interest here.
  if (what.kind === 'ordered' && what.action === 'probe') return;
  if (what.kind === 'done' && what.action === 'probe') return;
  stage.moment(event.atMs - sinceMs, eventText(event), moods[what.kind]);
}

/** The longest gap since the beginning of a scene, of at least `floorMs`; undefined where there was none. */
export function gapSince(
  gaps: readonly Gap[],
  { observerMs }: Beginning,
  floorMs = 0,
): number | undefined {
  const found = gaps
    .filter((gap) => gap.startMs + gap.durationMs >= observerMs)
    .map((gap) => gap.durationMs)
    .filter((durationMs) => durationMs >= floorMs);
  return found.length === 0 ? undefined : Math.max(...found);
}

/** The gap of a scene for people. */
export function gapText(gapMs: number | undefined): string {
  return gapMs === undefined ? 'no answer was missed' : `${(gapMs / 1000).toFixed(2)} s`;
}
