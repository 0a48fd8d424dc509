import type { ClusterEvent, Happening } from '../../model/event.ts';
import { eventText } from '../../model/event-text.ts';
import type { Mood, Paint } from './paint.ts';
import { safeText } from './safe-text.ts';

const moods: Partial<Readonly<Record<Happening['kind'], Mood>>> = {
  'node-lost': 'bad',
  'node-down': 'bad',
  failed: 'bad',
  refused: 'warn',
  'node-joined': 'good',
  done: 'good',
};

/** `2026-11-20T14:00:00.123Z  bravo is lost: …` */
export function eventLine(event: ClusterEvent, paint: Paint): string {
  const mood = moods[event.what.kind];
  const text = safeText(eventText(event));
  return `${paint('dim', timeText(event.atMs))}  ${mood === undefined ? text : paint(mood, text)}`;
}

function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms}` : date.toISOString();
}
