import type { Gap, ObserverReport, Overlap } from './observation.ts';
import type { LabPlan } from './topology.ts';

/** What the observer's process is told on its command line, as one JSON text. */
export interface ObserverConfig {
  readonly plan: LabPlan;
  readonly address: string;
  readonly port: number;
  readonly intervalMs: number;
  readonly connectTimeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly gapFloorMs: number;
  /** The command that asks who has the address, as the observer starts it. */
  readonly watchCommand: readonly string[];
}

/** Whose answer to wait for; without both, anybody's. */
export interface AnswerFilter {
  readonly from?: string;
  readonly notFrom?: string;
}

/** What the running observer is asked, one JSON text a line. The end of its input is a `stop`. */
export type ObserverRequest =
  | { readonly kind: 'mark'; readonly label: string }
  | { readonly kind: 'wait'; readonly id: number; readonly filter: AnswerFilter }
  | { readonly kind: 'stop' };

/** What it says while it runs, one JSON text a line. Times as in the report. */
export type ObserverEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'marked'; readonly label: string; readonly atMs: number }
  /** Answers a `wait`: the request of this answer was begun after the `wait` had come. */
  | { readonly kind: 'answered'; readonly id: number; readonly host: string; readonly atMs: number }
  /** Another host answers than the one before. */
  | { readonly kind: 'changed'; readonly host: string; readonly atMs: number }
  /** No answer for 100 ms. */
  | { readonly kind: 'silent'; readonly sinceMs: number }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { readonly kind: 'overlap'; readonly overlap: Overlap }
  | { readonly kind: 'report'; readonly report: ObserverReport };
