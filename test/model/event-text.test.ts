import { describe, expect, test } from 'vitest';
import type { Happening } from '../../src/model/event.ts';
import { happeningText } from '../../src/model/event-text.ts';
import { instanceId, nodeId, resourceId } from '../../src/model/ids.ts';

const alpha = nodeId('alpha');
const web = instanceId('web');

/** One of each kind: a missing one does not compile. */
const all: { readonly [K in Happening['kind']]: [Happening & { readonly kind: K }, string] } = {
  'cluster-created': [
    { kind: 'cluster-created', name: 'demo', node: alpha },
    'cluster demo created on alpha',
  ],
  'node-added': [{ kind: 'node-added', node: alpha }, 'alpha was admitted to the cluster'],
  'node-removed': [{ kind: 'node-removed', node: alpha }, 'alpha was removed from the cluster'],
  'node-joined': [
    { kind: 'node-joined', node: alpha, incarnation: 5 },
    'alpha joined (incarnation 5)',
  ],
  'node-left': [
    { kind: 'node-left', node: alpha, incarnation: 5 },
    'alpha left by itself after putting everything down',
  ],
  'node-leaving': [
    { kind: 'node-leaving', node: alpha, incarnation: 5 },
    'alpha wants to leave: everything moves away first',
  ],
  'node-stays': [{ kind: 'node-stays', node: alpha, incarnation: 5 }, 'alpha stays after all'],
  'node-lost': [
    { kind: 'node-lost', node: alpha, incarnation: 5 },
    'alpha is lost: a majority of the voters does not hear it any more',
  ],
  'node-down': [
    { kind: 'node-down', node: alpha, incarnation: 5, proof: 'lease' },
    'alpha is down: its lease has ended, nothing can run there any more',
  ],
  'leader-elected': [{ kind: 'leader-elected', node: alpha, term: 3 }, 'alpha leads (term 3)'],
  'voters-changed': [
    { kind: 'voters-changed', voters: [alpha, nodeId('bravo')] },
    'the voters are alpha, bravo',
  ],
  configured: [
    { kind: 'configured', version: 7, by: 'ann', text: 'resource stop web' },
    'configuration 7 by ann: resource stop web',
  ],
  ordered: [
    {
      kind: 'ordered',
      decision: 1,
      order: 2,
      action: 'start',
      instance: web,
      node: alpha,
      reason: { rule: 'should-run', resource: resourceId('web') },
    },
    'start web on alpha, because web should run',
  ],
  done: [
    {
      kind: 'done',
      order: 2,
      action: 'start',
      instance: web,
      node: alpha,
      outcome: 'started',
      durationMs: 41.6,
    },
    'web is started on alpha (42 ms)',
  ],
  failed: [
    { kind: 'failed', instance: web, node: alpha, action: 'exit', exitCode: 1, text: 'killed' },
    'web died on alpha: killed',
  ],
  mended: [
    { kind: 'mended', instance: web, node: alpha, report: 7, text: 'it was set again' },
    'web was mended on alpha: it was set again',
  ],
  asked: [
    { kind: 'asked', by: 'ann', what: 'move', resource: resourceId('web'), node: alpha },
    'ann asked to move web to alpha',
  ],
  'wish-ended': [
    { kind: 'wish-ended', resource: resourceId('web'), fulfilled: false },
    'what was asked for web cannot be done',
  ],
  refused: [{ kind: 'refused', text: 'bravo owns it' }, 'refused: bravo owns it'],
};

describe('the sentence of an event', () => {
  for (const [kind, [what, text]] of Object.entries(all)) {
    test(`says what happened: ${kind}`, () => {
      expect(happeningText(what)).toBe(text);
    });
  }

  test('a failed operation tells its exit code, a clean-up its scope', () => {
    expect(
      happeningText({
        kind: 'failed',
        instance: web,
        node: alpha,
        action: 'start',
        exitCode: 5,
        text: 'nginx is not installed',
      }),
    ).toBe('start of web failed on alpha (exit code 5): nginx is not installed');
    expect(
      happeningText({
        kind: 'asked',
        by: 'ann',
        what: 'cleanup',
        resource: undefined,
        node: alpha,
      }),
    ).toBe('ann asked to clean up everything on alpha');
  });
});
