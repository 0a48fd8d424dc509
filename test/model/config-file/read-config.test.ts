import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configJsonSchema } from '../../../src/model/config-file/json-schema.ts';
import { CONFIG_TEXT_MAX, readConfig } from '../../../src/model/config-file/read-config.ts';

function options(text: string) {
  const read = readConfig(`cluster: demo\noptions: ${text}\n`);
  if (read.kind === 'invalid') throw new Error(JSON.stringify(read.problems));
  return read.config.options;
}

describe('reading a configuration', () => {
  test('the fast profile presets two times, and written times win', () => {
    expect(options('{ profile: fast }')).toMatchObject({ detectMinMs: 150, selfStopMs: 150 });
    expect(options('{ profile: fast, self-stop: 1s }')).toMatchObject({
      detectMinMs: 150,
      detectMaxMs: 5000,
      selfStopMs: 1000,
    });
  });

  test('monitoring is on where nothing is said, and off only where that is said', () => {
    const text =
      'cluster: x\nresources:\n  a: {agent: "systemd:a"}\n  b: {agent: "systemd:b", monitor: off}\n';
    const read = readConfig(text);
    const resources = read.kind === 'valid' ? read.config.resources : [];
    expect(resources).toMatchObject([
      { operations: { monitors: [{ intervalMs: 10_000, timeoutMs: 20_000, depth: 0 }] } },
      { operations: { monitors: [] } },
    ]);
  });

  test('parameters keep the digits that were written', () => {
    const text =
      'cluster: x\nresources: { a: { agent: "systemd:a", with: { p: 0080, q: 1.50, r: True } } }';
    const read = readConfig(text);
    const [resource] = read.kind === 'valid' ? read.config.resources : [];
    expect(resource).toMatchObject({ parameters: { p: '0080', q: '1.50', r: 'True' } });
  });

  test('no text makes it throw', () => {
    const piece = fc.constantFrom(
      'cluster: a',
      'resources:',
      '  web:',
      ' {',
      '}',
      '[',
      ']',
      '- ',
      ': ',
      '&a ',
      '*a ',
      '!!x ',
      '"',
      '\n',
      '\t',
      '#',
      '|',
      '---',
      '? ',
      '<<: ',
      'agent',
      '\u0000',
      '…',
      'rules: [',
    );
    const mixed = fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 40 });
    fc.assert(
      fc.property(mixed, (pieces) => {
        expect(readConfig(pieces.join('')).kind).toMatch(/^(valid|invalid)$/);
      }),
      { numRuns: 500 },
    );
  });

  test('texts that would blow up memory or stack are refused', () => {
    expect(readConfig('x'.repeat(CONFIG_TEXT_MAX + 1)).kind).toBe('invalid');
    expect(readConfig(`cluster: ${'['.repeat(100_000)}`).kind).toBe('invalid');
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [i, name] of [...'bcdefghi'].entries()) {
      const before = 'abcdefgh'[i];
      bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`);
    }
    expect(readConfig(bomb.join('\n')).kind).toBe('invalid');
  });

  test('the JSON Schema names every section and refuses unknown keys', () => {
    expect(configJsonSchema()).toMatchObject({
      required: ['cluster'],
      additionalProperties: false,
      properties: {
        options: { properties: { profile: { enum: ['default', 'fast'] } } },
        resources: { additionalProperties: { required: ['agent'] } },
        rules: { type: 'array' },
      },
    });
  });
});
