import { type ClusterOptions, defaultOptions } from '../config.ts';
import { durationText, parseDuration } from '../duration.ts';
import { type FieldsOf, readFields } from './fields.ts';
import type { Findings, Path } from './findings.ts';
import { optionsShape } from './schema.ts';

/** What `profile:` presets. */
export const profiles: Readonly<Record<'default' | 'fast', Partial<ClusterOptions>>> = {
  default: {},
  fast: { detectMinMs: 150, selfStopMs: 150 },
};

/** Bounds of the times, in ms: below them no machine keeps its word, above them nobody waits. */
const bounds = {
  'detect.min': [100, 60_000],
  'detect.max': [100, 60_000],
  'self-stop': [100, 60_000],
  'agent-grace': [500, 300_000],
} as const;

/** Reads `options:`; refuses times that contradict each other. */
export function readOptions(value: unknown, findings: Findings): ClusterOptions {
  const path = ['options'];
  const fields = readFields(value, path, optionsShape, findings) ?? {};
  const base = { ...defaultOptions, ...profiles[fields.profile ?? 'default'] };
  const time = (key: keyof typeof bounds, text: string | undefined, otherwise: number) =>
    readTime([...path, ...key.split('.')], text, otherwise, bounds[key], findings);
  const options: ClusterOptions = {
    detectMinMs: time('detect.min', fields.detect?.min, base.detectMinMs),
    detectMaxMs: time('detect.max', fields.detect?.max, base.detectMaxMs),
    selfStopMs: time('self-stop', fields['self-stop'], base.selfStopMs),
    agentGraceMs: time('agent-grace', fields['agent-grace'], base.agentGraceMs),
    takeover: fields.takeover ?? base.takeover,
    onLeaseLost: fields['on-lease-lost'] ?? base.onLeaseLost,
    maintenance: fields.maintenance ?? base.maintenance,
    stickiness: fields.stickiness ?? base.stickiness,
    symmetric: fields.symmetric ?? base.symmetric,
  };
  checkContradictions(options, fields, findings);
  return options;
}

/** A duration within its bounds; the default where none is written or the text is wrong. */
export function readTime(
  path: Path,
  text: string | undefined,
  otherwiseMs: number,
  [minMs, maxMs]: readonly [number, number],
  findings: Findings,
): number {
  const ms = text === undefined ? undefined : parseDuration(text);
  if (ms === undefined) return otherwiseMs;
  if (ms < minMs) findings.add(path, `${text} is too short: at least ${durationText(minMs)}`);
  if (ms > maxMs) findings.add(path, `${text} is too long: at most ${durationText(maxMs)}`);
  return ms;
}

function checkContradictions(
  options: ClusterOptions,
  fields: FieldsOf<typeof optionsShape>,
  findings: Findings,
): void {
  const { detectMinMs, detectMaxMs, onLeaseLost, takeover } = options;
  if (detectMinMs > detectMaxMs) {
    const at = fields.detect?.min === undefined ? 'max' : 'min';
    findings.add(
      ['options', 'detect', at],
      `detect.min ≤ detect.max does not hold: ${durationText(detectMinMs)} > ` +
        durationText(detectMaxMs),
    );
  }
  if (onLeaseLost === 'keep' && takeover !== 'fencing') {
    findings.add(
      ['options', 'on-lease-lost'],
      'keep needs a proof that the node is off before its resources start elsewhere, ' +
        'or they would run twice',
      'set `takeover: fencing`, or `on-lease-lost: stop`',
    );
  }
}
