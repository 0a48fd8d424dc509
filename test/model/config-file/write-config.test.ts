import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/base/canonical-json.ts';
import type { ClusterConfig } from '../../../src/model/config.ts';
import { problemText } from '../../../src/model/config-file/config-problem.ts';
import { readConfig } from '../../../src/model/config-file/read-config.ts';
import { writeConfig } from '../../../src/model/config-file/write-config.ts';

function read(text: string): ClusterConfig {
  const result = readConfig(text);
  if (result.kind === 'valid') return result.config;
  throw new Error(`${text}\n${result.problems.map(problemText).join('\n')}`);
}

const duration = fc.constantFrom('500ms', '1.5s', '20s', '3min', '1h');
const score = fc.integer({ min: 1, max: 1_000_000 });
const parameter = fc.tuple(
  fc.constantFrom('configfile', 'port', 'options', 'user'),
  fc.oneof(fc.string(), fc.constantFrom('0080', 'true', 'null', '1e3', '[ a ]', "it's", '#x', '~')),
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const meta = {
  stopped: optional(fc.boolean()),
  managed: optional(fc.boolean()),
  priority: optional(fc.integer({ min: -9, max: 9 })),
  stickiness: optional(fc.integer({ min: 0, max: 99 })),
  restarts: optional(fc.integer({ min: 0, max: 9 })),
  'failure-window': optional(fc.constantFrom('1s', '10min', '1d')),
};
const primitive = fc.record({
  agent: fc.constantFrom('ocf:heartbeat:nginx', 'systemd:nginx', 'lsb:old'),
  with: fc.array(parameter, { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs)),
  start: optional(fc.record({ timeout: duration })),
  monitor: fc.constantFrom(undefined, 'off', { every: '3s' }, [{ every: '3s' }, { depth: 10 }]),
  ...meta,
});
const whole = fc.record({
  options: fc.record({
    profile: fc.constantFrom('default', 'fast'),
    maintenance: fc.boolean(),
    takeover: fc.constantFrom('lease', 'fencing'),
    stickiness: fc.integer({ min: 0, max: 50 }),
  }),
  nodes: fc.record({
    alpha: fc.record({ standby: fc.boolean(), role: fc.constantFrom('auto', 'witness') }),
    bravo: fc.record({ attributes: fc.constant({ site: '01' }) }),
  }),
  primitives: fc.tuple(primitive, primitive, primitive, primitive),
  group: fc.record(meta),
  clone: fc.record({ max: optional(fc.integer({ min: 1, max: 9 })), ...meta }),
  score,
});

describe('writing a configuration', () => {
  test('reading what was written gives the same configuration again', () => {
    fc.assert(
      fc.property(whole, ({ options, nodes, primitives, group, clone, score }) => {
        const [a, b, c, d] = primitives;
        const source = JSON.stringify({
          cluster: 'demo',
          options,
          nodes,
          resources: { a, b, c, d },
          groups: { g: { members: ['a', 'b'], ...group } },
          clones: { k: { of: 'c', ...clone } },
          rules: [
            { prefer: { resource: 'g', node: 'alpha', score } },
            { prefer: { resource: 'g', node: 'bravo', score: 'infinity' } },
            { avoid: { resource: 'd', node: 'alpha', score: 100 } },
            { never: { resource: 'd', node: 'bravo', until: '2026-11-20T14:00:00Z' } },
            { apart: { dependent: 'd', with: 'g', score } },
            { together: { dependent: 'd', with: 'k', id: 'mine' } },
            { order: { first: 'k', then: 'g', optional: true } },
          ],
        });
        const config = read(source);
        expect(canonicalJson(read(writeConfig(config)))).toBe(canonicalJson(config));
      }),
      { numRuns: 150 },
    );
  });

  test('writes the words of people and no defaults', () => {
    const config = read('cluster: demo\nresources: { web: { agent: "systemd:nginx" } }\n');
    expect(writeConfig(config)).toBe(
      'cluster: demo\nresources:\n  web: { agent: systemd:nginx }\n',
    );
  });
});
