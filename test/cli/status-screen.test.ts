import { describe, expect, test } from 'vitest';
import type { StatusReport } from '../../src/api/requests.ts';
import { colourPaint, paintFor, plainPaint } from '../../src/cli/render/paint.ts';
import { statusScreen } from '../../src/cli/render/status-screen.ts';
import { instanceId, nodeId } from '../../src/model/ids.ts';
import { expectGolden } from './support/golden.ts';
import {
  calm,
  failedResource,
  failure,
  maintenance,
  member,
  noQuorum,
  oneNodeLost,
  running,
} from './support/status-fixture.ts';

const screens: Readonly<Record<string, () => StatusReport>> = {
  calm,
  'one-node-lost': oneNodeLost,
  'no-quorum': noQuorum,
  'failed-resource': failedResource,
  maintenance,
};

const screen = { width: 80, paint: plainPaint };

describe('status', () => {
  for (const [name, report] of Object.entries(screens)) {
    test(`shows the cluster: ${name}`, () => {
      expectGolden(import.meta.dirname, `status-${name}`, statusScreen(report(), screen));
    });

    test(`fits 80 columns and 24 lines: ${name}`, () => {
      const lines = statusScreen(report(), screen).split('\n');
      expect(lines.length).toBeLessThanOrEqual(24);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    });
  }

  test('puts the worst problem directly under the head line', () => {
    const lines = statusScreen(failedResource(), screen).split('\n');
    expect(lines[0]).toContain('2 problems');
    expect(lines[1]).toMatch(/^! /);
  });

  test('prints names and reasons of strangers without their control characters', () => {
    const evil = '\u{1b}[2Jgone\u{202e}';
    const base = calm({ cluster: evil });
    const bad = {
      ...running('web', 'bravo', 10),
      failed: failure('web', 'bravo', { reason: evil }),
    };
    const facts = { ...base.facts, instances: [bad], members: [member(evil)] };
    const text = statusScreen({ ...base, facts }, screen);
    expect(text).not.toContain('\u{1b}');
    expect(text).not.toContain('\u{202e}');
    expect(text).toContain('gone');
  });

  test('uses colours only where they are wanted', () => {
    expect(paintFor(true, {})).toBe(colourPaint);
    expect(paintFor(true, { NO_COLOR: '1' })).toBe(plainPaint);
    expect(paintFor(true, { TERM: 'dumb' })).toBe(plainPaint);
    expect(paintFor(false, {})).toBe(plainPaint);
    expect(statusScreen(calm(), { width: 80, paint: colourPaint })).toContain('\u{1b}[32m');
  });

  test('with --all every problem is there, without it the first four and how many more', () => {
    const base = calm();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const instances = names.map((name) => ({
      ...running(name, 'bravo', 10),
      blocked: failure(name, 'bravo', { action: 'stop' }),
      instance: instanceId(name),
      node: nodeId('bravo'),
    }));
    const report = { ...base, facts: { ...base.facts, instances } };
    const short = statusScreen(report, screen);
    expect(short).toContain('2 more problems');
    expect(short).not.toContain('f is blocked');
    expect(statusScreen(report, { ...screen, all: true })).toContain('f is blocked');
  });
});
